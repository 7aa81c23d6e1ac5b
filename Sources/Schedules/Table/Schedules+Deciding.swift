import Cron
import Jobs
import Primitives
import Runs
import Store

// What has come is decided: the ledger gets its rows, what starts is started, the cursor moves.
extension Schedules {
  /// A schedule with what it names.
  struct Plan: Sendable {
    var schedule: Schedule
    var timetable: Timetable
  }

  /// Which rows were read: those due up to a moment, the first so many.
  struct Window {
    var now: Timestamp
    var limit: Int
  }

  /// The schedules that are due.
  func due(_ tx: Transaction, _ window: Window) throws -> [Schedule] {
    try tx.rows(
      "SELECT * FROM schedules WHERE due_at <= $1 ORDER BY due_at LIMIT $2", window.now, window.limit
    ).map(Schedule.init)
  }

  /// When the next schedule is due after a moment.
  func nextDue(_ tx: Transaction, after now: Timestamp) throws -> Timestamp? {
    try tx.row("SELECT due_at FROM schedules WHERE due_at > $1 ORDER BY due_at LIMIT 1", now).flatMap {
      try $0["due_at"]
    }
  }

  /// Decides about those of the plans whose rows are still as they were read.
  func decide(_ tx: Transaction, _ plans: [Plan], _ window: Window) throws {
    var counts = Schedule.Counts()
    let now = time.now()
    let skips = try skips(tx, until: now)
    for plan in try current(tx, plans, window) {
      counts.add(try decide(tx, plan, now: now, skips: skips[plan.schedule.id] ?? [:]))
    }
    try addToTotals(tx, counts)
  }

  /// Those of the plans whose rows are still as they were read. What another process decided, or an edit changed,
  /// comes up again by itself if it is due.
  private func current(_ tx: Transaction, _ plans: [Plan], _ window: Window) throws -> [Plan] {
    let rows = try tx.rows(
      """
      SELECT job_id, trigger_id, version FROM schedules WHERE due_at <= $1 ORDER BY due_at LIMIT $2
      \(tx.dialect.skippingLocked)
      """, window.now, window.limit)
    var versions: [String: Int64] = [:]
    for row in rows {
      versions[Schedule.id(job: try row["job_id"], trigger: try row["trigger_id"])] = try row["version"]
    }
    return plans.filter { versions[$0.schedule.id] == $0.schedule.version }
  }

  /// Decides what has come of one schedule and moves its cursor.
  private func decide(
    _ tx: Transaction, _ plan: Plan, now: Timestamp, skips: [Int64: String]
  ) throws -> Schedule.Counts {
    var schedule = plan.schedule
    var counts = Schedule.Counts()
    if let due = try due(tx, schedule, plan.timetable, now: now, skips: skips) {
      counts = try apply(tx, due, to: &schedule)
    }
    if !skips.isEmpty { try forgetSkips(tx, schedule) }
    schedule.place(plan.timetable)
    try save(tx, &schedule)
    return counts
  }

  /// The times up to a moment that somebody asked to skip, by schedule, with the reasons.
  private func skips(_ tx: Transaction, until now: Timestamp) throws -> [String: [Int64: String]] {
    var skips: [String: [Int64: String]] = [:]
    for row in try tx.rows("SELECT * FROM schedule_skips WHERE nominal_at <= $1", now) {
      let nominal: Timestamp = try row["nominal_at"]
      let id = Schedule.id(job: try row["job_id"], trigger: try row["trigger_id"])
      skips[id, default: [:]][nominal.seconds] = try row["reason"]
    }
    return skips
  }

  /// Removes the wishes to skip times that are decided, or that no text names any more.
  func forgetSkips(_ tx: Transaction, _ schedule: Schedule) throws {
    try tx.run(
      "DELETE FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2 AND nominal_at <= $3", schedule.job,
      schedule.trigger, schedule.cursor)
  }

