import JSON
import PathSupport
import Primitives
import Queue
import Runs
import Store
import TestSupport
import Testing

@testable import Sessions

@Suite struct SessionsTests {
  @Test func `a message makes the session due and opens a turn when it is taken`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    let sent = try await fixture.send(id, .message("hello"))
    #expect(sent[0].processedAt == nil)
    #expect(sent[0].arrival == 1)
    let claim = try await fixture.claim()
    #expect(claim.ref == id)
    let taken = try await fixture.driven(claim).take()
    #expect(taken.map(\.id) == [sent[0].id])
    #expect(taken[0].processedAt == fixture.clock.now)
    #expect(
      try await fixture.log(id) == [
        "user.message", "session.thread_status_running", "session.status_running",
      ])
    #expect(try await fixture.row(id).status == .running)
    #expect(fixture.settling.told == ["began"])
  }

  @Test func `an end of turn writes thread, usage and session in this order and finishes the item`()
    async throws
  {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("hello"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    #expect(try await fixture.settle(claim, .idle(.endTurn)))
    #expect(
      try await fixture.log(id).suffix(3) == [
        "session.thread_status_idle", "session.usage", "session.status_idle",
      ])
    #expect(try await fixture.item(id) == nil)
    #expect(fixture.settling.told == ["began", "settled idle(Sessions.StopReason.endTurn)"])
  }

  @Test func `an end of turn is refused while a message waits, and writes nothing`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    _ = try await fixture.send(id, .message("two"))
    let before = try await fixture.log(id)
    #expect(try await fixture.settle(claim, .idle(.endTurn)) == false)
    #expect(try await fixture.log(id) == before)
    #expect(try await fixture.driven(claim).take().count == 1)
    #expect(try await fixture.settle(claim, .idle(.endTurn)))
  }

  @Test func `an interrupt overtakes, and what is queued behind it starts the next turn`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    _ = try await fixture.send(id, .message("two"), NewEvent(.userInterrupt))
    #expect(try await fixture.driven(claim).take().map(\.type) == [.userInterrupt])
    #expect(try await fixture.settle(claim, .interrupted))
    #expect(try await fixture.item(id)?.worker == nil)
    let next = try await fixture.claim()
    #expect(try await fixture.driven(next).take().map(\.type) == [.userMessage])
  }

  @Test func `while the agent waits for an answer, messages stay queued`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    #expect(try await fixture.settle(claim, .waiting(["sevt_use"])))
    #expect(try await fixture.row(id).blocked == ["sevt_use"])
    _ = try await fixture.send(
      id, .message("two"),
      NewEvent(.userToolConfirmation, ["tool_use_id": "sevt_use", "result": "allow"]))
    let next = try await fixture.claim()
    #expect(try await fixture.driven(next).take().map(\.type) == [.userToolConfirmation])
    #expect(try await fixture.driven(next).take().map(\.type) == [.userMessage])
  }

  @Test(arguments: [false, true])
  func `an interrupt takes the answers along, whichever came first, and nothing follows`(isFirst: Bool)
    async throws
  {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    #expect(try await fixture.settle(claim, .waiting(["sevt_use"])))
    let answer = NewEvent(.userToolConfirmation, ["tool_use_id": "sevt_use", "result": "allow"])
    let interrupt = NewEvent(.userInterrupt)
    _ = try await isFirst ? fixture.send(id, interrupt, answer) : fixture.send(id, answer, interrupt)
    let next = try await fixture.claim()
    #expect(try await fixture.driven(next).take().map(\.type) == [.userToolConfirmation, .userInterrupt])
    #expect(try await !fixture.row(id).turnOpen)
    #expect(try await fixture.settle(next, .interrupted))
    #expect(
      try await fixture.log(id).suffix(3) == [
        "session.thread_status_idle", "session.usage", "session.status_idle",
      ])
    #expect(try await fixture.row(id).stopReason?["type"] == "end_turn")
    #expect(try await fixture.item(id) == nil)
  }

  @Test func `an answer to a call that is closed starts nothing`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    #expect(try await fixture.settle(claim, .idle(.endTurn)))
    _ = try await fixture.send(id, NewEvent(.userCustomToolResult, ["custom_tool_use_id": "sevt_use"]))
    let next = try await fixture.claim()
    #expect(try await fixture.driven(next).take().map(\.type) == [.userCustomToolResult])
    #expect(try await !fixture.row(id).turnOpen)
  }

  @Test func `the usage that is told at the end is the session's own`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    // Every look at it shows a later time.
    fixture.clock.advance(by: .milliseconds(1_234))
    let ticking = Sessions(
      database: fixture.database, queue: fixture.queue,
      time: Time(
        now: {
          fixture.clock.advance(by: .microseconds(7))
          return fixture.clock.now
        }, sleep: fixture.clock.time.sleep))
    _ = try await fixture.database.write { tx in try ticking.settle(tx, claim, .idle(.endTurn)) }
    let row = try await fixture.row(id)
    let told = try await fixture.database.read { tx in try fixture.sessions.last(tx, id, .usage) }
    #expect(told?.body["usage"] == row.usageJSON(at: fixture.clock.time.moment()))
  }

  @Test func `an answer that came meanwhile refuses the wait`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    _ = try await fixture.send(
      id, NewEvent(.userCustomToolResult, ["custom_tool_use_id": "sevt_use"]))
    #expect(try await fixture.settle(claim, .waiting(["sevt_use"])) == false)
  }

  @Test func `the same key stores an input once`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    let first = try await fixture.send(id, .message("one"), .message("two"), key: "k")
    let second = try await fixture.send(id, .message("one"), .message("two"), key: "k")
    #expect(first.map(\.id) == second.map(\.id))
    #expect(try await fixture.row(id).lastArrival == 2)
  }

  @Test func `a lost lease writes nothing`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let lost = try await fixture.claim()
    try await fixture.database.write { tx in
      try fixture.queue.reschedule(tx, lost, due: fixture.clock.now, failed: false)
    }
    _ = try await fixture.claim()
    await #expect(throws: QueueError.self) { try await fixture.driven(lost).take() }
    await #expect(throws: QueueError.self) {
      try await fixture.driven(lost).record([NewEvent(.agentMessage, ["content": []])])
    }
    await #expect(throws: QueueError.self) { try await fixture.settle(lost, .idle(.endTurn)) }
    #expect(try await fixture.log(id) == [])
  }

  @Test func `a closed session refuses input and flushes what was queued, with the reason`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    try await fixture.database.write { tx in
      try fixture.sessions.edit(tx, id) { try $0.closeDoor(because: "its run was cancelled") }
    }
    let log = try await fixture.database.read { tx in try fixture.sessions.log(tx, id) }
    #expect(log.map(\.isFlushed) == [true])
    #expect(log[0].hidden?["flushed"] == "its run was cancelled")
    await #expect(throws: SessionError.closed(id: id, reason: "its run was cancelled")) {
      try await fixture.send(id, .message("two"))
    }
  }

  @Test func `a second outcome waits for the first to be decided`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    let outcome = NewEvent(
      .userDefineOutcome, ["description": "d", "rubric": ["type": "text", "content": "r"]])
    let stored = try await fixture.send(id, outcome)
    #expect(stored[0].body["outcome_id"]?.stringValue?.hasPrefix("outc_") == true)
    await #expect(throws: SessionError.outcomeActive(id: id)) { try await fixture.send(id, outcome) }
  }

  @Test func `exhausted retries flush queued input`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    _ = try await fixture.send(id, .message("two"))
    #expect(try await fixture.settle(claim, .idle(.retriesExhausted)))
    let log = try await fixture.database.read { tx in try fixture.sessions.log(tx, id) }
    #expect(log.filter(\.isFlushed).count == 1)
    #expect(log.last?.body["stop_reason"]?["type"] == "retries_exhausted")
    // Due once more because of the wake, and free for whoever finds nothing to do.
    #expect(try await fixture.item(id)?.worker == nil)
  }

  @Test func `a follower sees an input arrive and sees it taken`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    let revision = try await fixture.row(id).revision
    var pages = fixture.sessions.follow(id, after: revision).makeAsyncIterator()
    let sent = try await fixture.send(id, .message("one"))
    let arrived = try await pages.next()?.compactMap(\.event)
    #expect(arrived?.map(\.id) == [sent[0].id])
    #expect(arrived?.first?.processedAt == nil)
    _ = try await fixture.driven(fixture.claim()).take()
    let taken = try await pages.next()?.compactMap(\.event)
    #expect(taken?.first?.id == sent[0].id)
    #expect(taken?.first?.processedAt != nil)
    #expect(taken?.dropFirst().map(\.type) == [.threadRunning, .statusRunning])
    try await fixture.database.write { tx in try tx.run("DELETE FROM sessions WHERE id = $1", id) }
    fixture.sessions.signals.ring(id)
    #expect(try await pages.next()?.compactMap(\.event?.type) == [.deleted])
    #expect(try await pages.next() == nil)
  }

  @Test func `searches of the web are counted in the usage`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    for hidden in [["web_searches": 1], nil, ["web_searches": 1]] as [JSON?] {
      _ = try await fixture.database.write { tx in
        try fixture.sessions.edit(tx, id) { session in
          try session.record([NewEvent(.agentToolResult, ["content": []], hidden: hidden)])
        }
      }
    }
    let usage = try await fixture.row(id).usageJSON(at: fixture.clock.time.moment())
    #expect(usage["server_tool_use"] == ["web_search_requests": 2, "web_fetch_requests": 0])
  }

  @Test(arguments: [86_400, -86_400]) func `active time does not follow a step of the wall clock`(step: Int)
    async throws
  {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    func seconds() async throws -> [String?] {
      let shown = try await fixture.row(id).json(at: fixture.clock.time.moment())
      return [shown["stats"]?["active_seconds"]?.text, shown["usage"]?["active_seconds"]?.text]
    }
    func record(_ type: EventType) async throws {
      _ = try await fixture.database.write { [sessions = fixture.sessions] tx in
        try sessions.edit(tx, id) { session in try session.record([NewEvent(type)]) }
      }
    }
    try await record(.statusRunning)
    fixture.clock.advance(by: .seconds(5))
    fixture.clock.step(by: .seconds(step))
    #expect(try await seconds() == ["5.0", "5.0"])
    fixture.clock.advance(by: .seconds(5))
    try await record(.statusIdle)
    fixture.clock.step(by: .seconds(-step))
    #expect(try await seconds() == ["10.0", "10.0"])
  }

  @Test
  func `after a restart of the machine only the time counts in which a session is known to have worked`()
    async throws
  {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    func record(_ type: EventType) async throws {
      _ = try await fixture.database.write { [sessions = fixture.sessions] tx in
        try sessions.edit(tx, id) { session in try session.record([NewEvent(type)]) }
      }
    }
    try await record(.statusRunning)
    fixture.clock.advance(by: .seconds(7))
    try await record(.threadRunning)
    fixture.clock.advance(by: .seconds(3600))
    var later = fixture.clock.time.moment()
    later.boot = "another"
    later.elapsed = .seconds(3)
    #expect(try await fixture.row(id).json(at: later)["stats"]?["active_seconds"]?.text == "7.0")
  }

  @Test func `active time counts open turns only`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    fixture.clock.advance(by: .seconds(5))
    _ = try await fixture.driven(claim).take()
    fixture.clock.advance(by: .seconds(7))
    _ = try await fixture.settle(claim, .idle(.endTurn))
    fixture.clock.advance(by: .seconds(11))
    #expect(try await fixture.row(id).active == .seconds(7))
  }

  @Test func `a follower in another process sees what is written here`() async throws {
    try await withPath { path in
      let other = try await Path(sharing: path)
      let listening = Task { try await other.sessions.listenToOthers() }
      try await path.apply(JobDefinition())
      let run = try await path.started()
      let revision = try await path.session(run.session).revision
      let following = other.sessions.follow(run.session, after: revision)
      let seen = Task {
        var types: [EventType] = []
        for try await page in following {
          types += page.compactMap(\.event?.type)
          if types.contains(.agentMessage) { break }
        }
        return types
      }
      path.driver.play { session in
        _ = try await session.take()
        try await session.record([NewEvent(.agentMessage, ["content": []])])
        // Nothing else is written that could ring, until the other process has seen it.
        _ = try await seen.value
        return .idle(.endTurn)
      }
      try await path.work()
      #expect(try await seen.value == [.userMessage, .threadRunning, .statusRunning, .agentMessage])
      listening.cancel()
      _ = await listening.result
      await other.close()
    }
  }

  @Test func `an interrupt that nobody took goes with the door, and rings for nothing more`() async throws {
    let fixture = try await SessionFixture()
    let id = try await fixture.session()
    _ = try await fixture.send(id, .message("one"))
    let claim = try await fixture.claim()
    _ = try await fixture.driven(claim).take()
    try await fixture.database.write { tx in
      try fixture.sessions.edit(tx, id) { session in
        try session.closeDoor(because: "It was cancelled.", interrupting: true)
      }
      try fixture.sessions.edit(tx, id) { try $0.closeDoor(because: "its run has ended") }
    }
    let log = try await fixture.database.read { tx in try fixture.sessions.log(tx, id) }
    #expect(log.last?.type == .userInterrupt)
    #expect(log.last?.isFlushed == true)
    #expect(try await fixture.row(id).closing == "It was cancelled.")
  }

  @Test func `a session's age counts from the time it is made at, and is never negative`() async throws {
    let fixture = try await SessionFixture()
    let now = fixture.clock.now
    let session = try await fixture.database.write { [sessions = fixture.sessions] tx in
      let new = NewSession(agent: ["name": "tester"], environmentID: nil, environment: ["type": "cloud"])
      return try sessions.session(tx, try sessions.create(tx, new, at: now - .seconds(5)).id)
    }
    for (time, age) in [(now, "5.0"), (now - .seconds(5), "0.0"), (now - .seconds(10), "0.0")] {
      #expect(
        session.json(at: Moment(now: time, elapsed: .zero, boot: ""))["stats"]?["duration_seconds"]?.text
          == age)
    }
  }

  @Test func `sessions that ended before their end had a place of its own get it from their logs`()
    async throws
  {
    let folder = try TemporaryFolder()
    let before = queueMigrations + Sessions.migrations.filter { $0.id < "sessions-0005" }
    let old = try await Database.open("\(folder.path)/errand.db", migrations: before)
    try await old.write { tx in
      for (id, status) in [("told", "terminated"), ("untold", "terminated"), ("open", "idle")] {
        try tx.run(
          """
          INSERT INTO sessions (id, thread_id, status, agent, environment, metadata, resources, checks, created_at,
            updated_at)
          VALUES ($1, 't', $2, '{}', '{}', '{}', '[]', '[]', 0, 9)
          """, id, status)
      }
      try tx.run(
        """
        INSERT INTO events (id, session_id, type, body, position, revision, processed_at)
        VALUES ('e', 'told', 'session.status_terminated', '{}', 1, 1, 5)
        """)
    }
    await old.close()
    let new = try await Database.open(
      "\(folder.path)/errand.db", migrations: queueMigrations + Sessions.migrations)
    let ends = try await new.read { tx in
      try tx.rows("SELECT terminated_at FROM sessions ORDER BY id").map {
        try $0["terminated_at"] as Timestamp?
      }
    }
    #expect(ends.map { $0?.microseconds } == [nil, 5, 9])
    await new.close()
  }
}
