import JSON
import Primitives
import Store
import TestSupport
import Testing

@testable import Sessions

@Suite struct `A list of events` {
  /// A session whose log has messages and other events in turn, with inputs that wait behind it.
  private func session(_ fixture: SessionFixture, events: Int, waiting: Int) async throws -> String {
    let id = try await fixture.session()
    _ = try await fixture.database.write { [sessions = fixture.sessions] tx in
      let log = (0..<events).map { place in
        NewEvent(
          place.isMultiple(of: 10) ? .agentMessage : .agentThinking,
          ["content": [["type": "text", "text": .string("\(place)")]]])
      }
      return try sessions.edit(tx, id) { try $0.record(log) }
    }
    for place in 0..<waiting { _ = try await fixture.send(id, .message("waiting \(place)")) }
    return id
  }

  /// Every page until the last.
  private func pages(
    _ fixture: SessionFixture, _ id: String, _ filter: EventFilter = EventFilter(), descending: Bool,
    limit: Int,
    between: () async throws -> Void = {}
  ) async throws -> [Event] {
    var place: EventPlace?
    var all: [Event] = []
    while true {
      let after = place
      let (page, end) = try await fixture.database.read { [sessions = fixture.sessions] tx in
        (
          try sessions.events(tx, of: id, filter, descending: descending, after: after, limit: limit),
          try sessions.session(tx, id).revision
        )
      }
      if page.isEmpty { return all }
      all += page
      var next = Sessions.place(after: page, place, descending: descending)
      next.horizon = place?.horizon ?? end
      place = next
      try await between()
    }
  }

  @Test(arguments: [false, true], [1, 7, 1000])
  func `shows the log and then what waits, each once, in both orders`(descending: Bool, limit: Int)
    async throws
  {
    let fixture = try await SessionFixture()
    let id = try await session(fixture, events: 30, waiting: 5)
    let shown = try await pages(fixture, id, descending: descending, limit: limit)
    let ordered = descending ? Array(shown.reversed()) : shown
    #expect(ordered.count == 35 && Set(ordered.map(\.id)).count == 35)
    #expect(ordered.prefix(30).compactMap(\.position) == Array(1...30).map(Int64.init))
    #expect(ordered.suffix(5).compactMap(\.arrival) == [1, 2, 3, 4, 5])
  }

  @Test(arguments: [false, true])
  func `misses and repeats nothing of what is taken while somebody pages`(descending: Bool) async throws {
    let fixture = try await SessionFixture()
    let id = try await session(fixture, events: 6, waiting: 4)
    let claim = try await fixture.claim()
    let shown = try await pages(fixture, id, descending: descending, limit: 2) {
      _ = try await fixture.driven(claim).take()
    }
    let inputs = shown.filter { $0.type == .userMessage }
    #expect(inputs.count == 4 && Set(inputs.map(\.id)).count == 4)
    #expect(Set(shown.map(\.id)).count == shown.count)
  }

  @Test(arguments: [["agent.message"], ["agent.message", "user.message"]])
  func `sieves by type`(types: [String]) async throws {
    let fixture = try await SessionFixture()
    let id = try await session(fixture, events: 40, waiting: 2)
    var filter = EventFilter()
    filter.types = types
    let shown = try await pages(fixture, id, filter, descending: false, limit: 3)
    #expect(shown.count == (types.count == 1 ? 4 : 6))
    #expect(shown.allSatisfy { types.contains($0.type.rawValue) })
  }

  @Test(arguments: [[], ["agent.message"], ["agent.message", "user.message"]], [false, true])
  func `is read from an index, however long the log is`(types: [String], descending: Bool) async throws {
    let fixture = try await SessionFixture()
    let id = try await session(fixture, events: 10_000, waiting: 1)
    var filter = EventFilter()
    filter.types = types
    let wanted = filter
    for isProcessed in [true, false] {
      for place in [nil, EventPlace(revision: 5_000), EventPlace(arrival: 1, horizon: 10_000)] {
        let query = Sessions.query(
          of: id, wanted, isProcessed: isProcessed, descending: descending, after: place, limit: 100)
        let plan = try await fixture.plan(query.sql, query.values)
        #expect(plan.count == 1 && plan[0].contains("USING INDEX"), "\(plan)")
        #expect(!plan.joined().contains("TEMP B-TREE"), "\(plan)")
      }
    }
  }

