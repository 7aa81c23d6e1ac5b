import Glibc
import HTTPClient
import HTTPServer
import JSON
import Logging
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import TestSupport
import Testing

@testable import API

/// Many streams of one session: each sees all that comes after its beginning, once and in order.
@Suite(.timeLimit(.minutes(5))) struct StreamsTests {
  private static func message(_ text: String) -> NewEvent {
    NewEvent(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }

  private static func session(_ api: APIBench) async throws -> String {
    try await api.path.database.write { [sessions = api.path.sessions] tx in
      try sessions.create(
        tx, NewSession(agent: ["name": "tester"], environmentID: nil, environment: ["type": "cloud"])
      ).id
    }
  }

  private static func open(
    _ api: APIBench, _ session: String, _ query: String = ""
  ) async throws -> HTTPClient.StreamingResponse {
    let stream = try await api.client.stream(
      HTTPClient.Request(
        url: api.url("/v1/sessions/\(session)/events/stream\(query)"),
        headers: [(name: "x-api-key", value: APIBench.key)], timeout: nil))
    #expect(stream.status == 200)
    return stream
  }

  /// The frames' objects, up to the first that ends it.
  private static func frames(
    _ stream: HTTPClient.StreamingResponse, until isLast: (JSON) -> Bool
  ) async throws -> [JSON] {
    var (events, frames) = (ServerSentEvents(limit: 32 << 20), [JSON]())
    for try await bytes in stream.body {
      for event in try events.read(bytes) {
        let frame = try JSON(parsing: event.data)
        #expect(frame["type"]?.stringValue == event.type)
        frames.append(frame)
        if isLast(frame) { return frames }
      }
    }
    return frames
  }

  private static func text(_ frame: JSON) -> String? { frame["content"]?[0]?["text"]?.stringValue }

  @Test func `streams that open while events come miss none, see none twice and none out of order`()
    async throws
  {
    try await withAPI { api in
      let session = try await Self.session(api)
      let count = 200
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 0..<count {
            // Several in one commit, and several commits at a time.
            async let one: Void = api.path.send(
              session, Self.message("\(number)"), Self.message("\(number)b"))
            async let two: Void = api.path.send(session, Self.message("\(number)c"))
            _ = try await (one, two)
          }
          try await api.path.send(session, Self.message("end"))
        }
        for _ in 0..<24 {
          group.addTask {
            let stream = try await Self.open(api, session)
            // As a client does that wants everything: first the stream, then the list.
            let listed = try await api.path.database.read { [sessions = api.path.sessions] tx in
              try sessions.events(
                tx, of: session, EventFilter(), descending: false, after: nil, limit: 10_000)
            }.map(\.id)
            let streamed = try await Self.frames(stream) { Self.text($0) == "end" }
              .compactMap { $0["id"]?.stringValue }
            let all = try await api.path.database.read { [sessions = api.path.sessions] tx in
              try sessions.events(
                tx, of: session, EventFilter(), descending: false, after: nil, limit: 10_000)
            }.map(\.id)
            #expect(all.count == 3 * count + 1)
            #expect(streamed == Array(all.suffix(streamed.count)))
            #expect(listed + streamed.filter { !listed.contains($0) } == all)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `a stream that opens later sees what comes later, and the end of the session ends them all`()
    async throws
  {
    try await withAPI { api in
      let session = try await Self.session(api)
      let first = try await Self.open(api, session)
      try await api.path.send(session, Self.message("one"))
      try await api.path.work()
      let second = try await Self.open(api, session)
      try await api.path.send(session, Self.message("two"))
      try await api.path.work()
      #expect(try await api.send("DELETE", "/v1/sessions/\(session)").status == 200)
      let (one, two) = (
        try await Self.frames(first) { _ in false }, try await Self.frames(second) { _ in false }
      )
      #expect(Set(one.compactMap(Self.text)) == ["one", "two", "Done."])
      #expect(Set(two.compactMap(Self.text)) == ["two", "Done."])
      #expect(one.suffix(two.count) == two[...])
      #expect(two.last?["type"] == "session.deleted")
      try await api.path.until { api.server.statistics.streams == 0 }
    }
  }

  @Test func `a terminated session ends its streams, and one that opens later at once`() async throws {
    try await withAPI { api in
      let session = try await Self.session(api)
      let open = try await Self.open(api, session)
      #expect(try await api.send("POST", "/v1/sessions/\(session)/archive").status == 200)
      let frames = try await Self.frames(open) { _ in false }
      #expect(frames.last?["type"] == "session.status_terminated")
      #expect(try await Self.frames(Self.open(api, session)) { _ in false } == [])
    }
  }

  @Test func `a long event does not end the streams of those who read`() async throws {
    try await withAPI { api in
      let session = try await Self.session(api)
      let stream = try await Self.open(api, session)
      // Longer than what may wait of short events, and told of twice.
      let text = String(repeating: "x", count: 9 << 20)
      try await api.path.send(session, Self.message(text))
      try await api.path.work()
      let frames = try await Self.frames(stream) { $0["type"] == "session.status_idle" }
      #expect(frames.filter { Self.text($0) == text }.count == 2)
      #expect(frames.last?["type"] == "session.status_idle")
    }
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\u{2028}b\u{2029}c\u{85}d", "a\\u2028b\\u2029c\\u0085d"),
    ("é→ \u{2027}", "é→ \u{2027}"),
  ])
  func `no frame holds a line end that some clients part lines at`(text: String, frame: String) throws {
    let line = Broadcasts.onOneLine(JSON.string(text).bytes)
    #expect(String(decoding: line, as: UTF8.self) == "\"\(frame)\"")
    #expect(try JSON(parsing: line) == .string(text))
  }

  @Test func `glimpses go to those who asked for them, before their event, and to nobody else`() async throws
  {
    try await withAPI { api in
      try await api.path.apply(JobDefinition())
      let run = try await api.path.started()
      let plain = try await Self.open(api, run.session)
      let glimpsing = try await Self.open(api, run.session, "?event_deltas[]=agent.message")
      let thinking = try await Self.open(api, run.session, "?event_deltas[]=agent.thinking")
      api.path.driver.play { session in
        _ = try await session.take()
        _ = try await session.open(from: 0)
        session.preview(.start(.agentMessage, id: "sevt_said"))
        session.preview(.text("Do", index: 0, id: "sevt_said"))
        session.preview(.text("ne.", index: 0, id: "sevt_said"))
        try await session.record([
          NewEvent(.agentMessage, ["content": [["type": "text", "text": "Done."]]], id: "sevt_said")
        ])
        return .idle(.endTurn)
      }
      try await api.path.work()
      func isIdle(_ frame: JSON) -> Bool { frame["type"] == "session.status_idle" }
      let events = try await Self.frames(plain, until: isIdle)
      let glimpses = try await Self.frames(glimpsing, until: isIdle)
      #expect(!events.contains { $0["type"] == "event_start" })
      #expect(try await Self.frames(thinking, until: isIdle) == events)
      let added = glimpses.filter { $0["type"] == "event_start" || $0["type"] == "event_delta" }
      #expect(added.map { $0["type"] } == ["event_start", "event_delta", "event_delta"])
      #expect(added.compactMap { $0["delta"]?["content"]?["text"]?.stringValue } == ["Do", "ne."])
      #expect(glimpses.filter { !added.contains($0) } == events)
      let types = glimpses.map { $0["type"]?.stringValue ?? "" }
      let said = try #require(types.firstIndex(of: "agent.message"))
      #expect(types.lastIndex(of: "event_delta").map { $0 < said } == true)
    }
  }

  @Test func `a client that reads too slowly is dropped with one line in the log, and the others go on`()
    async throws
  {
    let lines = Lock<[String]>([])
    try await withAPI(log: Logger(label: "test") { _ in LineLog(lines) }) { api in
      let session = try await Self.session(api)
      let stuck = try StuckClient(port: api.server.port, path: "/v1/sessions/\(session)/events/stream")
      let reading = try await Self.open(api, session)
      try await api.path.until { api.server.statistics.streams == 2 }
      let long = String(repeating: "a", count: 1 << 20)
      let seen = Lock(0)
      async let read = Self.frames(reading) { frame in
        seen.withLock { $0 += 1 }
        return Self.text(frame) == "end"
      }
      var sent = 0
      while api.server.statistics.droppedStreams == 0 {
        try await api.path.send(session, Self.message("\(sent) \(long)"))
        sent += 1
        try #require(sent < 200)
        // On a machine with much to do, this one shall not be the slow one.
        try await api.path.until { [sent] in seen.withLock { $0 } == sent }
      }
      try await api.path.send(session, Self.message("end"))
      let numbers = try await read.compactMap(Self.text).map { String($0.split(separator: " ")[0]) }
      #expect(numbers == (0..<sent).map { "\($0)" } + ["end"])
      #expect(api.server.statistics.droppedStreams == 1)
      #expect(
        lines.withLock { $0 }.filter { $0.contains("stream") } == [
          "Dropped the stream /v1/sessions/\(session)/events/stream of 127.0.0.1: the client reads too slowly."
        ])
      stuck.close()
    }
  }

  @Test func `an event longer than what may wait for a client reaches one that reads`() async throws {
    try await withAPI { api in
      let session = try await Self.session(api)
      let stream = try await Self.open(api, session)
      let long = String(repeating: "a", count: Broadcasts.waitingLimit + 1)
      try await api.path.send(session, Self.message(long))
      let frames = try await Self.frames(stream) { _ in true }
      #expect(frames.first.flatMap(Self.text)?.utf8.count == long.utf8.count)
    }
  }

  @Test(arguments: [[], [1], [65_536], [65_535, 1, 1], [40_000, 30_000, 10, 70_000, 5]])
  func `frames are put together up to a size, in order`(sizes: [Int]) {
    let frames = sizes.enumerated().map { [UInt8](repeating: UInt8($0), count: $1) }
    let pieces = Broadcasts.pieces(frames)
    #expect(Array(pieces.joined()) == Array(frames.joined()))
    #expect(pieces.allSatisfy { $0.count <= max(Broadcasts.pieceSize, sizes.max() ?? 0) })
    #expect(pieces.count <= max(1, sizes.reduce(0, +) / Broadcasts.pieceSize * 2 + 1))
  }
}

/// Asks for a stream and never reads it.
private struct StuckClient {
  private let descriptor: Int32

  init(port: UInt16, path: String) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var size: Int32 = 4096
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    let head = "GET \(path) HTTP/1.1\r\nHost: a\r\nx-api-key: \(APIBench.key)\r\n\r\n"
    try #require(send(descriptor, head, head.utf8.count, Int32(MSG_NOSIGNAL)) == head.utf8.count)
  }

  func close() { Glibc.close(descriptor) }
}
