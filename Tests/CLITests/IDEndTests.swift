import HTTPServer
import JSON
import TestSupport
import Testing

@testable import CLI

/// Things are named by the ends of their ids.
@Suite struct IDEndTests {
  private static let run = "run_01ABCDEFGHIJKLMNOPQRabc7x3k"
  private static let other = "run_01ABCDEFGHIJKLMNOPQRxyz7x3k"
  private static let session = "sesn_01ABCDEFGHIJKLMNOPQRab7x3k"

  private static func server(_ ids: [String], jobs: [String] = []) throws -> ScriptedServer {
    try ScriptedServer { request in
      let parts = request.target.split(separator: "/").map(String.init)
      if parts[1] == "ids" {
        return ScriptedServer.json(["data": .array(ids.map { ["id": .string($0)] })])
      }
      return parts[1] == "jobs" && jobs.contains(parts[2])
        ? ScriptedServer.json(["name": .string(parts[2])]) : ScriptedServer.refusal(404, "There is none.")
    }
  }

  @Test func `a whole id and a name with hyphens are not asked about`() async throws {
    let scripted = try Self.server([])
    let server = try Server(url: scripted.url, key: nil)
    for given in [Self.run, "daily-brief", "run_1", "a/b/c/d"] {
      #expect(try await server.whole(given) == given)
    }
    // What may be a job's name is asked about as it is.
    #expect(try await server.whole("abc", orJob: true) == "abc")
    #expect(scripted.requests.isEmpty)
  }

  @Test(arguments: ["7x3", "k"])
  func `an end that is too short says how much of it is needed`(end: String) async throws {
    let server = try Server(url: Self.server([]).url, key: nil)
    let complaint = await #expect(throws: Complaint.self) { try await server.whole(end, .run) }
    #expect(
      complaint?.description
        == "“\(end)” is too short for the end of an id: give its last 4 letters and digits, or more.")
    #expect(complaint?.exitCode == .usage)
  }

  @Test func `one that is the only one is found, and of several kinds the one that is meant`() async throws {
    let scripted = try Self.server([Self.session, Self.run])
    let server = try Server(url: scripted.url, key: nil)
    #expect(try await server.whole("7x3k", .run) == Self.run)
    #expect(try await server.whole("7x3k", .session, .delivery) == Self.session)
    await #expect(throws: Complaint.ambiguous("7x3k", ids: [Self.session, Self.run])) {
      try await server.whole("7x3k")
    }
  }

  @Test func `an end that several have is told with all of them`() async throws {
    let scripted = try Self.server([Self.run, Self.other])
    let server = try Server(url: scripted.url, key: nil)
    let complaint = await #expect(throws: Complaint.self) { try await server.whole("7x3k", .run) }
    #expect(
      complaint?.description == "2 ids end with “7x3k”: \(Self.run), \(Self.other).")
    #expect(complaint?.exitCode == .usage)
  }

  @Test func `a job of that name comes first, and what nothing ends with stays as it is`() async throws {
    let found = try Self.server([Self.run], jobs: ["7x3k"])
    #expect(try await Server(url: found.url, key: nil).whole("7x3k", orJob: true) == "7x3k")
    #expect(try await Server(url: found.url, key: nil).whole("7x3k") == Self.run)
    let nothing = try Self.server([])
    #expect(try await Server(url: nothing.url, key: nil).whole("7x3k") == "7x3k")
  }

  @Test(arguments: [400, 403, 404])
  func `a server that cannot be asked leaves it to the command`(status: Int) async throws {
    let scripted = try ScriptedServer { _ in ScriptedServer.refusal(status, "No.") }
    #expect(try await Server(url: scripted.url, key: .option("k")).whole("7x3k") == "7x3k")
  }
}
