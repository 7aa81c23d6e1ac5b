import Cron
package import Jobs
import Logging
import Primitives
import Runs
package import Store

// Schedules follow their jobs' files, in the transaction that applies them.
extension Schedules {
  /// Brings a job's schedules to what its file says.
  ///
  /// Times that have come under the old text are decided under it, here and now; the new text counts from now on.
  /// Those of a schedule that is gone, without another in its place, are superseded, and so is what still waits
  /// for its turn. A pause, the number of failures and of starts, what is to be skipped and what waits stay, also
  /// when one schedule without a name takes the place of another. Those of an archived job rest until it is back.
  func take(_ tx: Transaction, _ job: Job) throws {
    let now = time.now()
    if job.archivedAt != nil { return try rest(tx, job, now: now) }
    try resume(tx, job, now: now)
    let wanted = job.triggers.filter(\.isSchedule)
    let existing = try tx.rows("SELECT * FROM schedules WHERE job_id = $1 ORDER BY trigger_id", job.id).map(
      Schedule.init)
    let gone = existing.filter { old in !wanted.contains { $0.id == old.trigger } }
    let new = wanted.filter { trigger in !existing.contains { $0.trigger == trigger.id } }
    for old in gone {
      let successor = new.count == 1 && gone.count == 1 ? new[0] : nil
      let reason = "The schedule “\(old.spec.words)” was taken out before this time was decided."
      let last = try finish(tx, old, now: now, supersedes: new.isEmpty ? reason : nil)
      if successor == nil {
        try runs.callOff(
          tx, job: old.job, trigger: old.trigger, kind: "schedule", .superseded,
          reason: "The schedule “\(old.spec.words)” was taken out while this waited for its turn.")
      }
      let failures = try standing(tx, old).failures
      for table in ["schedules", "schedule_counters"] {
        try tx.run("DELETE FROM \(table) WHERE job_id = $1 AND trigger_id = $2", old.job, old.trigger)
      }
      try forgetSkips(tx, last)
      if let successor {
        try keep(tx, old, as: successor.id, until: now)
        for table in Schedules.inherited {
          try tx.run(
            "UPDATE \(table) SET trigger_id = $3 WHERE job_id = $1 AND trigger_id = $2", old.job, old.trigger,
            successor.id)
        }
        try runs.succeed(tx, job: old.job, old.trigger, by: successor.id)
        try insert(tx, job, successor, now: now, after: last, failures: failures)
      } else {
        for table in Schedules.inherited + ["schedule_editions"] {
          try tx.run("DELETE FROM \(table) WHERE job_id = $1 AND trigger_id = $2", old.job, old.trigger)
        }
      }
    }
    for trigger in wanted {
      guard case .schedule(let spec) = trigger.kind else { continue }
      guard let old = existing.first(where: { $0.trigger == trigger.id }) else {
        try insert(tx, job, trigger, now: now, after: nil)
        continue
      }
      if old.spec == spec, old.starts == trigger.starts, old.pauseAfter == trigger.pauseAfterFailures {
        continue
      }
      try change(tx, job, old, to: spec, trigger, now: now)
    }
    tx.afterCommit { [bell] in bell.ring() }
  }

  /// What a schedule without a name leaves to the one that takes its place, besides its earlier texts.
  private static let inherited = ["schedule_skips", "schedule_deeds"]

