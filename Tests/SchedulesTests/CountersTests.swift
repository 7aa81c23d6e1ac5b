import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import TestSupport
import Testing

@testable import Queue
@testable import Schedules

/// What is counted of a schedule: each end of a run once, whatever happens meanwhile.
@Suite(.timeLimit(.minutes(5))) struct CountersTests {
  private static func job(_ trigger: JSON.Object) -> JobDefinition {
    JobDefinition(
      "job", triggers: [.object(trigger)], and: ["overlap": "allow_all", "limits": ["attempts": 1]])
  }

  private static func schedule(_ path: Path) async throws -> (Schedule, Schedule.Standing) {
    try await path.database.read { [schedules = path.schedules] tx in
      let schedule = try schedules.schedules(tx)[0]
      return (schedule, try schedules.standing(tx, schedule))
    }
  }

  /// A path on which a run of the schedule has failed, with its account still to take.
  private static func withFailure(_ trigger: JSON.Object, _ body: (Path) async throws -> Void) async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(job(trigger))
      path.clock.advance(by: .seconds(1800))
      _ = try await path.timer.tick(since: path.clock.now - .seconds(1800))
      path.driver.play(ScriptedDriver.settle(.terminated("It broke.")))
      try await path.work(path.handlers().filter { $0.kind != .account })
      #expect(try await path.count("items WHERE kind = 'account'") == 1)
      #expect(try await schedule(path).1.failures == 0)
      try await body(path)
    }
  }

  @Test(arguments: [Faults.Point.afterClosure, .beforeCommit, .afterCommit])
  func `an end counts once, wherever its account breaks off`(point: Faults.Point) async throws {
    try await Self.withFailure(["schedule": "0 * * * *", "pause_after_failures": 2]) { path in
      let handler = path.schedules.accountHandler()
      let claim = try await path.database.write { [queue = path.queue] tx in
        try queue.claim(tx, for: "worker", room: [.account: 1])
      }[0]
      path.faults.fail(point)
      await #expect(throws: (any Error).self) { try await handler.handle(claim) }
      // Again, as a worker does that cannot know how far it came.
      try? await handler.handle(claim)
      let (schedule, standing) = try await Self.schedule(path)
      #expect(standing.failures == 1)
      #expect(schedule.pause == nil)
      #expect(try await path.count("items WHERE kind = 'account'") == 0)
    }
  }

  @Test func `an end whose schedule is gone counts nowhere`() async throws {
    try await Self.withFailure(["schedule": "0 * * * *", "name": "old", "pause_after_failures": 1]) { path in
      try await path.apply(Self.job(["schedule": "30 * * * *", "name": "new", "pause_after_failures": 1]))
      try await path.work()
      let (schedule, standing) = try await Self.schedule(path)
      #expect(schedule.trigger == "new" && schedule.state == .active)
      #expect(standing == Schedule.Standing())
      #expect(try await path.count("schedule_counters") == 1)
    }
  }

  @Test func `failures in a row go on with the schedule that takes the place of another`() async throws {
    try await Self.withFailure(["schedule": "0 * * * *", "pause_after_failures": 2]) { path in
      try await path.work()
      try await path.apply(Self.job(["schedule": "30 * * * *", "pause_after_failures": 2]))
      #expect(try await Self.schedule(path).1 == Schedule.Standing(failures: 1))
    }
  }

  @Test func `counts of an older data directory go on`() async throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/errand.db"
    let old = try await Database.open(
      path, migrations: Schedules.migrations.filter { $0.id < "schedules-0005" })
    try await old.write { tx in
      try tx.run(
        """
        INSERT INTO schedules (job_id, job_name, trigger_id, expression, timezone, cursor_at, started, late, missed,
          skipped, failures)
        VALUES ('depl_1', 'job', 'daily', '0 7 * * *', 'UTC', 0, 5, 4, 3, 2, 1)
        """)
    }
    await old.close()
    let new = try await Database.open(path, migrations: Schedules.migrations)
    let standing = try await new.read { tx in
      try tx.row("SELECT * FROM schedule_counters WHERE job_id = 'depl_1' AND trigger_id = 'daily'").map {
        try Schedule.Standing($0)
      }
    }
    await new.close()
    #expect(
      standing
        == Schedule.Standing(
          counts: Schedule.Counts(started: 5, late: 4, missed: 3, skipped: 2), failures: 1))
  }
}
