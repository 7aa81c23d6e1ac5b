import Catalog
import Glibc
import HTTPClient
import JSON
import PathSupport
import Primitives
import Reading
import Sessions
import Store
import TestSupport
import Testing

@testable import API

/// What a request names must be there and fit; if not, the sentence says where, and a code what.
@Suite(.timeLimit(.minutes(5))) struct ReferencesTests {
  private static let none = "file_01none"

  private static func message(file: String, times: Int = 1) -> JSON {
    let document: JSON = ["type": "document", "source": ["type": "file", "file_id": .string(file)]]
    let text: JSON = ["type": "text", "text": "Read."]
    return ["type": "user.message", "content": .array([text] + Array(repeating: document, count: times))]
  }

  private static let outcome: JSON = [
    "type": "user.define_outcome", "description": "d", "rubric": ["type": "file", "file_id": .string(none)],
  ]

  @Test(arguments: [
    (message(file: none), "content[1].source.file_id"), (outcome, "rubric.file_id"),
  ])
  func `a file of an event that is not there is named with its place`(event: JSON, place: String) async throws
  {
    try await withAPI { api in
      let session = try await api.session()
      let body: JSON = ["events": [["type": "user.interrupt"], event]]
      let sent = try await api.post("/v1/sessions/\(session["id"]?.stringValue ?? "")/events", body)
      #expect(sent.status == 400)
      #expect(sent.message == "events[1].\(place): There is no file \(Self.none).")
      let created = try await api.post(
        "/v1/sessions",
        [
          "agent": session["agent"]?["id"] ?? .null, "environment_id": session["environment_id"] ?? .null,
          "initial_events": [event],
        ])
      #expect(created.status == 400)
      #expect(created.message == "initial_events[0].\(place): There is no file \(Self.none).")
      #expect(try await api.get("/v1/sessions").json["data"]?.arrayValue?.count == 1)
    }
  }

  @Test func `initial events hold a hundred documents of files`() async throws {
    try await withAPI { api in
      let file = try await api.upload("a.txt", [65]).json["id"]?.stringValue ?? ""
      for (count, status) in [(100, 200), (101, 400)] {
        let events = [Self.message(file: file, times: 60), Self.message(file: file, times: count - 60)]
        let answer = try await api.post(
          "/v1/sessions",
          [
            "agent": try await api.agent()["id"] ?? .null,
            "environment_id": try await api.environment()["id"] ?? .null, "initial_events": .array(events),
          ])
        #expect(answer.status == status, "\(answer.message)")
        if status == 400 {
          #expect(
            answer.message == "initial_events: Expected at most 100 documents of files, found 101.")
        }
      }
    }
  }

  @Test func `a self-hosted environment takes no files of the server`() async throws {
    try await withAPI { api in
      let environment = try await api.post(
        "/v1/environments", ["name": "theirs", "config": ["type": "self_hosted"]]
      ).json["id"]
      let file = try await api.upload("a.txt", [65]).json["id"] ?? .null
      let resource: JSON = ["type": "file", "file_id": file]
      let body: JSON = [
        "agent": try await api.agent()["id"] ?? .null, "environment_id": environment ?? .null,
      ]
      var more = body
      more["resources"] = [resource]
      let refused = try await api.post("/v1/sessions", more)
      #expect(refused.status == 400)
      #expect(refused.message.hasPrefix("resources: Sessions in self_hosted environments take no files"))
      let session = try await api.post("/v1/sessions", body).json["id"]?.stringValue ?? ""
      #expect(try await api.post("/v1/sessions/\(session)/resources", resource).status == 400)
    }
  }

  @Test func `causes that clients tell apart have codes`() async throws {
    try await withAPI { api in
      func code(_ answer: APIBench.Answer, _ status: Int) -> String? {
        #expect(answer.status == status, "\(answer.text)")
        return answer.json["error"]?["details"]?["error_code"]?.stringValue
      }
      let agent = try await api.agent()["id"] ?? .null
      let environment = try await api.environment()["id"] ?? .null
      let labelled = try await api.post("/v1/agents", ["name": "x", "model": "m", "metadata": ["k": 1]])
      #expect(code(labelled, 400) == "invalid_metadata")
      let nowhere = try await api.post("/v1/sessions", ["agent": agent, "environment_id": "env_01none"])
      #expect(code(nowhere, 404) == "environment_not_found")
      let speechless: JSON = ["type": "agent_with_overrides", "id": agent, "model": nil]
      let mute = try await api.post("/v1/sessions", ["agent": speechless, "environment_id": environment])
      #expect(code(mute, 400) == "agent_model_required")
      for (charset, status) in [("utf-16", 400), ("UTF-8", 200)] {
        let typed = [(name: "content-type", value: "application/json; charset=\(charset)")]
        let answer = try await api.post("/v1/agents", APIBench.agent, and: typed)
        #expect(code(answer, status) == (status == 400 ? "unsupported_charset" : nil))
      }
      let packed = try await api.post(
        "/v1/agents", APIBench.agent, and: [(name: "content-encoding", value: "gzip")])
      #expect(code(packed, 415) == "unsupported_content_encoding")
      #expect(packed.message.contains("Send the body as it is."))
    }
  }

  @Test(arguments: ["deployment_id=depl_1", "memory_store_id=memstore_1", "agent_id=agent_1"])
  func `a list of sessions of what is not there is empty`(filter: String) async throws {
    try await withAPI { api in
      _ = try await api.session()
      let list = try await api.get("/v1/sessions?\(filter)")
      #expect(list.status == 200)
      #expect(list.json == ["data": [], "next_page": nil, "prev_page": nil])
    }
  }

  @Test func `the age of a session that is terminated stands still`() async throws {
    try await withAPI { api in
      let id = try await api.session()["id"]?.stringValue ?? ""
      api.path.clock.advance(by: .seconds(5))
      try await api.path.database.write { [sessions = api.path.sessions] tx in
        try sessions.edit(tx, id) { try $0.settleUndriven(.terminated("It broke.")) }
      }
      api.path.clock.advance(by: .seconds(5))
      let session = try await api.get("/v1/sessions/\(id)").json
      #expect(session["status"] == "terminated" && session["archived_at"] == .null)
      #expect(session["stats"]?["duration_seconds"]?.text == "5.0")
      let thread = try await api.get("/v1/sessions/\(id)/threads").json["data"]?[0]
      #expect(thread?["stats"]?["duration_seconds"]?.text == "5.0")
      #expect(thread?["agent"]?.objectValue?.keys.contains("multiagent") == false)
      // It is still changed later.
      _ = try await api.post("/v1/sessions/\(id)", ["title": "After its end"])
      let archived = try await api.send("POST", "/v1/sessions/\(id)/archive", []).json
      #expect(archived["updated_at"]?.stringValue == "2026-11-12T09:00:10Z")
      #expect(archived["stats"]?["duration_seconds"]?.text == "5.0")
    }
  }

  @Test(arguments: [("x", "x/y"), ("x/y", "x"), ("x", "x"), ("/a/b/c", "/mnt/session/uploads/a")])
  func `two files cannot be where one of them had to be a folder`(one: String, other: String) async throws {
    try await withAPI { api in
      let file = try await api.upload("a.txt", [65]).json["id"] ?? .null
      func resource(_ path: String) -> JSON {
        ["type": "file", "file_id": file, "mount_path": .string(path)]
      }
      let session = try await api.session(["resources": [resource(one), resource("xy")]])
      let added = try await api.post(
        "/v1/sessions/\(session["id"]?.stringValue ?? "")/resources", resource(other))
      #expect(added.status == 400)
      #expect(added.message.hasPrefix("mount_path: Another resource of the session is mounted at "))
      let made = try await api.post(
        "/v1/sessions",
        [
          "agent": session["agent"]?["id"] ?? .null, "environment_id": session["environment_id"] ?? .null,
          "resources": [resource(one), resource(other)],
        ])
      #expect(made.status == 400)
      #expect(made.message.hasPrefix("resources[1].mount_path: Another resource is mounted at "))
    }
  }

  @Test func `metadata that is emptied is told without metadata`() async throws {
    try await withAPI { api in
      let id = try await api.session(["metadata": ["a": "1"]])["id"]?.stringValue ?? ""
      let updated = try await api.post("/v1/sessions/\(id)", ["metadata": ["a": nil]])
      #expect(updated.json["metadata"] == [:])
      let event = try await api.get("/v1/sessions/\(id)/events").json["data"]?[0]
      #expect(event?["type"] == "session.updated")
      #expect(event?.objectValue?.keys == ["id", "type", "processed_at"])
    }
  }

  // MARK: Files

  @Test(arguments: [
    ("", "", "unnamed"), ("", "application/pdf", "unnamed.pdf"),
    ("; filename=\"\"", "text/plain; charset=utf-8", "unnamed.txt"),
    ("; filename=\"a.md\"", "text/plain", "a.md"), ("; filename=\"dir/\"", "text/plain", "unnamed.txt"),
    ("; filename=\"\u{301}a.md\"", "text/plain", "\u{301}a.md"),
    ("; filename=\"dir/\u{301}a.md\"", "text/plain", "\u{301}a.md"),
  ])
  func `a file without a name gets one`(filename: String, type: String, name: String) async throws {
    try await withAPI { api in
      let head = "Content-Disposition: form-data; name=\"file\"\(filename)\r\n"
      let typed = type.isEmpty ? "" : "Content-Type: \(type)\r\n"
      let answer = try await api.send(
        "POST", "/v1/files", Array("--b\r\n\(head)\(typed)\r\nx\r\n--b--\r\n".utf8),
        and: [(name: "content-type", value: "multipart/form-data; boundary=b")])
      #expect(answer.status == 200)
      #expect(answer.json["filename"]?.stringValue == name)
    }
  }

  @Test func `an id that is asked for twice counts once`() async throws {
    try await withAPI { api in
      let id = try await api.upload("a.txt", [65]).json["id"]?.stringValue ?? ""
      let repeated = Array(repeating: "ids[]=\(id)", count: 101).joined(separator: "&")
      #expect(try await api.get("/v1/files?\(repeated)").json["data"]?.arrayValue?.count == 1)
      let different = (0...100).map { "ids[]=file_\($0)" }.joined(separator: "&")
      #expect(try await api.get("/v1/files?\(different)").status == 400)
    }
  }

  @Test func `clients of the beta page through files by id`() async throws {
    try await withAPI { api in
      var made: [JSON] = []
      for number in 0..<3 {
        made.append(try await api.upload("\(number).txt", [65]).json["id"] ?? .null)
        api.path.clock.advance(by: .milliseconds(1))
      }
      func page(_ query: String) async throws -> JSON {
        try await api.send(
          "GET", "/v1/files?limit=2\(query)", nil,
          and: [(name: "anthropic-beta", value: "files-api-2025-04-14")]
        ).json
      }
      func ids(_ page: JSON) -> [JSON] { (page["data"]?.arrayValue ?? []).map { $0["id"] ?? .null } }
      let first = try await page("")
      #expect(ids(first) == [made[2], made[1]])
      #expect(first["has_more"] == true)
      #expect(first["first_id"] == made[2] && first["last_id"] == made[1])
      let second = try await page("&after_id=\(made[1].stringValue ?? "")")
      #expect(ids(second) == [made[0]] && second["has_more"] == false)
      let back = try await page("&before_id=\(made[0].stringValue ?? "")")
      #expect(ids(back) == [made[2], made[1]] && back["has_more"] == false)
      let empty = try await page("&scope_id=sesn_1")
      #expect(
        empty == ["data": [], "has_more": false, "first_id": nil, "last_id": nil, "next_page": nil])
      // The client of today names the beta, too, and pages by cursor, with everything else sent again.
      let next = first["next_page"]?.stringValue ?? ""
      for further in ["", "&before_id=\(made[2].stringValue ?? "")"] {
        let last = try await page("&page=\(next)\(further)")
        #expect(ids(last) == [made[0]] && last["next_page"] == .null)
      }
      #expect(second["next_page"] == .null)
      #expect(ids(try await page("&page=\(back["next_page"]?.stringValue ?? "")")) == [made[0]])
    }
  }

  @Test func `a page of files goes on under another scope`() async throws {
    try await withAPI { api in
      for number in 0..<2 {
        _ = try await api.upload("\(number).txt", [65])
        api.path.clock.advance(by: .milliseconds(1))
      }
      let page = try #require(try await api.get("/v1/files?limit=1").json["next_page"]?.stringValue)
      let scoped = try await api.get("/v1/files?limit=1&scope_id=sesn_1&page=\(page)")
      #expect(scoped.status == 200)
      #expect(scoped.json["data"] == [])
    }
  }

  @Test func `a session's copy of a file is not in its scope, which is what it made`() async throws {
    try await withAPI { api in
      let file = try await api.upload("a.txt", [65]).json["id"] ?? .null
      let session = try await api.session(["resources": [["type": "file", "file_id": file]]])
      let copy = session["resources"]?[0]?["file_id"]?.stringValue ?? ""
      let shown = try await api.get("/v1/files/\(copy)").json
      #expect(shown["filename"] == "a.txt")
      #expect(shown["scope"] == nil)
      let list = try await api.get("/v1/files?scope_id=\(session["id"]?.stringValue ?? "")").json
      #expect(list["data"] == [])
    }
  }

  // MARK: What is not said

  @Test(
    arguments: [
      FilesError.system(path: "/srv/files", errno: ENOSPC), FilesError.system(path: "/srv/files", errno: EIO),
      StoreError.full(path: "/srv/errand.db"), StoreError.disk(path: "/srv/errand.db", reason: "r"),
      StoreError.rolledBack(reason: "The disk that holds /srv/errand.db is full."),
      StoreError.locked(path: "/srv/errand.db", patience: .seconds(5)),
    ] as [any Error])
  func `the places of this machine are for the log`(error: any Error) {
    #expect("\(error)".contains("/srv/"))
    let refusal = Refusal(error)
    #expect(refusal.status == 503)
    #expect(!refusal.message.contains("/srv/"))
  }
}
