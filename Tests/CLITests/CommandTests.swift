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

  @Test func `jobs are one line each, and those that are archived are shown when asked for`() async throws {
    let jobs: JSON = [
      "data": [
        [
          "name": "daily-brief", "description": "Every day.", "triggers": [["schedule": "0 7 * * *"]],
          "last_run": ["state": "failed", "created_at": "2020-01-01T00:00:00Z", "ended_at": .null],
          "next_at": "2099-01-01T07:00:00Z", "obstacle": .null, "archived_at": .null,
        ], ["name": "old", "triggers": [], "archived_at": "2020-01-01T00:00:00Z", "last_run": .null],
      ], "next_page": .null,
    ]
    let server = try ScriptedServer { _ in ScriptedServer.json(jobs) }
    let table = try await errand("jobs", "--all", server: server)
    #expect(table.exit == .code(0))
    #expect(
      table.text == """
        JOB          LAST    WHEN        NEXT                  STARTED BY              DESCRIPTION
        daily-brief  failed  2020-01-01  2099-01-01 07:00 UTC  schedule 0 7 * * * UTC  Every day.
        old          –       –           archived                                      

        """)
    #expect(server.requests.first?.target == "/v1/jobs?include_archived=true")
    let json = try await errand("jobs", "--json", server: server)
    #expect(try JSON(parsing: json.text) == jobs)
  }

  @Test func `firings show the time that they stand for, by the clocks of their zone`() async throws {
    let firings: JSON = [
      "data": [
        [
          "id": "drun_1", "job": "brief", "kind": "schedule", "decision": "missed", "reason": "Late.",
          "created_at": "2020-01-01T09:00:00Z", "nominal_at": "2020-01-01T06:00:00Z",
          "timezone": "Europe/Berlin",
        ]
      ], "next_page": .null,
    ]
    let server = try ScriptedServer { _ in ScriptedServer.json(firings) }
    let table = try await errand("firings", server: server)
    #expect(
      table.text == """
        FIRING  FIRED       FOR                             JOB    BY        DECISION  REASON
        drun_1  2020-01-01  2020-01-01 07:00 Europe/Berlin  brief  schedule  missed    Late.

        """)
  }

  @Test func `a job that asks for a webhook's content says how to give it by hand`() async throws {
    let said = "The template's line 3: There is no \"trigger.body.issue.number\". There is: kind."
    let server = try ScriptedServer { _ in ScriptedServer.refusal(400, said) }
    let output = try await errand("run", "patch-pr", server: server)
    #expect(
      output.errorText == """
        error: \(said)
        hint:  give what a webhook would bring: errand run patch-pr --input '{"issue": {"number": …}}'

        """)
    // Whoever gave some knows how.
    let given = try await errand("run", "patch-pr", "--input", "{}", server: server)
    #expect(given.errorText == "error: \(said)\n")
    #expect(given.exit == output.exit)
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
    (["sessions", "interrupt", "sesn_1"], "POST /v1/sessions/sesn_1/events"),
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
    let server = try ScriptedServer { _ in ScriptedServer.json(["id": "x", "data": [["id": "y"]]]) }
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
    #expect(body.contains("filename=\"re port.csv\"\r\n\r\na,b\n\r\n--"))
  }

  @Test(arguments: [
    (["agents"], "agents"), (["environments"], "environments"), (["sessions"], "sessions"),
    (["keys"], "keys"), (["files"], "files"), (["agents", "versions", "agent_1"], "versions"),
  ])
  func `a list is as long as asked for, and says truly how to see more`(words: [String], things: String)
    async throws
  {
    // As the API: not more on a page than it gives at once.
    let most = things == "files" ? 1000 : 100
    let server = try ScriptedServer { request in
      let query = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
      guard let limit = query["limit"].flatMap(Int.init), limit <= most else {
        return ScriptedServer.refusal(400, "limit: Too many.")
      }
      let start = query["page"].flatMap(Int.init) ?? 0
      let shown = (start..<(start + limit)).map { number -> JSON in ["id": .string("id_\(number)")] }
      return ScriptedServer.json(["data": .array(shown), "next_page": .string(String(start + limit))])
    }
    func list(_ limit: String) async throws -> Command.Output {
      try await Command(
        [Self.program] + words + ["--limit", limit],
        environment: ["ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k"], limit: .seconds(30)
      ).run()
    }
    let some = try await list("130")
    #expect(some.text.split(separator: "\n").count == 131, "\(some.errorText)")
    #expect(some.errorText == "The newest 130 \(things); more with --limit 650.\n")
    let all = try await list("1000")
    #expect(all.text.split(separator: "\n").count == 1001)
    #expect(
      all.errorText == "The newest 1000 \(things); there are more, and --limit shows no more than 1000.\n")
  }

  @Test func `a list with what is archived says what is`() async throws {
    let server = try ScriptedServer { _ in
      ScriptedServer.json([
        "data": [
          ["id": "agent_2", "name": "old", "archived_at": "2020-01-01T00:00:00Z"],
          ["id": "agent_1", "name": "new", "archived_at": nil],
        ], "next_page": nil,
      ])
    }
    let all = try await errand("agents", "--archived", server: server).text.split(separator: "\n")
    #expect(all.map { $0.hasSuffix("ARCHIVED") } == [true, false, false])
    #expect(all.last?.hasSuffix("–") == true && all[1].hasSuffix("2020-01-01"))
    #expect(try await !errand("agents", server: server).text.contains("ARCHIVED"))
  }

  @Test(arguments: [
    (["files", "--session", "sesn_nope"], "/v1/sessions/sesn_nope"),
    (["schedules", "--job", "nope"], "/v1/jobs/nope"),
  ])
  func `nothing is listed under a name that nothing has`(arguments: [String], asked: String) async throws {
    let isThere = Lock(false)
    let server = try ScriptedServer { request in
      if request.path != asked { return ScriptedServer.json(["data": [], "next_page": nil]) }
      return isThere.withLock { $0 }
        ? ScriptedServer.json(["id": "x"]) : ScriptedServer.refusal(404, "There is none.")
    }
    func list() async throws -> Command.Output {
      try await Command(
        [Self.program] + arguments, environment: ["ERRAND_URL": server.url, "ERRAND_API_KEY": "errand_k"],
        limit: .seconds(30)
      ).run()
    }
    #expect(try await list().exit == .code(66))
    isThere.withLock { $0 = true }
    let empty = try await list()
    #expect(empty.exit == .code(0))
    #expect(["The session has no files.\n", "The job nope has no schedule.\n"].contains(empty.errorText))
  }

  @Test func `a key is revoked by its name`() async throws {
    let server = try ScriptedServer { request in
      if request.method == "POST" { return ScriptedServer.json(["name": "ci"]) }
      let keys: [JSON] = [
        ["id": "apikey_3", "name": "desk", "revoked_at": nil],
        ["id": "apikey_2", "name": "ci", "revoked_at": nil],
        ["id": "apikey_1", "name": "ci", "revoked_at": "2020-01-01T00:00:00Z"],
        ["id": "apikey_0", "name": "old", "revoked_at": "2020-01-01T00:00:00Z"],
      ]
      return ScriptedServer.json(["data": .array(keys), "next_page": nil])
    }
    let revoked = try await errand("keys", "revoke", "ci", server: server)
    #expect(revoked.text == "apikey_2 “ci” is revoked.\n")
    #expect(server.requests.last?.target == "/v1/keys/apikey_2/revoke")
    let near = try await errand("keys", "revoke", "deks", server: server)
    #expect(near.exit == .code(66))
    #expect(near.errorText == "error: There is no key “deks”. Did you mean “desk”?\n")
    let old = try await errand("keys", "revoke", "old", server: server)
    #expect(old.exit == .code(66))
    #expect(old.errorText == "error: The key “old” is revoked already.\n")
  }

  @Test func `a download of any size comes whole, and under its name only then`() async throws {
    let folder = try TemporaryFolder()
    let size = (65 << 20) + 1
    let big = "\(folder.path)/big"
    #expect(FileManager.default.createFile(atPath: big, contents: nil))
    try FileHandle(forWritingTo: URL(filePath: big)).truncate(atOffset: UInt64(size))
    let server = try ScriptedServer { request in
      request.path.contains("file_big")
        ? HTTPResponse(status: 200, headers: [], body: .file(path: big, size: Int64(size)))
        : ScriptedServer.refusal(404, "There is no file file_none.")
    }
    let target = "\(folder.path)/out/report.bin"
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/out", withIntermediateDirectories: false)
    let output = try await errand("files", "download", "file_big", "--to", target, server: server)
    #expect(output.exit == .code(0), "\(output.errorText)")
    #expect(try FileManager.default.attributesOfItem(atPath: target)[.size] as? Int == size)
    try "as it was".write(toFile: target, atomically: true, encoding: .utf8)
    let none = try await errand("files", "download", "file_none", "--to", target, server: server)
    #expect(none.exit == .code(66))
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "as it was")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out") == ["report.bin"])
  }

  @Test(arguments: [
    ("", "error: (folder) can't be written: it is a folder; name the file to write in it.\n"),
    ("/none/x", "error: (folder)/none/x can't be written: No such file or directory.\n"),
  ])
  func `a place that a download can't be written to is said before anything is asked`(
    place: String, sentence: String
  ) async throws {
    let folder = try TemporaryFolder()
    let server = try ScriptedServer { _ in .text(200, "x") }
    let output = try await errand(
      "files", "download", "file_1", "--to", folder.path + place, server: server)
    #expect(output.exit == .code(1))
    #expect(output.errorText == sentence.replacing("(folder)", with: folder.path))
    #expect(server.requests.isEmpty)
  }

  @Test(arguments: ["sevt_1", "apikey_1", "sesrsc_1", "sthr_1"])
  func `what has no story of its own is told where to read of it`(id: String) async throws {
    let server = try ScriptedServer { _ in ScriptedServer.refusal(404, "There is no job.") }
    let output = try await errand("show", id, server: server)
    #expect(output.exit == .code(66))
    #expect(
      output.errorText.contains("not of anything that is told by itself. `errand "), "\(output.errorText)")
    #expect(server.requests.isEmpty)
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
    #expect(output.errorText == "run_1\nrun_1 unsatisfied in 2.0 s: Not in 3 iterations.\n")
  }

  @Test func `waiting for a run that is queued says why, once, and that it goes on`() async throws {
    let looks = Lock(0)
    let server = try ScriptedServer { request in
      if request.path.hasSuffix("/stream") { return .text(200, "") }
      if request.path.hasSuffix("/events") { return ScriptedServer.json(["data": [], "next_page": nil]) }
      if request.path.hasPrefix("/v1/why") {
        return ScriptedServer.json(["state": "queued", "sentence": "It is the next."])
      }
      let isQueued = looks.withLock { looks in
        looks += 1
        return looks < 6
      }
      return ScriptedServer.json([
        "id": "run_1", "session_id": "sesn_1", "state": isQueued ? "queued" : "succeeded",
        "created_at": "2020-01-01T00:00:00Z", "ended_at": isQueued ? nil : "2020-01-01T00:00:02Z",
      ])
    }
    let output = try await errand("run", "daily-brief", "--wait", server: server)
    #expect(output.exit == .code(0))
    #expect(output.errorText == "run_1\nqueued: It is the next.\nrun_1 succeeded in 2.0 s\n")
  }

  @Test func `a key that may start and not read leaves the run's id`() async throws {
    let server = try ScriptedServer { request in
      request.method == "POST"
        ? ScriptedServer.json(["id": "run_1", "state": "queued"], status: 201)
        : ScriptedServer.refusal(403, "The key may only start jobs.")
    }
    let output = try await errand("run", "daily-brief", "--wait", server: server)
    #expect(output.exit == .code(77))
    #expect(output.errorText.hasPrefix("run_1\nerror: The key may only start jobs.\n"))
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
