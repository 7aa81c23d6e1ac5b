import HTTPClient
import JSON
import Primitives
import Store
import Testing

@testable import API

/// Whatever strangers send, the answer says what is wrong with it: never a 5xx, always the envelope.
@Suite(.timeLimit(.minutes(5))) struct `Bad input` {
  /// A request that is right, of which every field is then made wrong.
  struct Right: Sendable, CustomTestStringConvertible {
    var path: String
    var body: JSON
    var testDescription: String { path }
  }

  private static let message: JSON = [
    "type": "user.message",
    "content": [
      ["type": "text", "text": "hello"],
      ["type": "image", "source": ["type": "base64", "media_type": "image/png", "data": "aGk="]],
      [
        "type": "document", "title": "t", "context": "c",
        "source": ["type": "text", "media_type": "text/plain", "data": "x"],
      ],
    ],
  ]
  private static let outcome: JSON = [
    "type": "user.define_outcome", "description": "d", "rubric": ["type": "text", "content": "r"],
    "max_iterations": 2,
  ]
  private static let agent: JSON = [
    "name": "a", "model": ["id": "m", "effort": ["type": "low"], "speed": "standard"], "system": "s",
    "description": "d",
    "tools": [
      [
        "type": "agent_toolset_20260401",
        "default_config": ["enabled": true, "permission_policy": ["type": "always_ask"]],
        "configs": [["name": "bash", "enabled": true, "permission_policy": ["type": "always_allow"]]],
      ],
      [
        "type": "custom", "name": "lookup", "description": "d",
        "input_schema": ["type": "object", "properties": ["q": ["type": "string"]], "required": ["q"]],
      ],
    ], "mcp_servers": [], "skills": [], "metadata": ["k": "v"],
  ]
  private static let environment: JSON = [
    "name": "e", "description": "d", "metadata": ["k": "v"],
    "config": ["type": "cloud", "networking": ["type": "unrestricted"]],
  ]

  /// `AGENT`, `ENV`, `SESSION`, `REPO` and `FILE` stand for ids that are there.
  static let rights = [
    Right(path: "/v1/agents", body: agent), Right(path: "/v1/agents/AGENT", body: agent),
    Right(path: "/v1/environments", body: environment),
    Right(path: "/v1/environments/ENV", body: environment),
    Right(
      path: "/v1/sessions",
      body: [
        "agent": ["type": "agent_with_overrides", "id": "AGENT", "version": 1, "system": "s", "tools": []],
        "environment_id": "ENV", "title": "t", "metadata": ["k": "v"], "initial_events": [message, outcome],
        "resources": [
          ["type": "file", "file_id": "FILE", "mount_path": "a/b.txt"],
          [
            "type": "github_repository", "url": "https://example.com/a/b", "authorization_token": "t",
            "checkout": ["type": "branch", "name": "main"], "mount_path": "/workspace/b",
          ],
        ], "vault_ids": [],
      ]),
    Right(
      path: "/v1/sessions/SESSION",
      body: ["title": "t", "metadata": ["k": "v"], "agent": ["tools": [], "mcp_servers": []]]),
    Right(path: "/v1/sessions/SESSION/events", body: ["events": [message, outcome]]),
    Right(
      path: "/v1/sessions/SESSION/events",
      body: [
        "events": [
          [
            "type": "user.tool_confirmation", "tool_use_id": "sevt_1", "result": "deny", "deny_message": "no",
          ],
          [
            "type": "user.custom_tool_result", "custom_tool_use_id": "sevt_1", "is_error": false,
            "content": [
              [
                "type": "search_result", "source": "s", "title": "t",
                "content": [["type": "text", "text": "x"]], "citations": ["enabled": true],
              ]
            ],
          ], ["type": "user.interrupt", "session_thread_id": "sthr_1"],
          ["type": "system.message", "content": [["type": "text", "text": "x"]]],
        ]
      ]),
    Right(
      path: "/v1/sessions/SESSION/resources",
      body: ["type": "file", "file_id": "FILE", "mount_path": "c.txt"]),
    Right(path: "/v1/sessions/SESSION/resources/REPO", body: ["authorization_token": "t"]),
    Right(path: "/v1/keys", body: ["name": "k", "scope": "read"]),
  ]

  private static let wrongs: [JSON] = {
    let deep = (0..<50).reduce(into: JSON.string("x")) { value, _ in value = ["x": value] }
    return [
      .null, true, 5, -1, 1.5, .integer(.max), "", " ", "x", "\u{0}", "\u{202E}\u{FEFF}", "../../etc",
      .string(String(repeating: "é", count: 300_000)), [], [:], [.null], ["x"], [["type": "moon"]],
      ["type": "moon"], ["type": 7], .array(Array(repeating: "x", count: 2_000)), deep,
    ]
  }()

  /// Every place of a value, as a change of the whole.
  private static func variants(of body: JSON) -> [JSON] {
    var variants: [JSON] = []
    if let object = body.objectValue {
      var more = object
      more["no_such_field"] = 1
      variants.append(.object(more))
      for (key, value) in object {
        var less = object
        less[key] = nil
        variants.append(.object(less))
        for changed in wrongs + Self.variants(of: value) {
          var changedObject = object
          changedObject[key] = changed
          variants.append(.object(changedObject))
        }
      }
    } else if let list = body.arrayValue {
      for (place, value) in list.enumerated() {
        for changed in [JSON.null, 5, "x", [:], [["x"]]] + Self.variants(of: value) {
          var changedList = list
          changedList[place] = changed
          variants.append(.array(changedList))
        }
      }
    }
    return variants
  }

  /// What a test needs to be there.
  private struct Things {
    var ids: [String: String] = [:]

    init(_ api: APIBench) async throws {
      ids["FILE"] = try await api.upload("a.txt", [65]).json["id"]?.stringValue
      let session = try await api.session([
        "resources": [["type": "github_repository", "url": "https://example.com/a/b"]]
      ])
      ids["SESSION"] = session["id"]?.stringValue
      ids["AGENT"] = session["agent"]?["id"]?.stringValue
      ids["ENV"] = session["environment_id"]?.stringValue
      ids["REPO"] = session["resources"]?[0]?["id"]?.stringValue
      ids["KEY"] = try await api.post("/v1/keys", ["name": "bystander", "scope": "read"]).json["id"]?
        .stringValue
    }

    func filled(_ text: String) -> String {
      ids.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }
  }

  private var generous: RateLimits.Rates {
    var rates = RateLimits.Rates()
    (rates.creates, rates.reads) = (1_000_000, 1_000_000)
    return rates
  }

  private func expectFair(_ answer: APIBench.Answer, _ what: @autoclosure () -> String) {
    let isEnvelope = answer.json["type"] == "error" && !answer.message.isEmpty
    let isFair = answer.status < 400 || answer.status < 500 && isEnvelope
    #expect(isFair, "\(what().prefix(300)) -> \(answer.status) \(answer.text.prefix(300))")
  }

  @Test(arguments: rights)
  func `in any field is refused with a sentence`(right: Right) async throws {
    try await withAPI(rates: generous) { api in
      let things = try await Things(api)
      let path = things.filled(right.path)
      let body = try JSON(parsing: Array(things.filled(right.body.text).utf8))
      var refused = 0
      let variants = Self.variants(of: body)
      for variant in variants {
        let answer = try await api.post(path, variant)
        expectFair(answer, "POST \(path) \(variant.text)")
        if answer.status >= 400 { refused += 1 }
      }
      #expect(refused > variants.count / 3)
    }
  }

  @Test(arguments: rights)
  func `that is no JSON object is refused`(right: Right) async throws {
    try await withAPI(rates: generous) { api in
      let path = try await Things(api).filled(right.path)
      let texts = [
        "{", "[]", "null", "7", "\"x\"", "{\"a\": 1, \"a\": 2}", "{\"a\": NaN}", "{} {}", "\u{FEFF}{}",
        "{'a': 1}",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 5_000),
        "{\"name\": \"\\ud800\"}", "{\"name\": 1e999}", "{\"name\": 123456789012345678901234567890}",
      ]
      let bodies =
        texts.map { Array($0.utf8) } + [[0xFF, 0xFE], [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D]]
      for body in bodies {
        let answer = try await api.send("POST", path, body)
        #expect(answer.status == 400, "\(String(decoding: body.prefix(80), as: UTF8.self)) -> \(answer.text)")
        expectFair(answer, "POST \(path)")
      }
    }
  }

  @Test func `as an id is not found, wherever an id is expected`() async throws {
    try await withAPI(rates: generous) { api in
      let things = try await Things(api)
      let ids =
        Array(things.ids.values) + [
          "nope", "%00", "%ff", "..%2f..%2fetc", "%27%20OR%201=1", "sesn_", "%20", "-1", "%F0%9F%92%A5",
          String(repeating: "a", count: 4_000),
        ]
      for route in API.routes where route.pattern.contains(where: { $0.hasPrefix(":") }) {
        for id in ids {
          // What is removed or closed by its own id is not wrong.
          if route.method == "DELETE" || ["archive", "revoke", "stream"].contains(route.pattern.last),
            things.ids.values.contains(id)
          {
            continue
          }
          let path = route.pattern.map { $0.hasPrefix(":") ? id : $0 }.joined(separator: "/")
          let answer = try await api.send(
            route.method, "/\(path)", route.method == "POST" ? [0x7B, 0x7D] : nil)
          expectFair(answer, "\(route.method) /\(path)")
        }
      }
    }
  }

  private static let lists = [
    "agents", "agents/AGENT/versions", "environments", "sessions", "sessions/SESSION/events",
    "sessions/SESSION/resources", "sessions/SESSION/threads", "files", "files?scope_id=SESSION", "keys",
    "runs",
    "firings", "deliveries", "schedules",
  ]

  @Test(arguments: lists)
  func `as a cursor is refused`(list: String) async throws {
    try await withAPI(rates: generous) { api in
      let things = try await Things(api)
      let path = things.filled("/v1/\(list)")
      func cursor(_ payload: JSON) -> String { Cursor(payload).text }
      let name = list.split(separator: "?")[0].split(separator: "/").last.map(String.init) ?? ""
      let ofOther = cursor(["list": "events of sesn_other", "position": 3])
      let damaged: [String] = [
        "x", "page_", "page_!", "page_%00", "page_%F0%9F%92%A5", cursor([]), cursor(5), cursor([:]),
        cursor(["list": 5]), String(repeating: "a", count: 5_000), ofOther,
      ]
      let separator = path.contains("?") ? "&" : "?"
      for page in damaged {
        let answer = try await api.get("\(path)\(separator)page=\(page)")
        #expect(
          answer.status == 400, "\(path) \(page.prefix(60)) -> \(answer.status) \(answer.text.prefix(200))")
        expectFair(answer, path)
      }
      // Of this list, but with something else inside than was put there.
      for payload in [["list": .string(name), "after": 5], ["list": .string(name), "after": [:]]] as [JSON] {
        expectFair(try await api.get("\(path)\(separator)page=\(cursor(payload))"), path)
      }
    }
  }

  @Test(arguments: lists)
  func `in a query is refused`(list: String) async throws {
    try await withAPI(rates: generous) { api in
      let things = try await Things(api)
      let path = things.filled("/v1/\(list)")
      let separator = path.contains("?") ? "&" : "?"
      for query in [
        "limit=0", "limit=-1", "limit=x", "limit=1e3", "limit=99999999999999999999999", "limit=1000000",
      ] {
        let answer = try await api.get(path + separator + query)
        #expect(answer.status == 400, "\(path) \(query)")
      }
      for query in [
        "order=up", "created_at[gte]=yesterday", "created_at[", "created_at]=1", "statuses[]=moon",
        "statuses[=1",
        "types[]=", "types[][]=x", "ids[]=%00", "ids[0]=x", "[]=", "=", "&&&", "%5B%5D=%5B",
        "include_archived=7",
        "agent_version=x", "agent_id=%ff", "scope_id=", "created_at[gt]=9999999999999-01-01T00:00:00Z",
        "a=b=c",
        Array(repeating: "types[]=x", count: 500).joined(separator: "&"),
      ] {
        expectFair(try await api.get(path + separator + query), "\(path) \(query)")
      }
    }
  }

  @Test func `of more than 32 MB is refused, and as many events as nobody reads`() async throws {
    try await withAPI(rates: generous) { api in
      let things = try await Things(api)
      let large = JSON.string(String(repeating: "x", count: 33 << 20))
      let answer = try await api.post("/v1/agents", ["name": "a", "model": "m", "system": large])
      #expect(answer.status == 413)
      #expect(answer.json["error"]?["type"] == "request_too_large")
      let message: JSON = ["type": "user.message", "content": [["type": "text", "text": "x"]]]
      let path = things.filled("/v1/sessions/SESSION/events")
      let many = try await api.post(path, ["events": .array(Array(repeating: message, count: 1_001))])
      #expect(many.status == 400)
      let most = try await api.post(path, ["events": .array(Array(repeating: message, count: 1_000))])
      #expect(most.status == 200)
      let full = try await api.post(path, ["events": [message]])
      #expect(full.status == 429)
      #expect(full.message.contains("has 1000 messages waiting"))
      // What makes room again always finds some.
      #expect(try await api.post(path, ["events": [["type": "user.interrupt"]]]).status == 200)
    }
  }
}
