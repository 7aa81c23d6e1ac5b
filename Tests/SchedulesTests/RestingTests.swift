import Cron
import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

/// Schedules of jobs that are archived and come back.
@Suite(.timeLimit(.minutes(5))) struct RestingTests {
  private static func job(_ schedule: String = "0 * * * *", _ settings: JSON.Object = [:]) -> JobDefinition {
    var trigger: JSON.Object = ["name": "hourly", "schedule": .string(schedule)]
    trigger.merge(settings)
    return JobDefinition(triggers: [.object(trigger)], and: ["overlap": "allow_all"])
  }

  /// What the ledger says, oldest first: nominal time, decision, and why nothing started.
  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at").map {
        let (time, decision): (Timestamp, String) = (try $0["nominal_at"], try $0["decision"])
        let reason: String = try $0["reason"]
        let line = "\(time.description.dropFirst(11)) \(decision)"
        return decision == "started" ? line : "\(line): \(reason)"
      }
    }
  }

  /// At 09:30 a job is applied, at 10:00 it fires, at 10:30 it is archived, and at 13:30 it is back.
  private func awayAndBack(
    _ first: JobDefinition, _ second: JobDefinition, _ body: (Path) async throws -> Void
  ) async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(first)
      let since = path.clock.now
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: since)
      let job = try await path.job()
      try await path.apply(JobDefinition("other"), prune: true)
      #expect(try await path.count("schedules") == 0)
      path.clock.advance(by: .seconds(3 * 3600))
      _ = try await path.timer.tick(since: since)
      try await path.apply(second)
      #expect(try await path.job().id == job.id)
      #expect(try await path.count("schedules_resting") == 0)
      try await body(path)
    }
  }

  @Test func `what a job was away for is missed, but for the latest time, and its account goes on`()
    async throws
  {
    try await awayAndBack(Self.job(), Self.job()) { path in
      let reason = "The job was archived at this time; a later one is made up for instead (catch_up: latest)."
      #expect(
        try await Self.ledger(path) == [
          "10:00:00Z started", "11:00:00Z missed: \(reason)", "12:00:00Z missed: \(reason)",
          "13:00:00Z started",
        ])
      let (schedule, standing) = try await path.database.read { tx in
        let schedule = try path.schedules.schedules(tx)[0]
        return (schedule, try path.schedules.standing(tx, schedule))
      }
      #expect(schedule.since == Timestamp("2026-11-12T09:30:00Z"))
      #expect(schedule.nextAt == Timestamp("2026-11-12T14:00:00Z"))
      #expect(standing.counts == Schedule.Counts(started: 2, late: 2, missed: 2))
      // It goes on by itself.
      path.clock.advance(by: .seconds(1800))
      _ = try await path.timer.tick(since: path.clock.now - .seconds(3600))
      #expect(try await path.count("runs") == 3)
    }
  }

  @Test func `who makes up for nothing starts nothing on coming back`() async throws {
    let job = Self.job("0 * * * *", ["catch_up": "none"])
    try await awayAndBack(job, job) { path in
      let ledger = try await Self.ledger(path)
      #expect(
        ledger.map { $0.prefix(17) } == [
          "10:00:00Z started", "11:00:00Z missed:", "12:00:00Z missed:", "13:00:00Z missed:",
        ])
    }
  }

  @Test func `the new text of a job that is back counts from now on`() async throws {
    try await awayAndBack(Self.job("0 * * * *", ["catch_up": "none"]), Self.job("45 * * * *")) { path in
      let schedule = try await path.database.read { tx in try path.schedules.schedules(tx)[0] }
      #expect(schedule.nextAt == Timestamp("2026-11-12T13:45:00Z"))
      #expect(try await path.count("runs") == 1)
    }
  }

  @Test func `a pause outlasts being archived, and says of every time between that it was paused`()
    async throws
  {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      try await path.database.write { tx in
        let id = try path.schedules.schedules(tx)[0].id
        _ = try path.schedules.pause(tx, id, by: "ann", reason: "Holidays")
      }
      try await path.apply(JobDefinition("other"), prune: true)
      path.clock.advance(by: .seconds(3 * 3600))
      try await path.apply(Self.job())
      let account = try await path.database.write { tx in
        let schedule = try path.schedules.schedules(tx)[0]
        #expect(schedule.pause?.by == "ann")
        _ = try path.schedules.unpause(tx, schedule.id, by: "ann", reason: "Back")
        return try path.schedules.account(
          tx, path.schedules.schedules(tx)[0], at: .moment(Timestamp("2026-11-12T11:00:00Z")!))
      }
      #expect(account.sentence.hasPrefix("Skipped: The schedule was paused by ann at"))
      #expect(try await path.count("firings") == 0)
    }
  }
}
