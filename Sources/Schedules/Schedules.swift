import Cron
package import Jobs
package import Logging
package import Primitives
package import Runs
package import Store

/// The timer: fires jobs at the times that their schedules name, and keeps the ledger whole.
///
/// Every nominal time gets one decision with its reason: a firing of the ledger, or, for a stretch of times that
/// passed during a pause or a long downtime, one row of `schedule_spans` for all of them. A schedule's cursor and
/// what it leads to are written in one transaction, so a crash at any moment neither loses a time nor fires it
/// twice; several processes may run timers on one database, and the first to write decides.
///
/// Nothing of a schedule is in memory before it is due: the timer asks the database for what is, by an index.
package final class Schedules: Sendable {
  /// The longest sleep. A wall clock that was set, and a schedule that another process made, show themselves
  /// within this time.
  static let heartbeat = Duration.seconds(1)
  /// The wait after the store has failed.
  static let pause = Duration.seconds(1)
  /// A sleep that took this much longer than asked means that the machine, or the clock, jumped over time
  /// that nobody saw.
  static let gap = Duration.seconds(10)
  /// What came so shortly before the timer began counts as seen: a restart is no downtime.
  static let slack = Duration.seconds(1)
  /// A start that comes more than this after its due time is counted as late.
  package static let lateness = Duration.seconds(1)
  /// How many schedules are decided in one transaction. Other writers wait so long.
  static let batch = 500
  /// How long a schedule that cannot be decided is left alone.
  static let patience = Duration.seconds(60)

  let database: Database
  let jobs: Jobs
  let runs: Runs
  let time: Time
  let randomness: Randomness
  let log: Logger
  let bell = Bell()
  /// From when on the timer of this process was there without a gap; nil while it does not run.
  let watch = Lock<Timestamp?>(nil)
  /// Schedules that could not be decided, by id, and when they are tried again.
  private let stuck = Lock<[String: Timestamp]>([:])

  package init(
    database: Database, jobs: Jobs, runs: Runs, time: Time = .system, randomness: Randomness = .system,
    log: Logger
  ) {
    self.database = database
    self.jobs = jobs
    self.runs = runs
    self.time = time
    self.randomness = randomness
    self.log = log
  }

  package func schedules(_ tx: Transaction, ofJob job: String) throws -> [Schedule] {
    try tx.rows("SELECT * FROM schedules WHERE job_id = $1 ORDER BY trigger_id", job).map(Schedule.init)
  }

  // MARK: The timer

  /// Decides everything that is due, batch by batch.
  /// - Returns: when the next schedule is due.
  func tick() async throws -> Timestamp? {
    while true {
      let now = time.now()
      let stuck = stuck.withLock { stuck in
        stuck = stuck.filter { $0.value > now }
        return stuck
      }
      let limit = Schedules.batch + stuck.count
      let rows = try await database.read { tx in
        try tx.rows("SELECT * FROM schedules WHERE due_at <= $1 ORDER BY due_at LIMIT $2", now, limit)
      }
      let plans = try rows.map(Schedule.init).filter { stuck[$0.id] == nil }.compactMap(plan)
      if plans.isEmpty {
        if rows.count == limit { continue }
        let next = try await database.read { tx in
          try tx.row("SELECT due_at FROM schedules WHERE due_at > $1 ORDER BY due_at LIMIT 1", now).flatMap {
            try $0["due_at"] as Timestamp?
          }
        }
        return ([next] + stuck.values.map { $0 }).compactMap(\.self).min()
      }
      await carryOut(plans, Window(now: now, limit: limit))
    }
  }

  /// Which rows were read: those due up to a moment, the first so many.
  private struct Window {
    var now: Timestamp
    var limit: Int
  }

  /// A schedule with what it names and what is to be decided.
  struct Plan: Sendable {
    var schedule: Schedule
    var timetable: Timetable
  }

  /// Nil, with a line in the log, when the schedule's times cannot be computed: its zone has gone from the
  /// system, for instance. It holds up no other.
  private func plan(_ schedule: Schedule) -> Plan? {
    do {
      return Plan(schedule: schedule, timetable: try Timetables.shared.timetable(of: schedule))
    } catch {
      stick(schedule, error)
      return nil
    }
  }

  private func stick(_ schedule: Schedule, _ error: any Error) {
    let again = time.now() + (error is StoreError ? Schedules.pause : Schedules.patience)
    stuck.withLock { $0[schedule.id] = again }
    log.error("The schedule \(schedule.trigger) of \(schedule.jobName) did not fire: \(error)")
  }

  /// All in one transaction; when that fails, each in its own, so that one cannot keep the others from firing.
  private func carryOut(_ plans: [Plan], _ window: Window) async {
    do {
      try await database.write { [self] tx in
        var counts = Schedule.Counts()
        let now = time.now()
        let skips = try skips(tx, until: now)
        for plan in try current(tx, plans, window) {
          counts.add(try decide(tx, plan, now: now, skips: skips[plan.schedule.id] ?? [:]))
        }
        try addToTotals(tx, counts)
      }
      return
    } catch  where plans.count > 1 {
      log.warning("Schedules are decided one by one, because deciding them together failed: \(error)")
    } catch {
      stick(plans[0].schedule, error)
      return
    }
    for plan in plans { await carryOut([plan], window) }
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

  // MARK: Deciding

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
    _ tx: Transaction, _ schedule: Schedule, _ timetable: Timetable, now: Timestamp, skips: [Int64: String]
  ) throws -> Due? {
    Due(
      timetable, cursor: schedule.cursor, now: now,
      since: try since(tx, now, for: schedule.nextAt ?? schedule.cursor), catchUp: schedule.spec.catchUp,
      skips: skips)
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
        overlap: schedule.overlap(of: item, job))
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

  /// Who pauses by itself.
  static let ownName = "errand"

  /// Writes a schedule's row. What is counted has a row of its own.
  /// - Throws: `SchedulesError.notFound` when the row is not as it was read.
  func save(_ tx: Transaction, _ schedule: inout Schedule) throws {
    let written = try tx.run(
      """
      UPDATE schedules SET cursor_at = $3, next_at = $4, due_at = $5, paused_at = $6, paused_by = $7,
        paused_reason = $8, starts_left = $9, last_firing = $10, last_late = $11, version = version + 1
      WHERE job_id = $1 AND trigger_id = $2 AND version = $12
      """, schedule.job, schedule.trigger, schedule.cursor, schedule.nextAt, schedule.dueAt,
      schedule.pause?.at, schedule.pause?.by, schedule.pause?.reason, schedule.startsLeft,
      schedule.lastFiring, schedule.lastLate?.microseconds, schedule.version)
    guard written == 1 else { throw SchedulesError.notFound(id: schedule.id) }
    schedule.version += 1
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
