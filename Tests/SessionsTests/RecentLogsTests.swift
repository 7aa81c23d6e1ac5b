import JSON
import Primitives
import Store
import Testing

@testable import Sessions

@Suite struct `Logs that were read lately` {
  private func events(_ positions: ClosedRange<Int64>, text: String = "") -> [Event] {
    positions.map { position in
      Event(
        id: "sevt_\(position)", type: .agentMessage, body: ["text": .string(text)], hidden: nil,
        position: position, arrival: nil, batch: nil, revision: position,
        processedAt: Timestamp(seconds: position))
    }
  }

  @Test func `are kept when they are long`() {
    let recent = RecentLogs()
    recent.keep(events(1...100), of: "a")
    recent.keep(events(1...10), of: "b")
    #expect(recent.log(of: "a").count == 100)
    #expect(recent.log(of: "b").isEmpty)
    recent.forget("a")
    #expect(recent.log(of: "a").isEmpty)
  }

  @Test func `never become shorter`() {
    let recent = RecentLogs()
    recent.keep(events(1...120), of: "a")
    // Two drives may end in the other order.
    recent.keep(events(1...100), of: "a")
    #expect(recent.log(of: "a").count == 120)
  }

  @Test func `give way to others, the one used longest ago first`() {
    let recent = RecentLogs(limit: 100_000)
    for session in ["a", "b", "c"] { recent.keep(events(1...70), of: session) }
    recent.keep(events(1...71), of: "a")
    recent.keep(events(1...70), of: "d")
    #expect(recent.log(of: "b").isEmpty)
    for session in ["a", "c", "d"] { #expect(!recent.log(of: session).isEmpty, "\(session)") }
    // One that is too long by itself drives out no other.
    recent.keep(events(1...70, text: String(repeating: "x", count: 2_000)), of: "e")
    #expect(recent.log(of: "e").isEmpty)
    #expect(!recent.log(of: "d").isEmpty)
  }

  @Test func `are completed by what is new, and go with their session`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, NewEvent(.userMessage, ["content": []]))
    let session = try await fixture.driven(fixture.claim())
    _ = try await session.take()
    for round in 1...3 {
      try await session.record((0..<50).map { NewEvent(.agentMessage, ["text": "\(round).\($0)"]) })
      let log = try await session.log()
      let stored = try await fixture.database.read { tx in try fixture.sessions.log(tx, id) }
      #expect(log == stored)
      #expect(log.count == 3 + 50 * round)
      #expect(fixture.sessions.recentLogs.log(of: id) == (log.count < RecentLogs.shortest ? [] : log))
    }
    #expect(try await fixture.settle(session.claim, .idle(.endTurn)))
    try await fixture.database.write { tx in try fixture.sessions.delete(tx, id) }
    #expect(fixture.sessions.recentLogs.log(of: id).isEmpty)
  }
}
