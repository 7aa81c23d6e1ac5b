import Cron
import JSON
package import Primitives
package import Runs
package import Store

/// One decision about all nominal times of a stretch, in place of a firing for each.
package struct Span: Sendable, Equatable {
  package var id: String
  /// The times after this moment…
  package var after: Timestamp
  /// …up to this one; nil while it goes on.
  package var until: Timestamp?
  package var decision: Firing.Decision
  package var reason: String
  /// How many they are; nil while it goes on, and when they are too many to count.
  package var times: Int?

  init(_ row: Row) throws {
    id = try row["id"]
    after = try row["after_at"]
    until = try row["until_at"]
    decision = Firing.Decision(rawValue: try row["decision"]) ?? .skipped
    reason = try row["reason"]
    times = try row["times"]
  }
}

extension Schedules {
  /// - Parameter id: as `Schedule.id`.
  /// - Throws: `SchedulesError.notFound`.
  package func schedule(_ tx: Transaction, _ id: String) throws -> Schedule {
    guard let parts = Schedule.parts(of: id),
      let row = try tx.row(
        "SELECT * FROM schedules WHERE job_id = $1 AND trigger_id = $2", parts.job, parts.trigger)
    else { throw SchedulesError.notFound(id: id) }
    return try Schedule(row)
  }

  /// How operators know a schedule: by its job, and by its trigger when the job has several.
  func name(_ tx: Transaction, _ schedule: Schedule) throws -> String {
    let others = try tx.row(
      "SELECT 1 FROM schedules WHERE job_id = $1 AND trigger_id <> $2", schedule.job, schedule.trigger)
    return others == nil
      ? "The schedule of job \(schedule.jobName)"
      : "The schedule \(schedule.trigger) of job \(schedule.jobName)"
  }

  /// By job and trigger.
  /// - Parameter after: where the page begins: the last one of the page before.
  package func schedules(
    _ tx: Transaction, job: String? = nil, after: (name: String, job: String, trigger: String)? = nil,
    limit: Int = 1000
  ) throws -> [Schedule] {
    try tx.rows(
      """
      SELECT * FROM schedules
      WHERE \(job == nil ? "$1 IS NULL" : "job_name = $1")
        AND \(after == nil ? "$2 IS NULL AND $3 IS NULL AND $4 IS NULL" : "(job_name, job_id, trigger_id) > ($2, $3, $4)")
      ORDER BY job_name, job_id, trigger_id LIMIT $5
      """, job, after?.name, after?.job, after?.trigger, limit
    ).map(Schedule.init)
  }

  /// The next times that start something, without those that will be skipped; none while it is paused.
  package func upcoming(_ tx: Transaction, _ schedule: Schedule, count: Int = 5) throws -> [Timestamp] {
    guard schedule.state == .active else { return [] }
    let skipped = Set(
      try tx.rows(
        "SELECT nominal_at FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2", schedule.job,
        schedule.trigger
      ).map { try $0["nominal_at"] as Timestamp })
    let timetable: Timetable
    do {
      timetable = try Timetables.shared.timetable(of: schedule)
    } catch {
      // A list is no place to fail for one zone that is gone; the timer and the health check say it.
      return []
    }
    let room = min(count, schedule.startsLeft ?? count)
    return timetable.upcoming(after: schedule.cursor.seconds, count: room + skipped.count)
      .map { Timestamp(seconds: $0) }.filter { !skipped.contains($0) }.prefix(room).map(\.self)
  }

  /// The latest spans of a schedule, the newest first.
  package func spans(_ tx: Transaction, _ schedule: Schedule, limit: Int = 20) throws -> [Span] {
    try tx.rows(
      """
      SELECT * FROM schedule_spans WHERE job_id = $1 AND trigger_id = $2
      ORDER BY after_at DESC, id DESC LIMIT $3
      """, schedule.job, schedule.trigger, limit
    ).map(Span.init)
  }

  /// The span that decides about a nominal time, if one does.
  package func span(_ tx: Transaction, job: String, trigger: String, at nominal: Timestamp) throws -> Span? {
    try tx.row(
      """
      SELECT * FROM schedule_spans WHERE job_id = $1 AND trigger_id = $2 AND after_at < $3
        AND (until_at IS NULL OR until_at >= $3)
      ORDER BY after_at DESC LIMIT 1
      """, job, trigger, nominal
    ).map(Span.init)
  }

  /// How often what was decided, over all schedules there are and were.
  package func totals(_ tx: Transaction) throws -> Schedule.Counts {
    var totals = Schedule.Counts()
    for row in try tx.rows("SELECT name, value FROM schedule_totals") {
      let value: Int = try row["value"]
      switch try row["name"] as String {
      case "started": totals.started = value
      case "late": totals.late = value
      case "missed": totals.missed = value
      case "skipped": totals.skipped = value
      default: break
      }
    }
    return totals
  }

  // MARK: Self-watch

  /// The oldest time that may wait for the timer.
  package static let alarm = Duration.seconds(60)

  /// A sentence about an active schedule whose next time is long past; nil when all is well. It gives a service
  /// that has just begun, or that just woke up, the time to catch up.
  /// - Parameter born: when this process began.
  package func fault(_ tx: Transaction, born: Timestamp) throws -> String? {
    let now = time.now()
    guard now - max(born, watch.awake ?? born) > Schedules.alarm || now < born,
      let row = try tx.row(
        "SELECT * FROM schedules WHERE due_at < $1 ORDER BY due_at LIMIT 1", now - Schedules.alarm)
    else { return nil }
    let schedule = try Schedule(row)
    let due = schedule.dueAt ?? now
    return "The schedule \(schedule.trigger) of job \(schedule.jobName) was due at \(due.inSentence), "
      + "\(DurationText.text(.seconds((now - due).components.seconds))) ago, and nothing has decided about it. "
      + "Look into the log of the worker, or start one."
  }
}