  @Test func `has answers where they were received, as the streams do, and with the same time`() async throws
  {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let session = try await fixture.driven(fixture.claim())
    _ = try await session.take()
    fixture.clock.advance(by: .seconds(1))
    let sent = try await fixture.send(id, NewEvent(.userCustomToolResult, ["custom_tool_use_id": "sevt_use"]))
    fixture.clock.advance(by: .seconds(1))
    try await session.record([NewEvent(.agentToolResult, ["tool_use_id": "sevt_other"])])
    let waiting = try await pages(fixture, id, descending: false, limit: 2)
    fixture.clock.advance(by: .seconds(1))
    #expect(try await session.take().map(\.processedAt) == sent.map(\.processedAt))
    for limit in [1, 2, 1000] {
      let shown = try await pages(fixture, id, descending: false, limit: limit)
      #expect(shown.map(\.id) == waiting.map(\.id))
      #expect(
        shown.map(\.type) == [
          .userMessage, .threadRunning, .statusRunning, .userCustomToolResult, .agentToolResult,
        ])
      #expect(shown[3].processedAt == sent[0].processedAt)
      let times = shown.compactMap(\.processedAt)
      #expect(times == times.sorted())
    }
  }

  @Test func `whether a tool use is answered is looked up, however long the log is`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    let uses = try await fixture.database.write { tx in
      try fixture.sessions.edit(tx, id) { session in
        try session.record(
          (0..<3).map { NewEvent(.agentToolUse, ["name": "bash", "text": "number \($0)"]) }
            + [NewEvent(.agentCustomToolUse, ["name": "ask"])])
      }
    }
    func isAnswered(_ use: Int, _ type: EventType) async throws -> Bool {
      try await fixture.database.read { tx in
        try fixture.sessions.isAnswered(tx, uses[use], in: id, by: type)
      }
    }
    #expect(try await !isAnswered(0, .userToolConfirmation))
    _ = try await fixture.send(
      id, NewEvent(.userToolConfirmation, ["tool_use_id": .string(uses[0].id), "result": "allow"]),
      NewEvent(.userCustomToolResult, ["custom_tool_use_id": .string(uses[3].id)]),
      // A message that only talks of it is no answer.
      NewEvent(.userMessage, ["content": [["type": "text", "text": .string(uses[1].id)]]]))
    _ = try await fixture.database.write { tx in
      try fixture.sessions.edit(tx, id) { session in
        try session.record([NewEvent(.agentToolResult, ["tool_use_id": .string(uses[2].id)])])
      }
    }
    #expect(try await isAnswered(0, .userToolConfirmation))
    #expect(try await !isAnswered(0, .userToolResult))
    #expect(try await !isAnswered(1, .userToolConfirmation))
    #expect(try await isAnswered(2, .userToolConfirmation))
    #expect(try await isAnswered(3, .userCustomToolResult))
    let query = Sessions.answers(to: uses[0].id, in: id, by: .userToolConfirmation)
    let plan = try await fixture.plan(query.sql, query.values)
    #expect(plan.count == 1 && plan[0].contains("events_by_answer"), "\(plan)")
  }

  @Test(arguments: ["\(Sessions.columns) WHERE s.id = $1", Sessions.unreadCount])
  func `what waits for a session is looked up, however long its log is`(sql: String) async throws {
    let plan = try await SessionFixture().plan(sql, ["sesn_1"])
    let ofEvents = plan.filter { $0.contains("events") || $0.contains(" e ") }
    let lookUp = "events_unread (session_id=? AND arrival>?)"
    #expect(ofEvents.count == 1 && ofEvents[0].contains(lookUp), "\(plan)")
  }
}
