import Cron
package import Jobs
package import Logging
package import Primitives
package import Runs
package import Store

/// The schedules: rows that say up to where each one's times are decided, and what was decided about them.
///
/// Every nominal time gets one decision with its reason: a firing of the ledger, or, for a stretch of times that
/// passed during a pause or a long downtime, one row of `schedule_spans` for all of them. A schedule's cursor and
/// what it leads to are written in one transaction, so a crash at any moment neither loses a time nor fires it
/// twice; several processes may run timers (`ScheduleTimer`) on one database, and the first to write decides.
package final class Schedules: Sendable {
  /// A start that comes more than this after its due time is counted as late.
  package static let lateness = Duration.seconds(1)

  let database: Database
  let jobs: Jobs
  let runs: Runs
  let time: Time
  let randomness: Randomness
  let log: Logger
  /// Rung when something may be due earlier than the timer thinks.
  let bell = Bell()
  let watch: ScheduleWatch

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
    watch = ScheduleWatch(database, time: time, log: log)
  }

  package func schedules(_ tx: Transaction, ofJob job: String) throws -> [Schedule] {
    try tx.rows("SELECT * FROM schedules WHERE job_id = $1 ORDER BY trigger_id", job).map(Schedule.init)
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
