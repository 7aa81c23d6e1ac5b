import HTTPServer
import JSON
import Primitives
import Testing

@testable import CLI

@Suite struct SessionFollowerTests {
  private static func event(_ id: String, _ type: String, processed: Bool = true) -> JSON {
    [
      "id": .string(id), "type": .string(type),
      "processed_at": processed ? .string("2026-11-12T09:15:42Z") : .null,
    ]
  }

  private static func frame(_ event: JSON) -> [UInt8] {
    Array("event: \(event["type"]?.stringValue ?? "")\ndata: ".utf8) + event.bytes + Array("\n\n".utf8)
  }

  @Test(.timeLimit(.minutes(5)))
  func `history and stream are one log, and every event is shown once`() async throws {
    let scripted = try ScriptedServer { request in
      if request.path.hasSuffix("/stream") {
        let channel = ByteChannel()
        for event in [
          Self.event("1", "user.message"), Self.event("2", "agent.message"),
          Self.event("3", "user.message", processed: false), Self.event("3", "user.message"),
          Self.event("4", "session.status_idle"),
        ] { channel.send(Self.frame(event)) }
        return HTTPResponse(
          status: 200, headers: [("content-type", "text/event-stream")], body: .stream(channel))
      }
      return ScriptedServer.json(["data": [Self.event("1", "user.message")], "next_page": nil])
    }
    let shown = Lock<[String]>([])
    let follower = SessionFollower(try Server(url: scripted.url, key: .option("k")), session: "sesn_1") {
      event in
      shown.withLock { $0.append(event["id"]?.stringValue ?? "") }
    }
    try await follower.follow(until: { shown.withLock { $0.contains("4") } })
    #expect(shown.withLock { $0 } == ["1", "2", "3", "4"])
  }

  @Test(.timeLimit(.minutes(5)))
  func `a stream that breaks off is opened again, and what was missed is listed`() async throws {
    let streams = Lock(0)
    let scripted = try ScriptedServer { request in
      if request.path.hasSuffix("/stream") {
        let channel = ByteChannel()
        let number = streams.withLock { count in
          count += 1
          return count
        }
        if number == 1 {
          channel.send(Self.frame(Self.event("1", "agent.message")))
          channel.finish()
        }
        return HTTPResponse(
          status: 200, headers: [("content-type", "text/event-stream")], body: .stream(channel))
      }
      let missed = streams.withLock { $0 } > 1 ? [Self.event("2", "session.status_idle")] : []
      return ScriptedServer.json(["data": .array(missed), "next_page": nil])
    }
    let shown = Lock<[String]>([])
    let follower = SessionFollower(try Server(url: scripted.url, key: .option("k")), session: "sesn_1") {
      event in
      shown.withLock { $0.append(event["id"]?.stringValue ?? "") }
    }
    try await follower.follow(until: { shown.withLock { $0.contains("2") } })
    #expect(shown.withLock { $0 } == ["1", "2"])
    #expect(streams.withLock { $0 } == 2)
  }

  @Test(.timeLimit(.minutes(5)))
  func `all pages of a log are listed`() async throws {
    let scripted = try ScriptedServer { request in
      let isSecond = request.query.contains { $0.name == "page" && $0.value == "page_2" }
      let events = isSecond ? [Self.event("2", "agent.message")] : [Self.event("1", "agent.message")]
      return ScriptedServer.json(["data": .array(events), "next_page": isSecond ? .null : "page_2"])
    }
    let shown = Lock<[String]>([])
    let follower = SessionFollower(try Server(url: scripted.url, key: .option("k")), session: "sesn_1") {
      event in
      shown.withLock { $0.append(event["id"]?.stringValue ?? "") }
    }
    try await follower.list()
    #expect(shown.withLock { $0 } == ["1", "2"])
  }
}
