import JSON
import Jobs
import PathSupport
import Primitives
import Queue
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

/// Takes down what it is told of runs.
private struct Follower: RunFollower {
  let told = Lock<[Finished]>([])
  let failed = Lock<[Firing]>([])

  func finished(_ finished: Finished) { told.withLock { $0.append(finished) } }
  func failedToStart(_ firing: Firing) { failed.withLock { $0.append(firing) } }
}

@Suite(.timeLimit(.minutes(5))) struct ExpiryTests {
  @Test func `a stale time starts nothing, and the ledger says so`() async throws {
    try await withField(["expires": "2h"]) { field in
      let now = field.path.clock.now
      let stale = try await field.tick(now - .seconds(2 * 3600))
      #expect(stale.decision == .missed)
      #expect(
        stale.reason
          == "It could not start in time: it was due at 2026-11-12T07:00:00Z and is stale after 2h, since "
          + "2026-11-12T09:00:00Z.")
      #expect(try await field.tick(now - .seconds(2 * 3600 - 1)).decision == .started)
    }
  }

  @Test func `a backfill is late on purpose, and expires from its asking`() async throws {
    try await withField(["expires": "2h"]) { field in
      let firing = try await field.tick(field.path.clock.now - .seconds(86_400), isBackfill: true)
      #expect(firing.decision == .started)
      #expect(firing.kind == "backfill")
    }
  }

  @Test func `a firing that waits too long is missed, wherever it stands`() async throws {
    try await withField(overlap: "buffer_all", ["expires": "2h"]) { field in
      let clock = field.path.clock
      let first = try await field.run(of: field.tick())
      let second = try await field.byHand()
      clock.step(by: .seconds(3600))
      let third = try await field.byHand()
      #expect(try await field.path.item(.start, third.id)?.due == clock.now + .seconds(3600))
      clock.step(by: .seconds(3600))
      try await field.look(second.id)
      #expect(try await field.decision(second) == .missed)
      try await field.look(third.id)
      #expect(try await field.decision(third) == nil)
      clock.step(by: .seconds(3600))
      // Its item has not come round, and the run ends first.
      try await field.settle(first.id)
      #expect(try await field.decision(third) == .missed)
      #expect(try await field.open().isEmpty)
    }
  }

  @Test func `a run that nobody has begun in time is cancelled, a begun one goes on`() async throws {
    try await withField(overlap: "allow_all", ["expires": "2h", "limits": ["deadline": "5h"]]) { field in
      let idle = try await field.run(of: field.byHand())
      let begun = try await field.run(of: field.byHand())
      try await field.begin(begun.id)
      #expect(try await field.path.item(.timer, "\(begun.id):expiry") == nil)
      field.path.clock.step(by: .seconds(2 * 3600))
      try await field.ring("\(idle.id):expiry")
      try await field.ring("\(begun.id):expiry")
      let ended = try await field.path.run(idle.id)
      #expect(ended.state == .cancelled)
      #expect(
        ended.reason
          == "It waited in the queue until it was stale, at 2026-11-12T11:00:00Z, and was not begun.")
      let other = try await field.path.run(begun.id)
      #expect(!other.state.isTerminal)
    }
  }

  // MARK: Starts

  @Test func `a schedule with so many starts starts so often, whatever is started by hand`() async throws {
    try await withPath { path in
      try await path.apply(
        JobDefinition(
          triggers: [["schedule": "0 7 * * *", "name": "daily", "starts": 2]], and: ["overlap": "allow_all"]))
      let job = try await path.job()
      func remaining() async throws -> Int? {
        try await path.database.read { [runs = path.runs] tx in
          try runs.remainingStarts(tx, job, trigger: "daily")
        }
      }
      #expect(try await remaining() == 2)
      for day in 0..<4 {
        let start = try await path.start(
          "job", .time(path.clock.now + .seconds(Int64(day) * 86_400)), trigger: "daily")
        #expect(start.firing.decision == (day < 2 ? .started : .skipped))
        #expect(try await path.start().firing.decision == .started)
        if day == 3 {
          #expect(
            start.firing.reason
              == "The schedule's 2 starts are used up. Raise “starts” in the job's file for more.")
        }
      }
      #expect(try await remaining() == 0)
    }
  }

  // MARK: What the next run is told

  @Test func `followers hear of every end, and of the failures in a row there is one count`() async throws {
    try await withField(overlap: "allow_all", ["limits": ["attempts": 1]]) { field in
      let follower = Follower()
      field.path.runs.inform(follower)
      var day = 0
      var failures: [Int] = []
      func count() async throws {
        failures.append(
          try await field.path.database.read { tx in
            try tx.row("SELECT failures FROM schedule_counters")?["failures"] ?? -1
          })
      }
      func end(_ settlement: Settlement) async throws {
        day += 1
        let run = try await field.run(of: field.tick(field.path.clock.now + .seconds(Int64(day) * 86_400)))
        try await field.settle(run.id, settlement)
        try await count()
      }
      try await end(.terminated("It broke."))
      try await end(.idle(.budgetReached))
      try await field.cancel(field.run(of: field.tick(field.path.clock.now)).id)
      try await count()
      try await end(.idle(.refusal(details: nil)))
      try await end(.idle(.endTurn))
      try await end(.terminated("It broke."))
      try await field.settle(field.run(of: field.byHand()).id, .terminated("It broke."))
      try await count()
      #expect(
        follower.told.withLock { $0.map(\.state) } == [
          .failed, .capped, .cancelled, .failed, .succeeded, .failed, .failed,
        ])
      #expect(failures == [1, 2, 2, 3, 0, 1, 1])
      #expect(follower.told.withLock { $0.map(\.trigger) }.last == "manual")
      #expect(follower.told.withLock { $0.first?.kind } == "schedule")
    }
  }

  @Test func `followers hear of what could not start`() async throws {
    try await withField { field in
      let follower = Follower()
      field.path.runs.inform(follower)
      try await field.path.database.write { tx in try tx.run("UPDATE agents SET archived_at = created_at") }
      let firing = try await field.tick()
      #expect(firing.decision == .failedToStart)
      #expect(follower.failed.withLock { $0.map(\.id) } == [firing.id])
    }
  }

  @Test func `a follow-up that fails does not undo the end, and is caught up with`() async throws {
    try await withField(overlap: "buffer_all", ["limits": ["attempts": 1]]) { field in
      let follower = Follower()
      field.path.runs.inform(follower)
      let run = try await field.run(of: field.tick())
      let next = try await field.tick(field.path.clock.now + .seconds(86_400))
      // Whoever counts cannot.
      try await field.path.database.write { tx in
        try tx.run(
          """
          CREATE TRIGGER trouble BEFORE UPDATE ON schedule_counters
          BEGIN SELECT RAISE(ABORT, 'trouble'); END
          """)
      }
      field.path.driver.play(ScriptedDriver.settle(.terminated("It broke.")))
      try await field.path.work()
      #expect(try await field.path.run(run.id).state == .failed)
      #expect(follower.told.withLock { $0.map(\.run) } == [run.id])
      #expect(try await field.path.count("items WHERE kind = 'account' AND errors > 0") == 1)
      // What waited for the end waits for the account too, which may call it off.
      #expect(try await field.decision(next) == nil)
      try await field.path.database.write { tx in try tx.run("DROP TRIGGER trouble") }
      field.path.clock.advance(by: .seconds(600))
      field.path.driver.play(ScriptedDriver.answer("Done."))
      try await field.path.work(field.path.handlers().filter { $0.kind == .account })
      #expect(try await field.path.count("schedule_counters WHERE failures = 1") == 1)
      try await field.path.work()
      #expect(try await field.decision(next) == .started)
      #expect(try await field.path.count("items WHERE kind = 'account'") == 0)
    }
  }

  @Test func `the next prompt can name the last success and the failure since`() async throws {
    let message = """
      {{#last.success}}Last time: {{message}} ({{time}}){{/last.success}}{{^last.success}}The first time.{{/last.success}}\
      {{#last.failure}} Then it failed: {{reason}}{{/last.failure}}
      """
    try await withPath { path in
      try await path.apply(JobDefinition(message: message, and: ["limits": ["attempts": 1]]))
      func next(_ settlement: Settlement, _ text: String) async throws -> String {
        let run = try await path.started()
        path.driver.play(ScriptedDriver.answer(text, then: settlement))
        try await path.work()
        return run.snapshot.message
      }
      #expect(try await next(.idle(.endTurn), "Three ships.") == "The first time.")
      let second = try await next(.terminated("The mast broke."), "")
      #expect(second.contains("Three ships."))
      #expect(second.contains("(2026-11-12T09:00:00Z)"))
      #expect(!second.contains("failed"))
      // What an agent said was made of outside text.
      #expect(second.contains("came from outside"))
      let third = try await next(.idle(.endTurn), "Four ships.")
      #expect(third.contains("Three ships."))
      #expect(third.contains("The mast broke."))
      let fourth = try await next(.idle(.endTurn), "")
      #expect(fourth.contains("Four ships."))
      #expect(!fourth.contains("mast"))
    }
  }
}