  private func insert(
    _ tx: Transaction, _ job: Job, _ trigger: Trigger, now: Timestamp, after old: Schedule?,
    failures: Int = 0
  ) throws {
    guard case .schedule(let spec) = trigger.kind else { return }
    var schedule = Schedule(
      job: job, trigger: trigger, spec: spec,
      startsLeft: try runs.remainingStarts(tx, job, trigger: trigger.id), now: now)
    if let old {
      schedule.since = old.since
      // After a step back of the clock, what was decided stays decided.
      schedule.cursor = max(now, old.cursor)
      schedule.pause = old.pause
    }
    schedule.place(try Timetables.shared.timetable(of: schedule))
    let isNew = try tx.run(
      """
      INSERT INTO schedules (job_id, job_name, trigger_id, expression, timezone, spec, cursor_at, next_at, due_at,
        starts, starts_left, pause_after, paused_at, paused_by, paused_reason, since_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING
      """, job.id, job.name, trigger.id, spec.words, spec.timezone, spec.json, schedule.cursor,
      schedule.nextAt,
      schedule.dueAt, schedule.starts, schedule.startsLeft, schedule.pauseAfter,
      schedule.pause?.at, schedule.pause?.by, schedule.pause?.reason, schedule.since)
    guard isNew == 1 else { return }
    try tx.run(
      "INSERT INTO schedule_counters (job_id, trigger_id, failures) VALUES ($1, $2, $3)", job.id, trigger.id,
      failures)
    if let pause = schedule.pause {
      try span(
        tx, schedule, after: schedule.cursor, until: nil, .skipped, reason: Schedules.reason(of: pause),
        times: nil)
    }
  }

  private func change(
    _ tx: Transaction, _ job: Job, _ old: Schedule, to spec: ScheduleSpec, _ trigger: Trigger, now: Timestamp
  ) throws {
    var schedule = try finish(tx, old, now: now, supersedes: nil)
    schedule.startsLeft = try runs.remainingStarts(tx, job, trigger: trigger.id)
    if old.spec != spec { try keep(tx, old, as: old.trigger, until: now) }
    schedule.spec = spec
    schedule.starts = trigger.starts
    schedule.pauseAfter = trigger.pauseAfterFailures
    schedule.cursor = max(schedule.cursor, now)
    try forgetSkips(tx, schedule)
    try tx.run(
      """
      UPDATE schedules SET expression = $3, timezone = $4, spec = $5, starts = $6, pause_after = $7
      WHERE job_id = $1 AND trigger_id = $2
      """, schedule.job, schedule.trigger, spec.words, spec.timezone, spec.json, schedule.starts,
      schedule.pauseAfter)
    schedule.place(try Timetables.shared.timetable(of: schedule))
    try save(tx, &schedule)
    if let pause = schedule.pause {
      try span(
        tx, schedule, after: schedule.cursor, until: nil, .skipped, reason: Schedules.reason(of: pause),
        times: nil)
    }
  }

  /// Decides every time that has come under a text which is about to go, jitter or not, and closes the account
  /// of its pause.
  /// - Parameter unseen: given, the times count as missed, because of this.
  func finish(
    _ tx: Transaction, _ old: Schedule, now: Timestamp, supersedes: String?, unseen: Due.Absence? = nil
  ) throws -> Schedule {
    var schedule = old
    if schedule.pause != nil {
      try closeSpan(tx, schedule, until: max(now, schedule.cursor))
      return schedule
    }
    if schedule.startsLeft == 0 { return schedule }
    var plain = schedule
    plain.spec.jitter = .zero
    let timetable: Timetable
    do {
      timetable = try Timetables.shared.timetable(of: plain)
    } catch {
      // What it named cannot be known any more, and an edit may be what mends it.
      log.error("The times of \(schedule.trigger) of \(schedule.jobName) up to now stay undecided: \(error)")
      return schedule
    }
    var counts = Schedule.Counts()
    var skips: [Int64: String] = [:]
    for row in try tx.rows(
      "SELECT nominal_at, reason FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2", schedule.job,
      schedule.trigger)
    {
      skips[(try row["nominal_at"] as Timestamp).seconds] = try row["reason"]
    }
    while schedule.pause == nil, schedule.startsLeft != 0,
      let due = try due(tx, schedule, timetable, now: now, skips: skips, unseen: unseen)
    {
      counts.add(try apply(tx, due, to: &schedule, supersedes: supersedes))
    }
    if schedule.pause != nil { try closeSpan(tx, schedule, until: max(now, schedule.cursor)) }
    try addToTotals(tx, counts)
    return schedule
  }
}

extension Schedules: JobFollower {
  package func changed(_ tx: Transaction, _ job: Job) throws { try take(tx, job) }
}

extension Trigger {
  var isSchedule: Bool {
    if case .schedule = kind { true } else { false }
  }
}
