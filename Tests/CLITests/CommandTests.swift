import Foundation
import HTTPServer
import JSON
import Primitives
import Processes
import TestSupport
import Testing

@testable import CLI

/// The program as it is run, against a scripted server.
@Suite struct CommandTests {
  /// It lies where this test was built.
  private static var program: String {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "errand").path
  }

  private func errand(
    _ arguments: String..., server: ScriptedServer? = nil
  ) async throws -> Command.Output {
    let environment = [
      "ERRAND_URL": server?.url ?? "http://127.0.0.1:1", "ERRAND_API_KEY": "errand_k", "TZ": "UTC",
      "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
    ]
    return try await Command([Self.program] + arguments, environment: environment, limit: .seconds(30)).run()
  }

  private static let runs: JSON = [
    "data": [
      [
        "id": "run_1", "job": "daily-brief", "state": "succeeded", "reason": "Done.",
        "created_at": "2020-01-01T00:00:00Z",
        "started_at": "2020-01-01T00:00:00Z", "ended_at": "2020-01-01T00:00:02Z",
      ]
    ], "next_page": "page_1",
  ]

  @Test func `a list is a table for people and the API's JSON for programs`() async throws {
    let server = try ScriptedServer { _ in ScriptedServer.json(Self.runs) }
    let table = try await errand("runs", "--state", "succeeded", server: server)
    #expect(table.exit == .code(0))
    #expect(
      table.text == """
        RUN    JOB          STATE      FIRED        TOOK  WHY
        run_1  daily-brief  succeeded  2020-01-01  2.0 s  Done.

        """)
    #expect(table.errorText == "The newest one; more with --limit 100.\n")
    #expect(server.requests.first?.target == "/v1/runs?state=succeeded&limit=20")
    let json = try await errand("runs", "--json", server: server)
    #expect(try JSON(parsing: json.text) == Self.runs)
    #expect(json.errorText == "")
  }

  @Test func `a server that is not there is said with how to start one`() async throws {
    let output = try await errand("runs")
    #expect(output.exit == .code(69))
    #expect(
      output.errorText == """
        error: No server answers at http://127.0.0.1:1: the connection was refused.
        hint:  start one with `errand serve --jobs Jobs`, or name another with --url or ERRAND_URL

        """)
    #expect(output.text == "")
  }

  @Test func `a key that is not right ends with its own code`() async throws {
    let server = try ScriptedServer { _ in ScriptedServer.refusal(401, "The request shows no valid key.") }
    let output = try await errand("show", "run_1", server: server)
    #expect(output.exit == .code(77))
    #expect(output.errorText.hasPrefix("error: The request shows no valid key.\nhint:  give --key"))
  }

  @Test(arguments: [
    (["environments", "delete", "env_1", "--force"], "DELETE /v1/environments/env_1"),
    (["sessions", "delete", "sesn_1"], "DELETE /v1/sessions/sesn_1"),
    (["sessions", "resources", "list", "sesn_1"], "GET /v1/sessions/sesn_1/resources"),
    (["sessions", "resources", "get", "sesn_1", "sesrsc_1"], "GET /v1/sessions/sesn_1/resources/sesrsc_1"),
    (
      ["sessions", "resources", "delete", "sesn_1", "sesrsc_1"],
      "DELETE /v1/sessions/sesn_1/resources/sesrsc_1"
    ),
    (["files", "--session", "sesn_1"], "GET /v1/files?limit=20&scope_id=sesn_1"),
    (["files", "get", "file_1"], "GET /v1/files/file_1"),
    (["files", "download", "file_1"], "GET /v1/files/file_1/content"),
    (["files", "delete", "file_1"], "DELETE /v1/files/file_1"),
    (["agents", "versions", "agent_1"], "GET /v1/agents/agent_1/versions?limit=20"),
  ])
  func `each resource of the wire has its commands`(arguments: [String], request: String) async throws {
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "x", "data": []]) }
    let environment = ["ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k", "TZ": "UTC"]
    let output = try await Command(
      [Self.program] + arguments, environment: environment, limit: .seconds(30)
    ).run()
    #expect(output.exit == .code(0), "\(output.errorText)")
    #expect(server.requests.map { "\($0.method) \($0.target)" } == [request])
  }

  @Test(arguments: [
    ["agents", "create"], ["agents", "update", "agent_1"], ["environments", "create"],
    ["environments", "update", "env_1"], ["sessions", "create"], ["sessions", "update", "sesn_1"],
    ["sessions", "resources", "add", "sesn_1"], ["sessions", "resources", "update", "sesn_1", "sesrsc_1"],
  ])
  func `a body may be YAML or JSON, from a file or from standard input`(arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let expected: JSON = ["name": "Helper", "tools": [["type": "x", "on": "yes"]], "count": 3]
    let yaml = "# A comment.\nname: Helper\ntools:\n  - {type: x, on: yes}\ncount: 3\n"
    try yaml.write(toFile: "\(folder.path)/body.yaml", atomically: true, encoding: .utf8)
    try expected.text.write(toFile: "\(folder.path)/body.json", atomically: true, encoding: .utf8)
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "x"]) }
    let environment = ["ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k"]
    let ways: [([String], String?)] = [
      (["--file", "\(folder.path)/body.yaml"], nil), (["\(folder.path)/body.json"], nil),
      (["--file", "-"], yaml),
      (["-"], expected.text), ([], yaml),
    ]
    for (way, input) in ways {
      var command = Command([Self.program] + arguments + way, environment: environment, limit: .seconds(30))
      if let input { command.input = .bytes(Array(input.utf8)) }
      let output = try await command.run()
      #expect(output.exit == .code(0), "\(output.errorText)")
    }
    #expect(try server.requests.map { try JSON(parsing: $0.body) } == ways.map { _ in expected })
  }

  @Test(arguments: [
    ("body.yaml", "name: a\n  b: c\n", 65, "body.yaml:2:"),
    ("body.yaml", "- one\n", 65, "Expected an object"),
    ("body.yaml", "", 65, "The file is empty."), ("body.json", "{\"name\": }", 65, "body.json is not JSON"),
    ("body", "{\"name\": \"a\",, }", 65, "is not JSON"), ("body.yaml", "name: !!binary x\n", 65, "The tag"),
    ("body.yaml", "a: \u{7}\n", 65, "This is no YAML"),
  ])
  func `a body that is none ends with 65 and its place, and is not sent`(
    name: String, text: String, code: Int32, sentence: String
  ) async throws {
    let folder = try TemporaryFolder()
    try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "x"]) }
    let output = try await errand("agents", "create", "--file", "\(folder.path)/\(name)", server: server)
    #expect(output.exit == .code(code))
    #expect(output.errorText.contains(sentence), "\(output.errorText)")
    #expect(server.requests.isEmpty)
  }

  @Test func `a body that the server refuses ends with 65, one that is not there with 66, two with 64`()
    async throws
  {
    let server = try ScriptedServer { _ in ScriptedServer.refusal(400, "model: is required.") }
    let folder = try TemporaryFolder()
    try "name: a\n".write(toFile: "\(folder.path)/a.yaml", atomically: true, encoding: .utf8)
    let refused = try await errand("agents", "create", "--file", "\(folder.path)/a.yaml", server: server)
    #expect(refused.exit == .code(65))
    #expect(refused.errorText == "error: model: is required.\n")
    let missing = try await errand("agents", "create", "--file", "\(folder.path)/none.yaml", server: server)
    #expect(missing.exit == .code(66))
    #expect(
      missing.errorText == "error: \(folder.path)/none.yaml can't be read: No such file or directory.\n")
    let twice = try await errand("agents", "create", "a.yaml", "--file", "b.yaml", server: server)
    #expect(twice.exit == .code(64))
    let gone = try await errand(
      "agents", "update", "agent_1", "--file", "\(folder.path)/a.yaml",
      server: ScriptedServer { _ in ScriptedServer.refusal(404, "There is no agent agent_1.") })
    #expect(gone.exit == .code(66))
  }

  @Test(arguments: [
    (["agents", "archive", "agent_1"], "agent", "POST /v1/agents/agent_1/archive"),
    (["environments", "archive", "env_1"], "environment", "POST /v1/environments/env_1/archive"),
    (["environments", "delete", "env_1"], "environment", "DELETE /v1/environments/env_1"),
  ])
  func `what jobs name is not archived or deleted without force`(
    arguments: [String], kind: String, request: String
  ) async throws {
    let jobs = Lock<[String]>(["brief", "lunch"])
    let server = try ScriptedServer { request in
      guard request.path == "/v1/jobs" else { return ScriptedServer.json(["id": "x"]) }
      let users: [JSON] = jobs.withLock { $0 }.map {
        ["name": .string($0), "agent_id": "agent_1", "environment_id": "env_1"]
      }
      let other: JSON = ["name": "other", "agent_id": "agent_2", "environment_id": "env_2"]
      return ScriptedServer.json(["data": .array(users + [other])])
    }
    let environment = ["ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k"]
    func run(_ more: String...) async throws -> Command.Output {
      try await Command([Self.program] + arguments + more, environment: environment, limit: .seconds(30))
        .run()
    }
    let two = try await run()
    #expect(two.exit == .code(15))
    #expect(
      two.errorText == """
        error: 2 jobs use the \(kind) \(arguments[2]) and would start nothing any more: brief, lunch.
        hint:  name another \(kind) in the jobs first, or give --force

        """)
    jobs.withLock { $0 = ["brief"] }
    let one = try await run()
    #expect(one.exit == .code(15))
    #expect(
      one.errorText.hasPrefix(
        "error: 1 job uses the \(kind) \(arguments[2]) and would start nothing any more: brief.\n"))
    #expect(server.requests.allSatisfy { $0.path == "/v1/jobs" })
    #expect(try await run("--force").exit == .code(0))
    #expect(server.requests.last.map { "\($0.method) \($0.target)" } == request)
    jobs.withLock { $0 = [] }
    #expect(try await run().exit == .code(0))
    #expect(server.requests.suffix(2).map { "\($0.method) \($0.target)" } == ["GET /v1/jobs", request])
  }

  @Test func `jobs that cannot start are listed with the reason`() async throws {
    let server = try ScriptedServer { _ in
      ScriptedServer.json([
        "data": [["name": "brief", "obstacle": "Job brief starts nothing because of this."]]
      ])
    }
    let output = try await errand("jobs", server: server)
    #expect(output.text.contains("brief"))
    #expect(output.errorText == "Job brief starts nothing because of this.\n")
    #expect(try await errand("jobs", "--json", server: server).errorText == "")
  }

  @Test func `a file is uploaded as a form under its own name`() async throws {
    let folder = try TemporaryFolder()
    try "a,b\n".write(toFile: "\(folder.path)/re port.csv", atomically: true, encoding: .utf8)
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "file_1"]) }
    let output = try await errand("files", "create", "\(folder.path)/re port.csv", server: server)
    #expect(output.exit == .code(0))
    let request = try #require(server.requests.first)
    #expect(request.headers.first("content-type")?.hasPrefix("multipart/form-data; boundary=") == true)
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(body.contains("filename=\"re port.csv\"") && body.contains("\r\n\r\na,b\n\r\n--"))
  }

  @Test func `a run is started once for a key, with its input`() async throws {
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "run_1"], status: 201) }
    let output = try await errand(
      "run", "triage", "--input", "{\"issue\": 412}", "--once", "k", server: server)
    #expect(output.exit == .code(0))
    #expect(output.text == "run_1\n")
    let request = try #require(server.requests.first)
    #expect(request.headers.first("idempotency-key") == "k")
    #expect(try JSON(parsing: request.body) == ["job": "triage", "input": ["issue": 412]])
  }

  @Test func `waiting for a run ends as the run did`() async throws {
    let server = try ScriptedServer { request in
      if request.path.hasSuffix("/stream") { return .text(200, "") }
      if request.path.hasSuffix("/events") { return ScriptedServer.json(["data": [], "next_page": nil]) }
      return ScriptedServer.json([
        "id": "run_1", "session_id": "sesn_1", "state": "unsatisfied", "reason": "Not in 3 iterations.",
        "created_at": "2020-01-01T00:00:00Z", "ended_at": "2020-01-01T00:00:02Z",
      ])
    }
    let output = try await errand("run", "daily-brief", "--wait", server: server)
    #expect(output.exit == .code(11))
    #expect(output.text == "run_1\n")
    #expect(output.errorText == "run_1 unsatisfied in 2.0 s: Not in 3 iterations.\n")
  }

  @Test(arguments: [["rnu"], ["runs", "--limit", "0"], ["runs", "--nope"], ["show"]])
  func `wrong usage ends with 64`(arguments: [String]) async throws {
    let output = try await Command([Self.program] + arguments, limit: .seconds(30)).run()
    #expect(output.exit == .code(64))
    #expect(output.text == "")
  }

  @Test func `job files that are wrong are told with their places`() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/brief", withIntermediateDirectories: true)
    try "name: brief\nagnet: writer\n".write(
      toFile: "\(folder.path)/brief/job.yaml", atomically: true, encoding: .utf8)
    let output = try await errand("validate", folder.path)
    #expect(output.exit == .code(65))
    #expect(output.errorText.contains("\(folder.path)/brief/job.yaml:2:1: agnet:"))
    #expect(output.errorText.contains("agent"))
  }
}
