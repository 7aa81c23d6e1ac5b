import Foundation
import HTTPServer
import JSON
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
    #expect(table.errorText == "The newest 1 runs; more with --limit 100.\n")
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
    (["environments", "delete", "env_1"], "DELETE /v1/environments/env_1"),
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
