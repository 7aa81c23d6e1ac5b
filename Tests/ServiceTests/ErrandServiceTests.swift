import Domains
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Jobs
import Logging
import PathSupport
import Primitives
import Signatures
import Store
import TestSupport
import Testing

@testable import Service

/// The whole service in this process, on the gallery's jobs.
@Suite(.timeLimit(.minutes(5)), .serialized) struct ErrandServiceTests {
  private static let gallery = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Jobs").path
  private static let secret = StandardWebhooks.newSecret()

  private static func configuration(_ folder: TemporaryFolder, jobs: String? = gallery) -> Configuration {
    var configuration = Configuration(
      dataDirectory: "\(folder.path)/data",
      environment: [
        "DESK_SECRET": secret, "BRIEFS_DIR": "\(folder.path)/briefs", "CALLBACK_URL": "http://127.0.0.1:1/",
        "CALLBACK_SECRET": secret, "ERRAND_API_KEY": "test",
      ])
    configuration.port = 0
    configuration.jobsDirectories = jobs.map { [$0] } ?? []
    configuration.rehearses = true
    configuration.grace = .seconds(3)
    return configuration
  }

  /// Runs a service until `body` has returned, then stops it.
  private static func serving(
    _ configuration: Configuration, _ body: (_ url: String, _ client: HTTPClient) async throws -> Void
  ) async throws {
    let service = try await ErrandService(configuration, log: Path.log)
    let port = AsyncStream.makeStream(of: UInt16.self)
    let run = Task { try await service.run(signals: []) { port.continuation.yield($0) } }
    let client = HTTPClient(userAgent: "test")
    var ports = port.stream.makeAsyncIterator()
    let result: Result<Void, any Error>
    do {
      let port = try #require(await ports.next(isolation: #isolation))
      try await body("http://127.0.0.1:\(port)", client)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    client.close()
    run.cancel()
    // A stop by cancellation ends the group with its error; what counts is that it ends.
    _ = await run.result
    try result.get()
  }

  private static func get(_ client: HTTPClient, _ url: String) async throws -> JSON {
    let response = try await client.send(
      HTTPClient.Request(url: url, headers: [(name: "x-api-key", value: "test")]))
    #expect(response.status == 200, "\(response.text)")
    return try JSON(parsing: response.body)
  }

  @Test func `a webhook becomes a rehearsed, graded and delivered brief`() async throws {
    let folder = try TemporaryFolder()
    try await Self.serving(Self.configuration(folder)) { url, client in
      let health = try await Self.get(client, "\(url)/healthz")
      #expect(health["status"] == "ok")
      let body = Array(#"{"type": "brief.wanted", "from": "the desk"}"#.utf8)
      let now = Time.system.now().seconds
      let signature = try StandardWebhooks(secrets: [Self.secret]).sign(
        id: "msg_1", timestamp: now, body: body)
      let answer = try await client.send(
        HTTPClient.Request(
          method: "POST", url: "\(url)/hooks/desk",
          headers: [
            (name: "webhook-id", value: "msg_1"), (name: "webhook-timestamp", value: "\(now)"),
            (name: "webhook-signature", value: signature),
          ], body: body))
      #expect(answer.status == 202, "\(answer.text)")
      let id = try #require(try JSON(parsing: answer.body)["run_id"]?.stringValue)
      var run: JSON = [:]
      repeat {
        try await Task.sleep(for: .milliseconds(50))
        run = try await Self.get(client, "\(url)/v1/runs/\(id)")
      } while run["ended_at"]?.isNull != false
      #expect(run["state"] == "succeeded", "\(run["reason"]?.stringValue ?? "")")
      #expect(run["evaluations"]?.arrayValue?.map { $0["result"] } == ["needs_revision", "satisfied"])
      var isDelivered = false
      repeat {
        let deliveries = try await Self.get(client, "\(url)/v1/deliveries?state=delivered")
        isDelivered = deliveries["data"]?[0] != nil
      } while !isDelivered
      let briefs = try FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/briefs")
      #expect(briefs.contains { $0.hasSuffix("/brief.md") })
      #expect(briefs.contains { $0.hasSuffix("/result.json") })
    }
  }

  @Test func `a port in use is said, and the data directory is free again`() async throws {
    let folder = try TemporaryFolder()
    let other = try HTTPServer.start(HTTPServer.Configuration { _ in .text(200, "Taken.") })
    var configuration = Self.configuration(folder)
    configuration.port = other.port
    let taken = configuration
    let error = await #expect(throws: (any Error).self) {
      try await ErrandService(taken, log: Path.log).run(signals: [])
    }
    #expect("\(error!)".contains("\(other.port)"), "\(error!)")
    #expect(!FileManager.default.fileExists(atPath: configuration.dataDirectory))
    await other.stop(grace: .zero)
    try await Self.serving(Self.configuration(folder)) { _, _ in }
  }

  @Test func `an edited job file is applied while the service runs`() async throws {
    let folder = try TemporaryFolder()
    let jobs = "\(folder.path)/jobs"
    try FileManager.default.copyItem(atPath: Self.gallery, toPath: jobs)
    try await Self.serving(Self.configuration(folder, jobs: jobs)) { url, client in
      let file = "\(jobs)/daily-brief/job.yaml"
      let before = try await Self.get(client, "\(url)/v1/jobs/daily-brief")
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacingOccurrences(of: "max_iterations: 5", with: "max_iterations: 4")
        .write(toFile: file, atomically: true, encoding: .utf8)
      var after = before
      while after["revision"] == before["revision"] {
        try await Task.sleep(for: .milliseconds(50))
        after = try await Self.get(client, "\(url)/v1/jobs/daily-brief")
      }
      #expect(after["outcome"]?["max_iterations"] == 4)
    }
  }

  @Test func `a broken job file starts nothing new and keeps nothing from starting`() async throws {
    let folder = try TemporaryFolder()
    let jobs = "\(folder.path)/jobs"
    try FileManager.default.copyItem(atPath: Self.gallery, toPath: jobs)
    let file = "\(jobs)/daily-brief/job.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacingOccurrences(of: "agent: brief-writer", with: "agnt: brief-writer")
      .write(toFile: file, atomically: true, encoding: .utf8)
    try await Self.serving(Self.configuration(folder, jobs: jobs)) { url, client in
      let listed = try await Self.get(client, "\(url)/v1/jobs")
      #expect(listed["data"]?.arrayValue?.contains { $0["name"] == "daily-brief" } == false)
      #expect((listed["data"]?.arrayValue?.count ?? 0) > 0)
      let fault = listed["faults"]?[0]
      #expect(fault?["name"] == "daily-brief")
      #expect(fault?["problems"]?[0]?.stringValue?.contains("\(file):") == true)
      let why = try await Self.get(client, "\(url)/v1/why/daily-brief")
      #expect(
        why["sentence"]?.stringValue?.hasPrefix("There is no job daily-brief yet: the file of the job is")
          == true)
    }
  }

  @Test func `a folder of jobs that is not there refuses the start`() async throws {
    let folder = try TemporaryFolder()
    await #expect(throws: JobsError.self) {
      try await ErrandService(Self.configuration(folder, jobs: "\(folder.path)/none"), log: Path.log)
    }
  }

  @Test func `a database from a newer version is refused, and not touched`() async throws {
    let folder = try TemporaryFolder()
    let configuration = Self.configuration(folder, jobs: nil)
    try await Self.serving(configuration) { _, _ in }
    let path = "\(configuration.dataDirectory)/errand.db"
    let newer = try await Database.open(
      path,
      migrations: Domains.migrations + ErrandService.migrations
        + [Migration(id: "dreams-0001", sql: "CREATE TABLE dreams (id)")])
    await newer.close()
    let error = await #expect(throws: StoreError.self) {
      try await ErrandService(configuration, log: Path.log)
    }
    #expect(
      error?.description.contains("made by a newer version of errand: it has the step dreams-0001") == true)
  }

  @Test(arguments: [("run", false), ("read", false), ("hooks", false), ("admin", false), ("admin", true)])
  func `a server does not start with a key of its programs as its own`(scope: String, isRevoked: Bool)
    async throws
  {
    let folder = try TemporaryFolder()
    var configuration = Self.configuration(folder, jobs: nil)
    let made = Lock("")
    try await Self.serving(configuration) { url, client in
      func post(_ path: String, _ body: String) async throws -> JSON {
        let answer = try await client.send(
          HTTPClient.Request(
            method: "POST", url: "\(url)/v1/keys\(path)", headers: [(name: "x-api-key", value: "test")],
            body: Array(body.utf8)))
        #expect(answer.status == 200, "\(answer.text)")
        return try JSON(parsing: answer.body)
      }
      let key = try await post("", #"{"name": "ci", "scope": "\#(scope)"}"#)
      if isRevoked { _ = try await post("/\(key["id"]?.stringValue ?? "")/revoke", "") }
      made.withLock { $0 = key["key"]?.stringValue ?? "" }
    }
    configuration.environment["ERRAND_API_KEY"] = made.withLock { $0 }
    if scope == "admin", !isRevoked { return try await Self.serving(configuration) { _, _ in } }
    let refusing = configuration
    let error = await #expect(throws: ServiceError.self) {
      try await ErrandService(refusing, log: Path.log)
    }
    #expect(
      error == .weakKey(name: "ci", what: isRevoked ? "is revoked" : "has the scope \(scope)"),
      "\(String(describing: error))")
    #expect(error?.description.contains("Unset ERRAND_API_KEY") == true)
    // A worker shows its key to nobody.
    configuration.role = .worker
    try await Self.serving(configuration) { _, _ in }
  }

  @Test func `a worker and an API share a data directory`() async throws {
    let folder = try TemporaryFolder()
    var api = Self.configuration(folder)
    api.role = .api
    var worker = Self.configuration(folder, jobs: nil)
    worker.role = .worker
    try await Self.serving(api) { url, client in
      let started = try await client.send(
        HTTPClient.Request(
          method: "POST", url: "\(url)/v1/runs", headers: [(name: "x-api-key", value: "test")],
          body: Array(#"{"job": "daily-brief"}"#.utf8)))
      #expect(started.status == 201, "\(started.text)")
      let id = try #require(try JSON(parsing: started.body)["id"]?.stringValue)
      try await Self.serving(worker) { _, _ in
        var state: JSON? = "queued"
        while state == "queued" || state == "running" {
          try await Task.sleep(for: .milliseconds(50))
          state = try await Self.get(client, "\(url)/v1/runs/\(id)")["state"]
        }
        #expect(state == "succeeded")
      }
    }
  }
}
