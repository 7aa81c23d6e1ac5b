import Catalog
import HTTPClient
import HTTPServer
import JSON
import PathSupport
import Primitives
import Store
import TestSupport
import Testing

@testable import API

/// What the wire tests begin with.
extension APIBench {
  static let agent: JSON = ["name": "Tester", "model": "claude-opus-4-8"]

  func agent(_ more: JSON.Object = [:]) async throws -> JSON {
    var body = APIBench.agent.objectValue ?? [:]
    for (key, value) in more { body[key] = value }
    return try await post("/v1/agents", .object(body)).json
  }

  func environment() async throws -> JSON { try await post("/v1/environments", ["name": "bench"]).json }

  func session(_ more: JSON.Object = [:]) async throws -> JSON {
    var body: JSON.Object = [
      "agent": try await agent()["id"] ?? .null, "environment_id": try await environment()["id"] ?? .null,
    ]
    for (key, value) in more { body[key] = value }
    return try await post("/v1/sessions", .object(body)).json
  }

  /// A form with one file.
  func upload(_ name: String, _ content: [UInt8], and more: String = "") async throws -> Answer {
    let head = """
      --b0undary\r\nContent-Disposition: form-data; name="file"; filename="\(name)"\r\nContent-Type: text/plain\r\n\r\n
      """
    let body = Array(more.utf8) + Array(head.utf8) + content + Array("\r\n--b0undary--\r\n".utf8)
    return try await send(
      "POST", "/v1/files", body,
      and: [(name: "content-type", value: "multipart/form-data; boundary=b0undary")])
  }
}

/// A body that must be refused, and the field that the sentence begins with.
struct BadBody: Sendable, CustomTestStringConvertible {
  var target: String
  var change: JSON.Object
  var field: String

  init(_ target: String, _ change: JSON.Object, _ field: String) {
    self.target = target
    self.change = change
    self.field = field
  }

  var testDescription: String { "\(target) \(JSON.object(change).text.prefix(80))" }
}

