import HTTPServer
import Hooks
import JSON
import PathSupport
import Primitives
import Signatures
import TestSupport
import Testing

@testable import API

@Suite(.timeLimit(.minutes(5))) struct ReceiptsRouteTests {
  private static func send(_ api: APIBench, _ body: String, id: String) async throws -> APIBench.Answer {
    let time = api.path.clock.now.seconds
    let signer = try StandardWebhooks(secrets: [Path.secret])
    return try await api.send(
      "POST", "/hooks/desk", Array(body.utf8),
      headers: [
        ("webhook-id", id), ("webhook-timestamp", "\(time)"), ("content-type", "application/json"),
        ("webhook-signature", signer.sign(id: id, timestamp: time, body: Array(body.utf8))),
      ])
  }

  @Test func `receipts are listed, explained and played again`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      #expect(try await Self.send(api, #"{"type": "door.broken"}"#, id: "a").status == 202)
      api.path.clock.advance(by: .seconds(1))
      #expect(try await Self.send(api, "no JSON", id: "b").status == 400)
      let list = try await api.get("/v1/receipts").json["data"]?.arrayValue ?? []
      #expect(list.map { $0["state"] } == ["refused", "taken"])
      #expect(list.map { $0["event"] } == [nil, "door.broken"] as [JSON])
      let id = try #require(list.first?["id"]?.stringValue)
      #expect(
        try await api.get("/v1/ids/\(id.suffix(6))").json["data"] == [["id": .string(id), "type": "id"]])
      let page = try await api.get("/v1/receipts?limit=1").json
      #expect(page["data"]?.arrayValue?.count == 1)
      #expect(page["next_page"]?.stringValue != nil)
      #expect(try await api.get("/v1/receipts?state=taken&source=none").json["data"] == [])
      let why = try await api.get("/v1/why/\(id)").json
      #expect(why["state"] == "refused")
      #expect(why["sentence"]?.stringValue?.contains("The body can't be read: ") == true)
      #expect(why["sentence"]?.stringValue?.contains("`errand hooks replay \(id)`") == true)
      // It is what it was.
      let replayed = try await api.post("/v1/receipts/\(id)/replay", [:])
      #expect(replayed.status == 409)
      #expect(replayed.message.hasPrefix("The body can't be read: "))
      #expect(try await api.post("/v1/receipts/rcpt_none/replay", [:]).status == 404)
      let taken = try #require(list.last?["id"]?.stringValue)
      #expect(try await api.post("/v1/receipts/\(taken)/replay", [:]).status == 409)
    }
  }
}
