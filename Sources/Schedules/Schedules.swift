import Cron
package import Jobs
package import Logging
package import Primitives
package import Runs
package import Store

/// The timer: fires jobs at the times that their schedules name, each nominal time once.
///
/// A schedule's cursor and the firing it leads to are written in one transaction, so a crash at any moment
/// neither loses an occurrence nor fires it twice.
package final class Schedules: Sendable {
  package static let migrations = [
    Migration(
      id: "schedules-0001",
      sql: """
        CREATE TABLE schedules (
          job_id TEXT NOT NULL,
          job_name TEXT NOT NULL,
          trigger_id TEXT NOT NULL,
          expression TEXT NOT NULL,
          timezone TEXT NOT NULL,
          cursor_at INTEGER NOT NULL,
          next_at INTEGER,
          PRIMARY KEY (job_id, trigger_id)
        );
        CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;
        """)
  ]

  /// The longest sleep: a wall clock that was set shows itself within this time.
  static let heartbeat = Duration.seconds(10)
  /// The wait after the store has failed.
  static let pause = Duration.seconds(1)
  /// A sleep that took this much longer than asked means that the machine, or the clock, jumped over time
  /// that nobody saw.
  static let gap = Duration.seconds(30)

  private let database: Database
  private let jobs: Jobs
  private let runs: Runs
  private let time: Time
  private let log: Logger
  private let bell = Bell()

  package init(database: Database, jobs: Jobs, runs: Runs, time: Time = .system, log: Logger) {
    self.database = database
    self.jobs = jobs
    self.runs = runs
    self.time = time
    self.log = log
    jobs.onChange { [self] tx, job in try take(tx, job) }
  }

  // MARK: Keeping in step with the jobs

  /// Brings a job's schedules to what its file says, in the transaction that applies it.
  ///
  /// A new or changed schedule starts from now: what it would have named before it existed is not an
  /// occurrence. An unchanged one keeps its cursor.
  func take(_ tx: Transaction, _ job: Job) throws {
    let now = time.now()
    var kept: Set<String> = []
    for trigger in job.triggers where job.archivedAt == nil {
      guard case .schedule(let expression, let timezone) = trigger.kind else { continue }
      kept.insert(trigger.id)
      let existing = try tx.row(
        "SELECT * FROM schedules WHERE job_id = $1 AND trigger_id = $2", job.id, trigger.id
      ).map(Schedule.init)
      if let existing, existing.expression == expression, existing.timezone == timezone { continue }
      let next = try Schedules.times(job.name, trigger.id, expression, timezone).next(after: now.seconds)
        .map { Timestamp(seconds: $0) }
      try tx.run(
        """
        INSERT INTO schedules (job_id, job_name, trigger_id, expression, timezone, cursor_at, next_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (job_id, trigger_id) DO UPDATE SET job_name = $2, expression = $4, timezone = $5,
          cursor_at = $6, next_at = $7
        """, job.id, job.name, trigger.id, expression, timezone, now, next)
    }
    for row in try tx.rows("SELECT trigger_id FROM schedules WHERE job_id = $1", job.id) {
      let trigger: String = try row["trigger_id"]
      if !kept.contains(trigger) {
        try tx.run("DELETE FROM schedules WHERE job_id = $1 AND trigger_id = $2", job.id, trigger)
      }
    }
    tx.afterCommit { [bell] in bell.ring() }
  }

  /// `H` spreads by job and trigger, so that it stays the same over restarts and edits elsewhere.
  private static func times(
    _ job: String, _ trigger: String, _ expression: String, _ timezone: String
  ) throws -> CronSchedule {
    CronSchedule(
      expression: try CronExpression(expression, name: "\(job)/\(trigger)"), zone: try Zone.named(timezone))
  }

  // MARK: Reading

  package func schedules(_ tx: Transaction) throws -> [Schedule] {
    try tx.rows("SELECT * FROM schedules ORDER BY job_name, trigger_id").map(Schedule.init)
  }

  // MARK: The timer

  /// Fires what is due, until cancelled.
  package func run() async throws {
    var since = time.now()
    while !Task.isCancelled {
      let next: Timestamp?
      do {
        next = try await fire(since: since)
      } catch let error as StoreError {
        log.error("Schedules wait, because the store refused: \(error)")
        next = time.now() + Schedules.pause
      }
      let asleep = time.now()
      let sleep = max(.zero, min(next.map { $0 - asleep } ?? Schedules.heartbeat, Schedules.heartbeat))
      try await bell.wait(upTo: sleep, time)
      // Time that passed unseen counts as a downtime.
      if time.now() - asleep > sleep + Schedules.gap { since = time.now() }
    }
  }

  /// Decides every occurrence up to now. A schedule that cannot be decided, because its zone has gone from the
  /// system for instance, is logged and tried again the next time; it holds up no other.
  /// - Parameter since: from when on the service was there to see them.
  /// - Returns: when the next one is due.
  func fire(since: Timestamp) async throws -> Timestamp? {
    var stuck: Set<[String]> = []
    var again: Timestamp?
    while true {
      let now = time.now()
      let limit = 100 + stuck.count
      let due = try await database.read { tx in
        try tx.rows(
          "SELECT * FROM schedules WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at LIMIT $2", now,
          limit
        ).map(Schedule.init)
      }.filter { !stuck.contains([$0.job, $0.trigger]) }
      if due.isEmpty {
        return try await database.read { tx in
          try tx.row("SELECT MIN(next_at) AS next_at FROM schedules WHERE next_at > $1", now).flatMap {
            try $0["next_at"] as Timestamp?
          }
        }.map { min($0, again ?? $0) } ?? again
      }
      for schedule in due {
        do {
          try await database.write { [self] tx in try decide(tx, schedule, now: now, since: since) }
        } catch {
          if error is StoreError { again = now + Schedules.pause }
          stuck.insert([schedule.job, schedule.trigger])
          log.error("The schedule \(schedule.trigger) of \(schedule.jobName) did not fire: \(error)")
        }
      }
    }
  }

  /// Decides one schedule's occurrences and moves its cursor, in one transaction.
  private func decide(_ tx: Transaction, _ seen: Schedule, now: Timestamp, since: Timestamp) throws {
    let row = try tx.row(
      "SELECT * FROM schedules WHERE job_id = $1 AND trigger_id = $2 AND cursor_at = $3", seen.job,
      seen.trigger,
      seen.cursor)
    // Another process decided it, or an edit replaced it.
    guard let row else { return }
    let schedule = try Schedule(row)
    let times = try Schedules.times(
      schedule.jobName, schedule.trigger, schedule.expression, schedule.timezone)
    let job = try jobs.job(tx, id: schedule.job)
    let latestMissed = times.previous(before: since.seconds).map { Timestamp(seconds: $0) }
    let due = Due(
      times.occurrences(after: schedule.cursor.seconds).lazy.map { Timestamp(seconds: $0) }, now: now,
      since: Timestamp(seconds: since.seconds), latestMissed: latestMissed)
    for time in due?.missed ?? [] {
      try runs.record(
        tx, job, Occurrence(cause: .time(time), trigger: schedule.trigger), .missed,
        reason: "Nobody was running at \(time); a later time of the same schedule fired instead.")
    }
    for time in due?.fire ?? [] {
      _ = try runs.start(tx, job, Occurrence(cause: .time(time), trigger: schedule.trigger))
    }
    let cursor = due?.cursor ?? schedule.cursor
    let next = times.next(after: cursor.seconds).map { Timestamp(seconds: $0) }
    try tx.run(
      "UPDATE schedules SET cursor_at = $3, next_at = $4 WHERE job_id = $1 AND trigger_id = $2", schedule.job,
      schedule.trigger, cursor, next)
  }
}
