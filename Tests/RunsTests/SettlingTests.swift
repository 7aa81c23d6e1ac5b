import Catalog
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Queue
import Reading
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct SettlingTests {
  @Test(
    arguments: [
      (.idle(.endTurn), .succeeded, "The agent finished."),
      (.idle(.refusal(details: nil)), .failed, "The model refused the task."),
      (.idle(.budgetReached), .capped, "The budget was reached."),
      (
        .idle(.retriesExhausted), .failed,
        "The model did not answer, after several tries. That was attempt 2 of 2."
      ),
      (.terminated("The sandbox broke."), .failed, "The sandbox broke. That was attempt 2 of 2."),
      (.waiting(["sevt_1"]), .waiting, "One call waits for an answer."),
      (.idle(.requiresAction(["sevt_1", "sevt_2"])), .waiting, "2 calls wait for an answer."),
      (
        .later(Timestamp("2026-11-13T07:00:00Z")!, reason: "The model is overloaded."), .waiting,
        "The model is overloaded. It goes on at 2026-11-13T07:00:00Z."
      ),
    ] as [(Settlement, Run.State, String)])
  func `each settlement leads to its state`(
    settlement: Settlement, state: Run.State, reason: String
  ) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["attempts": 2]]))
      path.driver.play(ScriptedDriver.settle(settlement))
      let run = try await path.started()
      try await path.work()
      let after = try await path.run(run.id)
      #expect(after.state == state)
      #expect(after.reason == reason)
      #expect((after.endedAt != nil) == state.isTerminal)
      #expect((after.result != nil) == state.isTerminal)
      #expect(after.runningSince == nil)
      #expect(try await path.item(.timer, "\(run.id):timeout") == nil)
      #expect((try await path.item(.timer, "\(run.id):deadline") == nil) == state.isTerminal)
    }
  }

  @Test(
    arguments: [
      (.satisfied, .succeeded, "The outcome was reached. Look."),
      (.maxIterationsReached, .unsatisfied, "The outcome was not reached in 3 iterations. Look."),
      (.failed, .failed, "The outcome can't be judged. Look."),
      (.interrupted, .waiting, "Its outcome was interrupted."),
    ] as [(Outcome.Result, Run.State, String)])
  func `each outcome leads to its state`(
    result: Outcome.Result, state: Run.State, reason: String
  ) async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["outcome": JobDefinition.outcome(3)]))
      path.driver.play(ScriptedDriver.outcome(result))
      let run = try await path.started()
      try await path.work()
      let after = try await path.run(run.id)
      #expect(after.state == state)
      #expect(after.reason == reason)
    }
  }

  @Test func `a run is running while its session is driven, and its timer counts`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["timeout": "20m"]]))
      path.driver.play(ScriptedDriver.untilInterrupted())
      let run = try await path.started()
      let begun = path.clock.now
      try await path.working {
        try await path.until { try await path.run(run.id).state == .running }
        let running = try await path.run(run.id)
        #expect(running.startedAt == begun)
        #expect(running.runningSince == begun)
        #expect(try await path.item(.timer, "\(run.id):timeout")?.due == begun + .seconds(20 * 60))
        try await path.send(run.session, NewEvent(.userInterrupt))
        try await path.until { try await path.run(run.id).state == .waiting }
      }
      #expect(
        try await path.run(run.id).reason == "It was interrupted; a message to its session goes on with it.")
      path.driver.play(ScriptedDriver.answer("Done."))
      try await path.send(
        run.session, NewEvent(.userMessage, ["content": [["type": "text", "text": "Go on."]]]))
      try await path.work()
      #expect(try await path.run(run.id).state == .succeeded)
    }
  }

  @Test func `each attempt has a session of its own, and the last one's end is the run's`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["attempts": 3]]))
      path.driver.play(
        ScriptedDriver.settle(.terminated("The sandbox broke.")),
        ScriptedDriver.settle(.idle(.retriesExhausted)), ScriptedDriver.answer("Third time lucky."))
      let run = try await path.started()
      try await path.work()
      let ended = try await path.run(run.id)
      #expect(ended.state == .succeeded, "\(ended.reason ?? "")")
      #expect(ended.attempt == 3)
      #expect(Set(path.driver.drives).count == 3)
      #expect(path.driver.drives.first == run.session)
      #expect(path.driver.drives.last == ended.session)
      #expect(try await path.count("attempts WHERE ended_at IS NOT NULL") == 3)
      for session in path.driver.drives {
        let log = try await path.log(session)
        #expect(log.first?.body["content"]?[0]?["text"] == "Do it.")
        #expect(try await path.session(session).closing != nil)
      }
    }
  }

  @Test func `an ended run leaves nothing due, and no stray input in its log`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let run = try await path.started()
      try await path.work()
      #expect(path.driver.drives == [run.session])
      #expect(try await path.count("items") == 0)
      #expect(
        try await path.log(run.session).map(\.type) == [
          .userMessage, .threadRunning, .statusRunning, .agentMessage, .threadIdle, .usage, .statusIdle,
        ])
    }
  }

  @Test func `the result tells what callbacks need`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["outcome": JobDefinition.outcome()]))
      path.driver.play { session in
        _ = try await session.take()
        try await session.record([
          NewEvent(.agentMessage, ["content": [["type": "text", "text": "Early."]]]),
          NewEvent(
            .agentMessage,
            ["content": [["type": "text", "text": "One."], ["type": "text", "text": "Two."]]]),
        ])
        return try await ScriptedDriver.outcome(.satisfied)(session)
      }
      let run = try await path.started()
      let file = try await path.database.write { tx in
        try path.files.add(
          tx, path.files.keep(Array("# Brief".utf8)), named: "brief.md", session: run.session)
      }
      try await path.work()
      let ended = try await path.run(run.id)
      let result = try #require(ended.result)
      #expect(result.objectValue?.keys.map(\.self) == ResultShape.data.keys)
      #expect(result["outcome"]?.objectValue?.keys.map(\.self) == ResultShape.outcome.keys)
      #expect(result["files"]?[0]?.objectValue?.keys.allSatisfy(ResultShape.file.keys.contains) == true)
      #expect(result["run_id"] == .string(run.id))
      #expect(result["job"] == "job")
      #expect(result["state"] == "succeeded")
      #expect(result["session_id"] == .string(run.session))
      #expect(result["message"] == "One.\nTwo.")
      #expect(result["outcome"]?["result"] == "satisfied")
      #expect(result["outcome"]?["iterations"] == 1)
      #expect(
        result["files"] == [
          [
            "id": .string(file.id), "filename": "brief.md", "mime_type": "text/markdown", "size_bytes": 7,
          ]
        ])
      #expect(result["trigger"]?["kind"] == "manual")
      #expect(result["ended_at"]?.stringValue == ended.endedAt?.description)
    }
  }

  @Test(arguments: [
    (Settlement.idle(.endTurn), ["webhook", "directory"]), (.idle(.budgetReached), ["directory"]),
  ])
  func `only callbacks that want the state are told`(settlement: Settlement, kinds: [String]) async throws {
    try await withPath { path in
      try await path.apply(
        JobDefinition(and: [
          "callbacks": [
            [
              "webhook": [
                "url": "${env:URL}", "secret": "${env:SECRET}", "states": ["succeeded", "failed"],
              ]
            ], ["directory": ["path": "${env:BRIEFS}"]],
          ]
        ]))
      path.driver.play(ScriptedDriver.settle(settlement))
      let run = try await path.started()
      try await path.work()
      let ended = try await path.run(run.id)
      let deliveries = try await path.deliveries(run.id)
      #expect(Set(deliveries.map(\.kind)) == Set(kinds))
      for delivery in deliveries {
        #expect(delivery.state == .pending)
        #expect(delivery.payload["type"] == .string("run.\(ended.state.rawValue)"))
        #expect(delivery.payload["data"] == ended.result)
        #expect(try await path.item(.delivery, delivery.id)?.due == path.clock.now)
      }
    }
  }

  @Test func `a settling that the store refuses is done again, and everything in it once`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["callbacks": [["directory": ["path": "${env:BRIEFS}"]]]]))
      path.driver.play { [path] session in
        let settlement = try await ScriptedDriver.answer("Done.")(session)
        path.faults.fail(.beforeCommit)
        return settlement
      }
      let run = try await path.started()
      try await path.working {
        try await path.until { try await path.item(.session, run.session)?.errors == 1 }
      }
      #expect(try await path.run(run.id).state == .running)
      #expect(try await path.deliveries(run.id).isEmpty)
      path.clock.advance(by: .seconds(2))
      path.driver.play(ScriptedDriver.answer("Done."))
      try await path.work()
      #expect(try await path.run(run.id).state == .succeeded)
      #expect(try await path.deliveries(run.id).count == 1)
    }
  }

  @Test func `the workspace ends with the run`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      path.driver.play { [path] session in
        _ = try await path.workplaces.hands(for: try await session.session())
        return try await ScriptedDriver.answer("Done.")(session)
      }
      let run = try await path.started()
      try await path.work()
      #expect(path.provider.removed == [run.session])
      #expect(try await path.count("sessions WHERE workspace = 'none'") == 1)
    }
  }

  @Test func `a closed session takes no input`() async throws {
    try await withPath { path in
      try await path.apply(JobDefinition())
      let run = try await path.started()
      try await path.work()
      let error = await #expect(throws: SessionError.self) {
        try await path.send(
          run.session, NewEvent(.userMessage, ["content": [["type": "text", "text": "And…"]]]))
      }
      #expect(error?.description == "Session \(run.session) takes no more input: its run has ended.")
    }
  }

  @Test func `a job drives as many sessions at once as it may, and a waiting one uses no slot`() async throws
  {
    try await withPath { path in
      try await path.apply(JobDefinition(and: ["limits": ["concurrency": 2]]))
      path.driver.play(ScriptedDriver.untilInterrupted(.waiting(["sevt_1"])))
      var runs: [Run] = []
      for _ in 0..<4 { runs.append(try await path.started()) }
      try await path.working {
        try await path.until { path.driver.drives.count == 2 }
        #expect(try await path.count("items WHERE worker IS NOT NULL AND kind = 'session'") == 2)
        let first = path.driver.drives[0]
        try await path.send(first, NewEvent(.userInterrupt))
        // It waits now, so a third one may work.
        try await path.until { path.driver.drives.count == 3 }
        #expect(try await path.count("items WHERE worker IS NOT NULL AND kind = 'session'") == 2)
        #expect(try await path.count("runs WHERE state = 'waiting'") == 1)
        try await path.until { try await path.count("runs WHERE state = 'queued'") == 1 }
      }
    }
  }
}
