import Catalog
import HTTPClient
import HTTPServer
import JSON
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct EventsRouteTests {
  private static func message(_ text: String) -> JSON {
    ["type": "user.message", "content": [["type": "text", "text": .string(text)]]]
  }

  /// A run whose session rests after an interrupt, and takes messages.
  private static func waiting(_ api: APIBench) async throws -> String {
    try await api.path.apply(JobDefinition())
    api.path.driver.play(ScriptedDriver.settle(.interrupted))
    let run = try await api.path.started()
    try await api.path.work()
    return run.session
  }

  /// Every page of a session's events: the texts of messages, or the types.
  private static func pages(
    _ api: APIBench, _ session: String, limit: Int, between: () async throws -> Void = {}
  )
    async throws -> [String]
  {
    var ids: [String] = []
    var target: String? = "/v1/sessions/\(session)/events?limit=\(limit)"
    while let next = target {
      let page = try await api.get(next)
      #expect(page.status == 200, "\(page.text)")
      ids += page.json["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
      target = page.json["next_page"]?.stringValue.map {
        "/v1/sessions/\(session)/events?limit=\(limit)&page=\($0)"
      }
      try await between()
    }
    return ids
  }

  @Test func `events are sent once under a key, and listed`() async throws {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      let key = [(name: "idempotency-key", value: "k")]
      let body: JSON = ["events": [Self.message("one"), Self.message("two")]]
      let first = try await api.post("/v1/sessions/\(session)/events", body, and: key)
      let second = try await api.post("/v1/sessions/\(session)/events", body, and: key)
      #expect(first.status == 200)
      #expect(first.json == second.json)
      #expect(first.json["data"]?[0]?["processed_at"] == .null)
      let other = try await api.post(
        "/v1/sessions/\(session)/events", ["events": [Self.message("three"), Self.message("two")]], and: key)
      #expect(other.status == 409)
      #expect(other.headers.first("x-should-retry") == "false")
      // Another API key's is another key.
      let made = try await api.post("/v1/keys", ["name": "other", "scope": "run"]).json
      let theirs = try await api.send(
        "POST", "/v1/sessions/\(session)/events", (["events": [Self.message("four")]] as JSON).bytes,
        headers: [(name: "authorization", value: "Bearer \(made["key"]?.stringValue ?? "")")] + key)
      #expect(theirs.status == 200)
      let list = try await api.get("/v1/sessions/\(session)/events?types[]=user.message")
      #expect(
        list.json["data"]?.arrayValue?.map { $0["content"]?[0]?["text"] } == ["Do it.", "one", "two", "four"])
    }
  }

  @Test(arguments: [
    ("{}", "events"), (#"{"events": []}"#, "events"), (#"{"events": [7]}"#, "events"),
    (#"{"events": [{"type": "agent.message"}]}"#, "agent.message"),
    (#"{"events": [{"type": "user.message", "content": []}]}"#, "content"),
    (#"{"events": [{"type": "user.message", "content": [{"type": "text"}]}]}"#, "text"),
    (#"{"events": [{"type": "user.define_outcome", "description": "d"}]}"#, "rubric"),
  ])
  func `what is no event is refused with its place, and stores nothing`(body: String, place: String)
    async throws
  {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      let before = try await api.path.count("events")
      let refused = try await api.send("POST", "/v1/sessions/\(session)/events", Array(body.utf8))
      #expect(refused.status == 400, "\(refused.text)")
      #expect(refused.message.contains(place), "\(refused.text)")
      #expect(try await api.path.count("events") == before)
    }
  }

  @Test(arguments: [
    ("image", "notes.txt", "text/plain", "An image block takes"),
    ("image", "paper.pdf", "application/pdf", "An image block takes"),
    ("document", "photo.png", "image/png", "Send it in an image block."),
    ("image", "photo.png", "image/png", nil), ("document", "notes.txt", "text/plain", nil),
    ("document", "paper.pdf", "application/pdf", nil),
  ])
  func `a file stands only in a block of its kind`(
    kind: String, name: String, type: String, problem: String?
  ) async throws {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      let file = try await api.path.database.write { [files = api.path.files] tx in
        try files.add(tx, files.keep(Array("hello".utf8)), named: name, mimeType: type).id
      }
      let answer = try await api.post(
        "/v1/sessions/\(session)/events",
        [
          "events": [
            [
              "type": "user.message",
              "content": [["type": .string(kind), "source": ["type": "file", "file_id": .string(file)]]],
            ]
          ]
        ])
      #expect(answer.status == (problem == nil ? 200 : 400), "\(answer.text)")
      if let problem {
        #expect(answer.message.contains("events[0].content[0].source.file_id"), "\(answer.text)")
        #expect(answer.message.contains(problem), "\(answer.text)")
      }
    }
  }

  @Test(arguments: [
    (["user.message", "system.message"], 200), (["system.message", "user.message"], 200),
    (["user.message", "system.message", "user.message"], 400), (["system.message"], 400),
  ])
  func `a system message stands at an end of its request, beside a message`(types: [String], status: Int)
    async throws
  {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      let events = types.map { type -> JSON in
        ["type": .string(type), "content": [["type": "text", "text": "x"]]]
      }
      let answer = try await api.post("/v1/sessions/\(session)/events", ["events": .array(events)])
      #expect(answer.status == status, "\(answer.text)")
    }
  }

  @Test(arguments: ["id", "processed_at", "flushed"])
  func `a client cannot say of an event what is the server's to say`(field: String) async throws {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      var event = Self.message("one")
      event[field] = "sevt_mine"
      let refused = try await api.post("/v1/sessions/\(session)/events", ["events": [event]])
      #expect(refused.status == 400)
      #expect(refused.message.contains(field), "\(refused.text)")
    }
  }

  @Test(arguments: [1, 2, 3, 100])
  func `pages hold the log and then every input that waits`(limit: Int) async throws {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      _ = try await api.post(
        "/v1/sessions/\(session)/events",
        ["events": [Self.message("one"), Self.message("two"), Self.message("three")]])
      let all = try await Self.pages(api, session, limit: 1000)
      #expect(all.count == 10)
      #expect(try await Self.pages(api, session, limit: limit) == all)
    }
  }

  @Test func `an input that is taken between two pages shows once`() async throws {
    try await withAPI { api in
      let session = try await Self.waiting(api)
      _ = try await api.post(
        "/v1/sessions/\(session)/events", ["events": [Self.message("one"), Self.message("two")]])
      let before = try await Self.pages(api, session, limit: 1000)
      api.path.driver.play(ScriptedDriver.answer("Done."))
      var read = 0
      let seen = try await Self.pages(api, session, limit: 8) {
        read += 1
        guard read == 1 else { return }
        // The first of the two was shown as waiting; now both are taken.
        try await api.path.work()
      }
      #expect(Set(seen).count == seen.count)
      #expect(Set(before).isSubset(of: seen))
    }
  }

  @Test func `a closed session refuses input with the reason`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let run = try await api.path.started()
      try await api.path.work()
      let refused = try await api.post(
        "/v1/sessions/\(run.session)/events", ["events": [Self.message("And?")]])
      #expect(refused.status == 400)
      #expect(refused.message == "Session \(run.session) takes no more input: its run has ended.")
      #expect(try await api.get("/v1/sessions/\(run.session)").json["status"] == "idle")
    }
  }

  @Test func `a stream answers at once, names each event by its type and follows`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let run = try await api.path.started()
      let stream = try await api.client.stream(
        HTTPClient.Request(
          url: api.url("/v1/sessions/\(run.session)/events/stream"),
          headers: [(name: "x-api-key", value: APIBench.key)], timeout: nil))
      // The head is here, and nothing has happened yet.
      #expect(stream.status == 200)
      #expect(stream.headers.first("content-type") == "text/event-stream")
      #expect(stream.headers.first("request-id")?.hasPrefix("req_") == true)
      try await api.path.work()
      var text = ""
      for try await piece in stream.body {
        text += String(decoding: piece, as: UTF8.self)
        if text.contains("event: session.status_idle\n") && text.hasSuffix("\n\n") { break }
      }
      let frames = text.split(separator: "\n\n").map {
        $0.split(separator: "\n", maxSplits: 1).map(String.init)
      }
      .filter { $0.first?.hasPrefix("event: ") == true }
      for frame in frames {
        let data = try JSON(parsing: String(frame[1].dropFirst("data: ".count)))
        #expect("event: \(data["type"]?.stringValue ?? "")" == frame[0])
      }
      #expect(
        frames.map { $0[0] }.last == "event: session.status_idle")
      #expect(frames.map { $0[0] }.contains("event: agent.message"))
    }
  }

  @Test func `a stream ends with its client, and the server counts none`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let run = try await api.path.started()
      do {
        let stream = try await api.client.stream(
          HTTPClient.Request(
            url: api.url("/v1/sessions/\(run.session)/events/stream"),
            headers: [(name: "x-api-key", value: APIBench.key)], timeout: nil))
        #expect(stream.status == 200)
        try await api.path.until { api.server.statistics.streams == 1 }
      }
      try await api.path.until { api.server.statistics.streams == 0 }
    }
  }
}
