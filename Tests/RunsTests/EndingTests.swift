import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Queue
import Store
import TestSupport
import Testing

@testable import Runs
@testable import Sessions

@Suite(.timeLimit(.minutes(5))) struct EndingTests {
  @Test func `a queued run is cancelled at once`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["callbacks": [["directory": ["path": "${env:BRIEFS}"]]]]))
      let run = try await path.started()
      let cancelled = try await path.cancel(run.id, "Not today.")
      #expect(cancelled.state == .cancelled)
      #expect(cancelled.reason == "Not today.")
      #expect(cancelled.endedAt == path.clock.now)
      #expect(try await path.item(.session, run.session) == nil)
      #expect(try await path.count("items WHERE kind = 'timer'") == 0)
      #expect(try await path.log(run.session).map(\.isFlushed) == [true])
      #expect(try await path.deliveries(run.id).map { $0.payload["type"] } == ["run.cancelled"])
      try await path.work([])
      #expect(path.driver.drives.isEmpty)
    }
  }

  @Test(arguments: [
    Settlement.interrupted, .idle(.endTurn), .idle(.budgetReached), .idle(.retriesExhausted),
    .terminated("It broke."), .waiting(["sevt_1"]),
    .later(Timestamp("2027-01-01T00:00:00Z")!, reason: "Busy."),
  ])
  func `a driven run is interrupted and ends as cancelled, whatever its driver came to`(
    settlement: Settlement
  ) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.driver.play(ScriptedDriver.untilInterrupted(settlement))
      let run = try await path.started()
      try await path.working {
        try await path.until { try await path.run(run.id).state == .running }
        let cancelled = try await path.cancel(run.id, "Not today.")
        #expect(cancelled.state == .running)
        #expect(cancelled.ending == .cancelled)
        await #expect(throws: SessionError.self) {
          try await path.send(run.session, NewEvent(.userMessage, ["content": []]))
        }
        try await path.until { try await path.run(run.id).state.isTerminal }
      }
      let ended = try await path.run(run.id)
      #expect(ended.state == .cancelled)
      #expect(ended.reason == "Not today.")
      #expect(ended.attempt == 1)
      path.driver.play(ScriptedDriver.answer("Still here?"))
      try await path.work()
      #expect(try await path.count("items") == 0)
      #expect(try await path.run(run.id) == ended)
    }
  }

  @Test func `a driver that does not look for interrupts is told by the refused settling`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.driver.play(
        { [path] session in
          _ = try await session.take()
          let run = try await path.database.read { tx in try path.runs.run(tx, ofSession: session.id)?.id }
          _ = try await path.cancel(run ?? "", "Not today.")
          return .idle(.endTurn)
        }, ScriptedDriver.answer("Stopping."))
      let run = try await path.started()
      try await path.work()
      #expect(path.driver.drives.count == 2)
      #expect(try await path.run(run.id).state == .cancelled)
    }
  }

  @Test func `a waiting run is cancelled at once, and its workspace goes`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.driver.play { [path] session in
        _ = try await path.workplaces.hands(for: try await session.session())
        return try await ScriptedDriver.settle(.waiting(["sevt_1"]))(session)
      }
      let run = try await path.started()
      try await path.work()
      #expect(try await path.cancel(run.id).state == .cancelled)
      #expect(try await path.session(run.session).status == .idle)
      #expect(try await path.session(run.session).blocked == [])
      try await path.work()
      #expect(path.provider.removed == [run.session])
      #expect(path.driver.drives.count == 1)
      #expect(try await path.count("items") == 0)
    }
  }

  @Test func `a run whose worker died is cancelled without it`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.driver.play(ScriptedDriver.untilInterrupted())
      let run = try await path.started()
      try await path.working { try await path.until { try await path.run(run.id).state == .running } }
      // The worker has stopped in the middle of the turn and given its lease back.
      #expect(try await path.run(run.id).state == .running)
      #expect(try await path.cancel(run.id).state == .cancelled)
      #expect(try await path.session(run.session).turnOpen == false)
    }
  }

  @Test func `the first cause wins, and what has ended stays ended`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "1h", "timeout": "1h"]]))
      let gate = AsyncStream.makeStream(of: Void.self)
      path.driver.play { session in
        _ = try await session.take()
        for await _ in gate.stream {}
        _ = try await session.take()
        return .interrupted
      }
      let run = try await path.started()
      try await path.working {
        try await path.until { try await path.run(run.id).state == .running }
        _ = try await path.cancel(run.id, "First.")
        let second = try await path.cancel(run.id, "Second.")
        #expect(second.endingReason == "First.")
        gate.continuation.finish()
        try await path.until { try await path.run(run.id).state.isTerminal }
      }
      #expect(try await path.run(run.id).reason == "First.")
      let error = await #expect(throws: RunsError.self) { try await path.cancel(run.id) }
      #expect(error?.description == "Run \(run.id) has ended already: cancelled.")
    }
  }

  @Test func `the timeout counts running time only`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["timeout": "10m", "deadline": "5h"]]))
      path.driver.play(
        { [path] session in
          let settlement = try await ScriptedDriver.settle(.waiting(["sevt_1"]))(session)
          path.clock.advance(by: .seconds(4 * 60))
          return settlement
        }, ScriptedDriver.untilInterrupted())
      let run = try await path.started()
      try await path.work()
      #expect(try await path.run(run.id).remaining == .seconds(6 * 60))
      path.clock.advance(by: .seconds(3 * 3600))
      try await path.work()
      #expect(try await path.run(run.id).state == .waiting)
      try await path.send(
        run.session, NewEvent(.userToolConfirmation, ["tool_use_id": "sevt_1", "result": "allow"]))
      let resumed = path.clock.now
      try await path.working {
        try await path.until { try await path.run(run.id).state == .running }
        #expect(try await path.item(.timer, "\(run.id):timeout")?.due == resumed + .seconds(6 * 60))
        try await path.advance(by: .seconds(6 * 60)) { try await path.run(run.id).state.isTerminal }
      }
      let ended = try await path.run(run.id)
      #expect(ended.state == .timedOut)
      #expect(ended.reason == "Its running time of 10m was used up.")
    }
  }

  @Test(arguments: [false, true])
  func `a run that its timeout ends says what its model complained of, unless it has answered since`(
    answers: Bool
  ) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "5h", "timeout": "10m"]]))
      let field = Field(on: path)
      let run = try await path.started()
      try await field.begin(run.id)
      var events = [
        NewEvent(.modelRequestEnd, ["is_error": true]),
        NewEvent(.error, ["error": ["type": "model_overloaded_error", "message": "Busy, said the server."]]),
      ]
      if answers { events.append(NewEvent(.modelRequestEnd, ["is_error": false])) }
      try await path.database.write { [sessions = path.sessions, events] tx in
        try sessions.edit(tx, run.session) { _ = try $0.record(events) }
      }
      path.clock.advance(by: .seconds(10 * 60))
      try await field.ring("\(run.id):timeout")
      #expect(
        try await path.run(run.id).endingReason == "Its running time of 10m was used up."
          + (answers ? "" : " Until then it had not gone on: Busy, said the server."))
    }
  }

  @Test(arguments: [Duration.seconds(20 * 86_400), .seconds(-3 * 3600)])
  func `a step of the clock neither uses running time up nor adds to it`(step: Duration) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "30d", "timeout": "10m"]]))
      let field = Field(on: path)
      let id = try await path.started().id
      try await field.begin(id)
      path.clock.advance(by: .seconds(4 * 60))
      path.clock.step(by: step)
      // As when the timer is due by the wall clock, and as when the step was noticed.
      try await field.ring("\(id):timeout")
      #expect(try await path.run(id).ending == nil)
      let due = try await path.item(.timer, "\(id):timeout")?.due
      #expect(due == path.clock.now + .seconds(6 * 60))
      let renewed = try await path.database.write { [runs = path.runs] tx in try runs.renewTimers(tx) }
      #expect(renewed == 1)
      #expect(try await path.item(.timer, "\(id):timeout")?.due == due)
      path.clock.advance(by: .seconds(6 * 60))
      try await field.ring("\(id):timeout")
      #expect(try await path.run(id).ending == .timedOut)
    }
  }

  @Test func `after a start of the machine only the time counts in which something was done`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "5h", "timeout": "10m"]]))
      let field = Field(on: path)
      let id = try await path.started().id
      try await field.begin(id)
      try await path.database.write { tx in
        try tx.run("UPDATE runs SET boot = 'an earlier one', elapsed_since = 5 WHERE id = $1", id)
      }
      path.clock.advance(by: .seconds(3600))
      try await field.ring("\(id):timeout")
      #expect(try await path.run(id).ending == nil)
      #expect(try await path.run(id).remaining > .seconds(9 * 60))
      path.clock.advance(by: .seconds(10 * 60))
      try await field.ring("\(id):timeout")
      #expect(try await path.run(id).ending == .timedOut)
    }
  }

  @Test func `a run that ends before its outcome was evaluated does not say that it is running`() async throws
  {
    try await withPath { path in
      try await path.apply(
        JobDefinition(and: ["outcome": JobDefinition.outcome()]))
      let run = try await path.started()
      try await Field(on: path).begin(run.id)
      try await Field(on: path).settle(run.id, .refused("No key."))
      let outcome = try await path.run(run.id).result?["outcome"]
      #expect(
        outcome == ["result": nil, "iterations": 0, "explanation": "It was not evaluated. No key."])
      #expect(try await path.run(run.id).state == .failed)
      #expect(try await path.run(run.id).attempt == 1)
      let session = try await path.database.read { [sessions = path.sessions] in
        try sessions.session($0, run.session)
      }
      #expect(session.outcomes.map(\.result) == [.interrupted])
    }
  }

  @Test func `running time is one budget for all attempts`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["timeout": "10m"]]))
      path.driver.play(
        { [path] session in
          _ = try await session.take()
          path.clock.advance(by: .seconds(9 * 60))
          return .terminated("It broke.")
        }, ScriptedDriver.untilInterrupted())
      let run = try await path.started()
      try await path.working {
        try await path.until { try await path.run(run.id).attempt == 2 }
        try await path.until { try await path.run(run.id).state == .running }
        try await path.advance(by: .seconds(60)) { try await path.run(run.id).state.isTerminal }
      }
      #expect(try await path.run(run.id).state == .timedOut)
    }
  }

  @Test func `the deadline ends a run that is queued`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "1h"]]))
      let run = try await path.started()
      path.clock.advance(by: .seconds(3600))
      try await path.work([path.runs.timerHandler()].map { $0 })
      let ended = try await path.run(run.id)
      #expect(ended.state == .timedOut)
      #expect(ended.reason == "Its deadline, 1h after it fired, has passed.")
      #expect(try await path.count("items") == 0)
    }
  }

  @Test func `the deadline ends a run that waits, and one that pauses`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "1h"]]))
      path.driver.play(
        ScriptedDriver.settle(.waiting(["sevt_1"])),
        ScriptedDriver.settle(.later(path.clock.now + .seconds(86_400), reason: "Busy.")))
      let runs = [try await path.started(), try await path.started()]
      try await path.work()
      path.clock.advance(by: .seconds(3600))
      try await path.work()
      for run in runs { #expect(try await path.run(run.id).state == .timedOut) }
      #expect(try await path.count("items") == 0)
    }
  }

  @Test(arguments: [true, false])
  func `the deadline of a run that could not go on tells what kept it`(isKept: Bool) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "1h"]]))
      path.driver.play(
        { [path] session in
          _ = try await session.take()
          _ = try await session.open(from: 0)
          try await session.record([
            NewEvent(
              .error,
              [
                "error": [
                  "type": "model_overloaded_error", "message": "the model is overloaded",
                  "retry_status": ["type": "retrying"],
                ]
              ])
          ])
          if isKept { return .later(path.clock.now + .seconds(86_400), reason: "Busy.") }
          // It has answered since, and waits for its client.
          try await session.record([NewEvent(.modelRequestEnd, ["is_error": false])])
          return .waiting(["sevt_1"])
        })
      let run = try await path.started()
      try await path.work()
      path.clock.advance(by: .seconds(3600))
      try await path.work()
      let ended = try await path.run(run.id)
      #expect(ended.state == .timedOut)
      #expect(
        ended.reason == "Its deadline, 1h after it fired, has passed."
          + (isKept ? " Until then it had not gone on: The model is overloaded." : ""))
    }
  }

  @Test func `the deadline interrupts a run that is driven`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["deadline": "1h", "timeout": "1h"]]))
      path.driver.play(ScriptedDriver.untilInterrupted())
      let run = try await path.started()
      try await path.working {
        try await path.until { try await path.run(run.id).state == .running }
        try await path.advance(by: .seconds(3600)) { try await path.run(run.id).state.isTerminal }
      }
      #expect(try await path.run(run.id).state == .timedOut)
      #expect(try await path.log(run.session).contains { $0.type == .userInterrupt })
    }
  }

  @Test func `a timer of a run that has ended does nothing`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let run = try await path.started()
      try await path.work()
      let ended = try await path.run(run.id)
      try await path.database.write { tx in
        for ref in ["\(run.id):timeout", "\(run.id):deadline", "run_gone:deadline", "nonsense"] {
          try path.queue.push(tx, .timer, ref, due: path.clock.now)
        }
      }
      try await path.work()
      #expect(try await path.run(run.id) == ended)
      #expect(try await path.count("items") == 0)
    }
  }
}