@Suite(.timeLimit(.minutes(5))) struct WireTests {
  private static let long = JSON.string(String(repeating: "x", count: 100_001))
  private static let toolset: JSON = ["type": "agent_toolset_20260401"]

  @Test(arguments: [
    BadBody("agents", ["name": .null], "name"), BadBody("agents", ["name": 5], "name"),
    BadBody("agents", ["name": ""], "name"), BadBody("agents", ["name": long], "name"),
    BadBody("agents", ["model": .null], "model"), BadBody("agents", ["model": []], "model"),
    BadBody("agents", ["model": ["id": 1]], "model.id"),
    BadBody("agents", ["model": ["id": "m", "effort": "utmost"]], "model.effort"),
    BadBody("agents", ["system": ["x"]], "system"), BadBody("agents", ["system": long], "system"),
    BadBody("agents", ["description": long], "description"), BadBody("agents", ["tools": "all"], "tools"),
    BadBody("agents", ["tools": [["type": "drill"]]], "tools[0].type"),
    BadBody("agents", ["tools": [5]], "tools[0]"),
    BadBody("agents", ["mcp_servers": [["type": "url"]]], "mcp_servers[0]"),
    BadBody("agents", ["skills": [["type": "custom", "skill_id": "s"]]], "skills[0]"),
    BadBody("agents", ["multiagent": ["type": "coordinator"]], "multiagent"),
    BadBody("agents", ["metadata": ["k": 1]], "metadata.k"), BadBody("agents", ["colour": "red"], "colour"),
    BadBody("environments", ["name": .null], "name"), BadBody("environments", ["name": [:]], "name"),
    BadBody("environments", ["config": "cloud"], "config"),
    BadBody("environments", ["config": ["type": "moon"]], "config.type"),
    BadBody(
      "environments", ["config": ["type": "cloud", "networking": ["type": "some"]]], "config.networking"),
    BadBody(
      "environments", ["config": ["type": "cloud", "packages": ["pip": [1]]]], "config.packages.pip[0]"),
    BadBody("environments", ["metadata": []], "metadata"),
    BadBody("sessions", ["agent": 7], "agent"), BadBody("sessions", ["agent": .null], "agent"),
    BadBody("sessions", ["agent": ["type": "agent"]], "agent"),
    BadBody("sessions", ["agent": ["type": "robot", "id": "agent_1"]], "agent.type"),
    BadBody("sessions", ["agent": ["type": "agent", "id": "agent_1", "version": "01"]], "agent.version"),
    BadBody("sessions", ["environment_id": 7], "environment_id"), BadBody("sessions", ["title": 7], "title"),
    BadBody("sessions", ["initial_events": "hello"], "initial_events"),
    BadBody("sessions", ["initial_events": [["type": "user.interrupt"]]], "initial_events[0].type"),
    BadBody("sessions", ["initial_events": [["type": "user.message"]]], "initial_events[0]"),
    BadBody(
      "sessions", ["initial_events": [["type": "user.message", "content": [["type": "text", "text": 1]]]]],
      "initial_events[0].content[0].text"),
    BadBody(
      "sessions",
      ["initial_events": [["type": "user.message", "content": [["type": "image", "source": 1]]]]],
      "initial_events[0].content[0].source"),
    BadBody("sessions", ["resources": [["type": "moon"]]], "resources[0].type"),
    BadBody("sessions", ["resources": [["type": "file", "file_id": "file_01none"]]], "resources[0].file_id"),
    BadBody(
      "sessions", ["resources": [["type": "file", "file_id": "f", "mount_path": "../x"]]],
      "resources[0].mount_path"),
    BadBody(
      "sessions", ["resources": [["type": "github_repository", "url": "ext::sh"]]], "resources[0].url"),
    BadBody("sessions", ["vault_ids": ["vlt_1"]], "vault_ids[0]"),
    BadBody("sessions", ["budget": ["type": "limit"]], "budget"),
    BadBody("sessions", ["metadata": 1], "metadata"),
    BadBody("sessions", ["speed": 1], "speed"), BadBody("keys", ["name": "k", "scope": "all"], "scope"),
    BadBody("keys", ["scope": "read"], "\"name\""),
  ])
  func `a wrong field is refused with its path`(bad: BadBody) async throws {
    try await withAPI { api in
      var body: JSON.Object =
        switch bad.target {
        case "agents": APIBench.agent.objectValue ?? [:]
        case "environments": ["name": "bench"]
        case "keys": [:]
        default:
          [
            "agent": try await api.agent()["id"] ?? .null,
            "environment_id": try await api.environment()["id"] ?? .null,
          ]
        }
      for (key, value) in bad.change { body[key] = value }
      let answer = try await api.post("/v1/\(bad.target)", .object(body))
      #expect(answer.status == 400, "\(answer.text)")
      #expect(answer.json["error"]?["type"] == "invalid_request_error")
      #expect(answer.message.hasPrefix(bad.field), "\(answer.message)")
    }
  }

  @Test(arguments: ["agents", "environments", "sessions", "keys"])
  func `what is no JSON object is refused`(collection: String) async throws {
    try await withAPI { api in
      let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
      for body in ["{", "[]", "null", "\"x\"", deep, #"{"name": 1, "name": 2}"#] {
        #expect(try await api.send("POST", "/v1/\(collection)", Array(body.utf8)).status == 400)
      }
      let damaged = try await api.send("POST", "/v1/\(collection)", [0x7B, 0xFF, 0xFE, 0x7D])
      #expect(damaged.status == 400)
    }
  }

  @Test(arguments: [
    "agents/sesn_1", "environments/agent_1", "sessions/env_1", "files/sesn_1", "sessions/sesn_1/threads",
    "sessions/sesn_1/resources", "vaults/vlt_1", "agents/agent_1/versions", "sessions/%2e%2e%2fetc",
  ])
  func `an id of another kind is not found`(target: String) async throws {
    try await withAPI { api in
      let answer = try await api.get("/v1/\(target)")
      #expect(answer.status == 404)
      #expect(answer.json["error"]?["type"] == "not_found_error")
    }
  }

  @Test func `a cursor is good for its list and its order only`() async throws {
    try await withAPI { api in
      for _ in 0..<2 { _ = try await api.agent() }
      let page = try #require(try await api.get("/v1/agents?limit=1").json["next_page"]?.stringValue)
      #expect(try await api.get("/v1/agents?limit=1&page=\(page)").json["data"]?.arrayValue?.count == 1)
      for list in ["environments", "sessions", "files", "keys", "runs"] {
        let answer = try await api.get("/v1/\(list)?page=\(page)")
        #expect(answer.status == 400)
        #expect(answer.message.hasPrefix("page: This cursor belongs to another list"))
      }
      #expect(try await api.get("/v1/agents?page=nonsense").status == 400)
      #expect(try await api.get("/v1/agents?page=").status == 400)
    }
  }

  @Test(arguments: ["agents", "sessions", "sessions/SESSION/events"])
  func `a cursor is good for the times in which it stands`(list: String) async throws {
    try await withAPI { api in
      let message: JSON = ["type": "user.message", "content": [["type": "text", "text": "more"]]]
      let session = try await api.session()["id"]?.stringValue ?? ""
      for number in 0..<3 {
        api.path.clock.advance(by: .seconds(60))
        _ = try await api.session(["initial_events": [message]])
        _ = try await api.post("/v1/sessions/\(session)", ["title": .string("\(number)")])
      }
      let target = "/v1/\(list.replacing("SESSION", with: session))?order=desc&limit=1"
      let first = try await api.get(target).json
      let page = try #require(first["next_page"]?.stringValue)
      // It stands at the last minute, 09:03.
      for bound in [
        "gte]=2026-11-12T09:03:00Z", "gt]=2026-11-12T09:02:59", "lte]=2026-11-12T09:03:00Z",
        "lt]=2026-11-12T10:04:00%2B01:00",
      ] {
        #expect(try await api.get("\(target)&page=\(page)&created_at[\(bound)").status == 200, "\(bound)")
      }
      for bound in [
        "gte]=2026-11-12T09:03:01Z", "gt]=2026-11-12T09:03:00", "lte]=2026-11-12T09:02:59Z",
        "lt]=2026-11-12T10:03:00%2B01:00",
      ] {
        let answer = try await api.get("\(target)&page=\(page)&created_at[\(bound)")
        #expect(answer.status == 400, "\(bound)")
        #expect(answer.message.hasPrefix("page: This cursor stands at 2026-11-12T09:03:00Z"))
      }
    }
  }

  @Test func `a time without an offset is UTC`() async throws {
    try await withAPI { api in
      _ = try await api.agent()
      for (time, count) in [("09:00:00", 1), ("09:00:01", 0), ("10:00:00%2B01:00", 1)] {
        let found = try await api.get("/v1/agents?created_at[gte]=2026-11-12T\(time)").json
        #expect(found["data"]?.arrayValue?.count == count, "\(time)")
      }
    }
  }

  @Test func `a page goes on rightly while rows come and go`() async throws {
    try await withAPI { api in
      var made: [String] = []
      for _ in 0..<4 {
        made.append(try await api.agent()["id"]?.stringValue ?? "")
        // Ids of one millisecond keep their order only while few other clocks ask for ids; tests have many.
        api.path.clock.advance(by: .milliseconds(1))
      }
      let first = try await api.get("/v1/agents?limit=2").json
      let page = try #require(first["next_page"]?.stringValue)
      _ = try await api.agent()
      _ = try await api.send("POST", "/v1/agents/\(made[2])/archive", [])
      let second = try await api.get("/v1/agents?limit=2&page=\(page)").json
      #expect(second["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == [made[1], made[0]])
    }
  }

  @Test func `the same request with an Idempotency-Key makes one thing`() async throws {
    try await withAPI { api in
      let key = [(name: "Idempotency-Key", value: "k1")]
      let first = try await api.post("/v1/agents", APIBench.agent, and: key)
      let second = try await api.post("/v1/agents", APIBench.agent, and: key)
      #expect(first.json == second.json)
      #expect(try await api.get("/v1/agents").json["data"]?.arrayValue?.count == 1)
      let other = try await api.post("/v1/environments", ["name": "x"], and: key)
      #expect(other.status == 409)
      #expect(other.headers.first("x-should-retry") == "false")
    }
  }

  @Test func `a key does what its scope says until it is revoked`() async throws {
    try await withAPI { api in
      func key(_ scope: String) async throws -> (id: String, headers: [(name: String, value: String)]) {
        let made = try await api.post("/v1/keys", ["name": .string(scope), "scope": .string(scope)]).json
        let text = made["key"]?.stringValue ?? ""
        return (made["id"]?.stringValue ?? "", [(name: "authorization", value: "Bearer \(text)")])
      }
      func status(_ method: String, _ target: String, _ key: [(name: String, value: String)]) async throws
        -> Int
      {
        try await api.send(method, target, method == "POST" ? Array("{}".utf8) : nil, headers: key).status
      }
      let (read, run, hooks) = (try await key("read"), try await key("run"), try await key("hooks"))
      #expect(try await status("GET", "/v1/agents", read.headers) == 200)
      #expect(try await status("POST", "/v1/agents", read.headers) == 403)
      #expect(try await status("GET", "/v1/keys", read.headers) == 403)
      #expect(try await status("POST", "/v1/agents", run.headers) == 400)
      #expect(try await status("POST", "/v1/jobs", run.headers) == 403)
      #expect(try await status("POST", "/v1/runs", hooks.headers) == 400)
      #expect(try await status("GET", "/v1/runs", hooks.headers) == 403)
      #expect(try await api.post("/v1/keys", ["name": "read", "scope": "read"]).status == 409)
      #expect(try await api.send("POST", "/v1/keys/\(read.id)/revoke", []).status == 200)
      #expect(try await status("GET", "/v1/agents", read.headers) == 401)
      let stored = try await api.get("/v1/keys").text
      #expect(!stored.contains(run.headers[0].value.dropFirst("Bearer ".count)))
    }
  }

  @Test func `too many requests of a key are told when to come again`() async throws {
    var rates = RateLimits.Rates()
    (rates.creates, rates.reads) = (2, 60)
    try await withAPI(rates: rates) { api in
      for _ in 0..<2 { #expect(try await api.post("/v1/agents", APIBench.agent).status == 200) }
      let refused = try await api.post("/v1/agents", APIBench.agent)
      #expect(refused.status == 429)
      #expect(refused.json["error"]?["type"] == "rate_limit_error")
      #expect(refused.headers.first("retry-after") == "30")
      #expect(try await api.get("/v1/agents").status == 200)
      api.path.clock.advance(by: .seconds(30))
      #expect(try await api.post("/v1/agents", APIBench.agent).status == 200)
    }
  }

  @Test(arguments: [
    ("anthropic-version", "2020-01-01", 400), ("anthropic-beta", "managed-agents-2026-04-01,nonsense", 400),
    ("anthropic-beta", "managed-agents-2026-04-01, files-api-2025-04-14", 200),
    // What the official client adds by itself when it signs in elsewhere, or knows of.
    ("anthropic-beta", "managed-agents-2026-04-01,oauth-2025-04-20,oidc-federation-2026-04-01", 200),
    ("anthropic-beta", "fine-grained-tool-streaming-2025-05-14,user-profiles-billing-2026-10-01", 200),
  ])
  func `versions and betas that nobody knows are refused`(name: String, value: String, status: Int)
    async throws
  {
    try await withAPI { api in
      let answer = try await api.send("GET", "/v1/agents", nil, and: [(name: name, value: value)])
      #expect(answer.status == status)
      if status == 400 { #expect(answer.message.hasPrefix("\(name): ")) }
    }
  }

  @Test(arguments: ["2023-06-01", "2026-10-21"])
  func `a client that names its version names the beta, too`(version: String) async throws {
    try await withAPI { api in
      let named = [(name: "anthropic-version", value: version)]
      let beta = [(name: "anthropic-beta", value: "managed-agents-2026-04-01")]
      let refused = try await api.send("GET", "/v1/agents", nil, and: named)
      #expect(refused.status == 404)
      #expect(refused.message.contains("managed-agents-2026-04-01"))
      #expect(try await api.send("GET", "/v1/agents", nil, and: named + beta).status == 200)
      #expect(try await api.send("GET", "/v1/agents?beta=true", nil, and: named).status == 200)
      #expect(try await api.send("GET", "/v1/files", nil, and: named).status == 200)
    }
  }

  @Test func `an upload is kept, listed, and not given out again`() async throws {
    try await withAPI { api in
      let content = Array("--b0undar\r\n--b0undar is not the end\r\n".utf8) + [0, 255]
      let made = try await api.upload(#"dir/a \"b\".txt"#, content).json
      #expect(made["filename"] == #"a "b".txt"#)
      #expect(made["size_bytes"]?.intValue == content.count)
      let id = made["id"]?.stringValue ?? ""
      #expect(try await api.get("/v1/files/\(id)").json == made)
      let refused = try await api.get("/v1/files/\(id)/content")
      #expect(refused.status == 400)
      #expect(refused.json["error"]?["details"]?["error_code"] == "file_not_downloadable")
      let kept = try await api.path.database.read { [path = api.path] tx in
        try path.files.file(tx, id).content
      }
      #expect(try api.path.files.bytes(of: kept) == content)
    }
  }

  /// A form's field that has the file expire.
  private static func expiry(_ seconds: Int) -> String {
    "--b0undary\r\nContent-Disposition: form-data; name=\"expires_in_seconds\"\r\n\r\n\(seconds)\r\n"
  }

  @Test func `an upload under an Idempotency-Key is another one when anything about it is other`()
    async throws
  {
    try await withAPI { api in
      func send(_ type: String, _ more: String) async throws -> APIBench.Answer {
        let head =
          "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: \(type)\r\n"
        return try await api.send(
          "POST", "/v1/files", Array("\(more)\(head)\r\nx\r\n--b--\r\n".utf8),
          and: [
            (name: "content-type", value: "multipart/form-data; boundary=b"),
            (name: "idempotency-key", value: "k"),
          ])
      }
      func expiry(_ seconds: Int) -> String {
        Self.expiry(seconds).replacing("--b0undary", with: "--b")
      }
      let first = try await send("text/plain", expiry(3600))
      #expect(try await send("text/plain", expiry(3600)).json == first.json)
      #expect(try await send("text/html", expiry(3600)).status == 409)
      #expect(try await send("text/plain", expiry(7200)).status == 409)
    }
  }

  @Test func `an upload expires`() async throws {
    try await withAPI { api in
      let field = Self.expiry(3600)
      let made = try await api.upload("a.txt", [65], and: field).json
      #expect(made["expires_at"] == "2026-11-12T10:00:00Z")
      api.path.clock.advance(by: .seconds(3600))
      let gone = try await api.get("/v1/files/\(made["id"]?.stringValue ?? "")")
      #expect(gone.status == 404)
      #expect(gone.json["error"]?["details"]?["error_code"] == "file_expired")
      #expect(try await api.get("/v1/files").json["data"] == [])
    }
  }

  @Test func `events page rightly while an input that waits is taken`() async throws {
    try await withAPI { api in
      let id = try await api.session()["id"]?.stringValue ?? ""
      for text in ["one", "two", "three"] {
        let event: JSON = ["type": "user.message", "content": [["type": "text", "text": .string(text)]]]
        #expect(try await api.post("/v1/sessions/\(id)/events", ["events": [event]]).status == 200)
      }
      for order in ["asc", "desc"] {
        var seen: [String] = []
        var page = ""
        repeat {
          let answer = try await api.get("/v1/sessions/\(id)/events?limit=1&order=\(order)\(page)").json
          seen += (answer["data"]?.arrayValue ?? []).compactMap { $0["content"]?[0]?["text"]?.stringValue }
          page = answer["next_page"]?.stringValue.map { "&page=\($0)" } ?? ""
        } while !page.isEmpty
        #expect(seen == (order == "asc" ? ["one", "two", "three"] : ["three", "two", "one"]))
      }
      #expect(try await api.get("/v1/sessions/\(id)").json["status"] == "running")
    }
  }

  @Test func `a session that rests is archived, keeps its log, and can be deleted`() async throws {
    try await withAPI { api in
      let session = try await api.session()
      let id = session["id"]?.stringValue ?? ""
      #expect(session["status"] == "idle")
      let archived = try await api.send("POST", "/v1/sessions/\(id)/archive", []).json
      #expect(archived["status"] == "terminated")
      let message: JSON = ["type": "user.message", "content": [["type": "text", "text": "more"]]]
      #expect(try await api.post("/v1/sessions/\(id)/events", ["events": [message]]).status == 400)
      let log = try await api.get("/v1/sessions/\(id)/events").json["data"]?.arrayValue
      #expect(log?.last?["type"] == "session.status_terminated")
      #expect(try await api.get("/v1/sessions").json["data"] == [])
      #expect(try await api.send("DELETE", "/v1/sessions/\(id)", nil).json["type"] == "session_deleted")
      #expect(try await api.get("/v1/sessions/\(id)").status == 404)
    }
  }

  @Test(arguments: [
    ("vaults/vlt_1", "vaults"), ("deployments", "deployments"), ("deployment_runs", "deployments"),
    ("memory_stores/memstore_1/memories", "memory stores"), ("skills", "skills"),
  ])
  func `what this server does not have yet is said by name`(target: String, things: String) async throws {
    try await withAPI { api in
      let answer = try await api.get("/v1/\(target)")
      #expect(answer.status == 404)
      #expect(answer.message == "This server has no \(things) yet.")
    }
  }

  @Test(arguments: [408, 413, 500, 501, 503, 505])
  func `what the server refuses by itself has the envelope`(status: Int) async throws {
    try await withAPI { api in
      let refusal = api.api.configuration(address: "127.0.0.1", port: 0).refusal(status, "No.")
      guard case .bytes(let bytes) = refusal.body else { throw Missing() }
      let error = try JSON(parsing: bytes)["error"]
      let headers = Dictionary(uniqueKeysWithValues: refusal.headers)
      #expect(headers["request-id"]?.hasPrefix("req_") == true)
      #expect(headers["x-should-retry"] == ([500, 503].contains(status) ? "true" : "false"))
      // A body that is too slow has a name of its own on the wire, and another status.
      #expect(refusal.status == (status == 408 ? 400 : status))
      #expect(error?["details"]?["error_code"] == (status == 408 ? "request_body_timeout" : nil))
    }
  }

  private struct Missing: Error {}
}