  func due(
    _ tx: Transaction, _ schedule: Schedule, _ timetable: Timetable, now: Timestamp, skips: [Int64: String],
    unseen: Due.Absence? = nil
  ) throws -> Due? {
    Due(
      timetable, cursor: schedule.cursor, now: now,
      since: try unseen.map { _ in now } ?? watch.since(tx, now, for: schedule.nextAt ?? schedule.cursor),
      catchUp: schedule.spec.catchUp, skips: skips, absence: unseen ?? .nobody)
  }

  /// Writes the ledger's rows, starts what starts, and moves the cursor.
  /// - Parameter supersedes: given, nothing starts any more, for this reason.
  /// - Returns: what was decided how often; it is on the schedule's own row already, but not in the totals.
  func apply(
    _ tx: Transaction, _ due: Due, to schedule: inout Schedule, supersedes: String? = nil
  ) throws -> Schedule.Counts {
    let job = try jobs.job(tx, id: schedule.job)
    var counts = Schedule.Counts()
    if let span = due.span {
      try self.span(
        tx, schedule, after: span.after, until: span.until, .missed, reason: span.reason, times: span.times)
      counts.missed += span.times ?? Due.countLimit
      schedule.cursor = max(schedule.cursor, span.until)
    }
    for item in due.items {
      let occurrence = Occurrence(
        cause: .time(Timestamp(seconds: item.nominal)), trigger: schedule.trigger,
        overlap: schedule.overlap(of: item, job), isMadeUp: item.isMadeUp)
      var failures: Int?
      switch item.verdict {
      case .start:
        if let supersedes {
          try runs.record(tx, job, occurrence, .superseded, reason: supersedes)
        } else {
          let start = try runs.start(tx, job, occurrence)
          schedule.note(start, of: item, now: time.now(), in: &counts)
          if !start.isRepeat, start.firing.decision == .failedToStart {
            failures = try countFailure(tx, of: schedule)
          }
          if schedule.starts != nil {
            schedule.startsLeft = try runs.remainingStarts(tx, job, trigger: schedule.trigger)
          }
        }
      case .missed(let reason):
        try runs.record(tx, job, occurrence, .missed, reason: reason)
        counts.missed += 1
      case .skipped(let reason):
        try runs.record(tx, job, occurrence, .skipped, reason: reason)
        counts.skipped += 1
      }
      schedule.cursor = max(schedule.cursor, Timestamp(seconds: item.nominal))
      if schedule.startsLeft == 0 { break }
      if let failures, let limit = schedule.pauseAfter, failures >= limit, schedule.pause == nil {
        try pause(
          tx, &schedule, by: Schedules.ownName,
          reason: "\(failures) runs in a row failed, the last because it could not start.")
        try callOff(tx, schedule)
        break
      }
    }
    try add(tx, counts, ofJob: schedule.job, trigger: schedule.trigger)
    return counts
  }
}

extension Schedule {
  /// How a time meets what runs, where that is not as its job says: whoever wants all missed times made up for wants
  /// each of them run, one after the other, and not all but the first dropped because that runs.
  fileprivate func overlap(of item: Due.Item, _ job: Job) -> Overlap? {
    guard item.isMadeUp, spec.catchUp.policy == .all else { return nil }
    switch job.effectiveOverlap {
    case .skip, .bufferOne: return .bufferAll
    case .bufferAll, .cancelOther, .terminateOther, .allowAll: return nil
    }
  }

  /// Takes down what became of a time that was to start.
  fileprivate mutating func note(
    _ start: Runs.Start, of item: Due.Item, now: Timestamp, in counts: inout Counts
  ) {
    // Decided before the cursor was last written: nothing new.
    if start.isRepeat { return }
    let late = max(.zero, now - item.due)
    // What had to wait is counted when it is decided, whoever decides it.
    if !start.hasWaited { counts.count(start.firing.decision, late: late) }
    lastFiring = start.firing.id
    lastLate = late
  }
}
