import Foundation
import HTTPClient
import HTTPServer
import JSON
import Primitives
import TestSupport
import Testing

@testable import CLI

@Suite struct ServerTests {
  @Test func `a request has the key, and its path and query are encoded`() async throws {
    let scripted = try ScriptedServer { _ in ScriptedServer.json(["ok": true]) }
    let server = try Server(url: scripted.url + "/", key: .option("errand_k"))
    #expect(try await server.get(["v1", "jobs", "a b/c"], [("x", "ü&"), ("y", nil)]) == ["ok": true])
    let request = try #require(scripted.requests.first)
    #expect(request.target == "/v1/jobs/a%20b%2Fc?x=%C3%BC%26")
    #expect(request.headers.first("authorization") == "Bearer errand_k")
  }

  @Test func `a refusal is told in the server's words`() async throws {
    let scripted = try ScriptedServer { _ in ScriptedServer.refusal(404, "There is no run run_x.") }
    let server = try Server(url: scripted.url, key: nil)
    await #expect(throws: Complaint.refused(status: 404, message: "There is no run run_x.")) {
      try await server.get(["v1", "runs", "run_x"])
    }
  }

  @Test(arguments: [200, 302, 500])
  func `something else that answers is not taken for Errand`(status: Int) async throws {
    let scripted = try ScriptedServer { _ in .text(status, "hello") }
    let server = try Server(url: scripted.url, key: nil)
    await #expect(throws: Complaint.notErrand(url: scripted.url, status: status)) {
      try await server.get(["v1", "runs"])
    }
  }

  /// A port that was free a moment ago and has nobody behind it now.
  private static func freePort() async throws -> UInt16 {
    let closed = try HTTPServer.start(HTTPServer.Configuration { _ in .text(200, "") })
    let port = closed.port
    await closed.stop(grace: .zero)
    return port
  }

  @Test func `a server that starts is waited for, and its key is read when it is there`() async throws {
    let (folder, clock, told) = (
      try TemporaryFolder(), ManualTime(Timestamp(microseconds: 0)), Lock<[String]>([])
    )
    let port = try await Self.freePort()
    let server = try Server(
      url: "http://127.0.0.1:\(port)", key: .file("\(folder.path)/api-key", isNamed: false), time: clock.time
    ) { line in told.withLock { $0.append(line) } }
    async let answer = server.post(["v1", "keys"], ["name": "ci"])
    for _ in 0..<9 {
      await clock.sleepers(1)
      clock.advance(by: .milliseconds(100))
    }
    await clock.sleepers(1)
    #expect(told.withLock { $0 } == [])
    clock.advance(by: .milliseconds(100))
    await clock.sleepers(1)
    #expect(told.withLock { $0 } == ["waiting for the server at http://127.0.0.1:\(port) …"])
    try "errand_new\n".write(toFile: "\(folder.path)/api-key", atomically: true, encoding: .utf8)
    let keys = Lock<[String?]>([])
    var configuration = HTTPServer.Configuration { request in
      keys.withLock { $0.append(request.headers.first("authorization")) }
      return ScriptedServer.json(["ok": true])
    }
    configuration.port = port
    let started = try HTTPServer.start(configuration)
    clock.advance(by: .milliseconds(100))
    #expect(try await answer == ["ok": true])
    #expect(keys.withLock { $0 } == ["Bearer errand_new"])
    #expect(told.withLock { $0.count } == 1)
    await started.stop(grace: .zero)
  }

  @Test(arguments: [("127.0.0.1", 50), ("localhost", 50), ("127.0.0.2", 0)])
  func `a server on this machine is waited for 5 s, one elsewhere not at all`(host: String, waits: Int)
    async throws
  {
    let waited = Lock(Duration.zero)
    let time = Time(now: { Timestamp(microseconds: 0) }, sleep: { pause in waited.withLock { $0 += pause } })
    let port = try await Self.freePort()
    let server = try Server(url: "http://\(host):\(port)", key: nil, time: time) { _ in }
    await #expect(throws: Complaint.self) { try await server.get(["v1", "runs"]) }
    #expect(waited.withLock { $0 } == .milliseconds(100) * waits)
  }

  @Test func `what goes wrong with a server that is there is not told as none`() async throws {
    // An answer that is larger than any that the API gives.
    let (folder, size) = (try TemporaryFolder(), 65 << 20)
    let big = "\(folder.path)/big"
    #expect(FileManager.default.createFile(atPath: big, contents: nil))
    try FileHandle(forWritingTo: URL(filePath: big)).truncate(atOffset: UInt64(size))
    let scripted = try ScriptedServer { _ in
      HTTPResponse(status: 200, headers: [], body: .file(path: big, size: Int64(size)))
    }
    let server = try Server(url: scripted.url, key: nil)
    let error = await #expect(throws: HTTPClientError.self) { try await server.get(["v1", "runs"]) }
    #expect(error?.description.contains("answered with more than") == true)
  }

  @Test(arguments: [
    (ShownKey.option("k"), "--key"), (.environment("k"), "unset it"),
    (.file("/d/api-key", isNamed: true), "/d/api-key"),
  ])
  func `a key that may not do something is told with where it came from`(key: ShownKey, words: String)
    async throws
  {
    let scripted = try ScriptedServer { _ in ScriptedServer.refusal(403, "The key may only run.") }
    let server = try Server(url: scripted.url, key: key)
    let complaint = await #expect(throws: Complaint.self) { try await server.get(["v1", "keys"]) }
    #expect(complaint?.description == "The key may only run.")
    #expect(complaint?.exitCode == .noKey)
    #expect(complaint?.hint?.contains(words) == true)
  }

  @Test func `a data directory that was named and has no key is a complaint, one that was not is none`()
    async throws
  {
    let scripted = try ScriptedServer { _ in ScriptedServer.refusal(401, "The request shows no valid key.") }
    let named = try Server(url: scripted.url, key: .file("/no/such/api-key", isNamed: true))
    await #expect(throws: Complaint.noKey(keyFile: "/no/such/api-key")) {
      try await named.get(["v1", "jobs"])
    }
    let other = try Server(url: scripted.url, key: .file("/no/such/api-key", isNamed: false))
    await #expect(throws: Complaint.refused(status: 401, message: "The request shows no valid key.")) {
      try await other.get(["v1", "jobs"])
    }
  }

  @Test(arguments: [(250, [100, 100, 50], 250), (20, [20], 20), (1000, [100, 100, 100], 260)])
  func `a list is gathered from as many pages as it takes`(limit: Int, pages: [Int], count: Int) async throws
  {
    let scripted = try ScriptedServer { request in
      let start = request.query.first { $0.name == "page" }.flatMap { Int($0.value) } ?? 0
      let limit = request.query.first { $0.name == "limit" }.flatMap { Int($0.value) } ?? 0
      let end = min(260, start + limit)
      let things = (start..<end).map { JSON.integer(Int64($0)) }
      return ScriptedServer.json([
        "data": .array(things), "next_page": end < 260 ? .string(String(end)) : .null,
      ])
    }
    let list = try await Server(url: scripted.url, key: nil).list(["v1", "agents"], limit: limit)
    #expect(list["data"] == .array((0..<count).map { .integer(Int64($0)) }))
    #expect(list["next_page"]?.isNull == (count == 260))
    #expect(
      scripted.requests.map { $0.query.first { $0.name == "limit" }?.value } == pages.map { String($0) })
  }

  @Test func `nobody there is said with the address`() async throws {
    let port = try await Self.freePort()
    let time = Time(now: { Timestamp(microseconds: 0) }, sleep: { _ in })
    let server = try Server(url: "http://127.0.0.1:\(port)", key: nil, time: time) { _ in }
    let complaint = await #expect(throws: Complaint.self) { try await server.get(["v1", "runs"]) }
    #expect(
      complaint?.description == "No server answers at http://127.0.0.1:\(port): the connection was refused.")
    #expect(complaint?.hint?.contains("errand serve") == true)
  }

  @Test func `an address without http is refused`() {
    #expect(throws: Complaint.badURL("localhost:8700")) { try Server(url: "localhost:8700", key: nil) }
  }
}
