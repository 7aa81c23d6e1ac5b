import JSON
import Jobs
import Primitives
import Store

// A schedule's earlier texts are kept, for whoever asks about its times later.
extension Schedules {
  /// So many are kept of a schedule.
  private static let editionLimit = 100

  /// A text that a schedule had.
  struct Edition: Equatable {
    var spec: ScheduleSpec
    /// The trigger's id at that time.
    var trigger: String
    /// When it was changed.
    var until: Timestamp
  }

  /// The text that a schedule had at a moment; nil when it was the present one.
  func edition(_ tx: Transaction, _ schedule: Schedule, at moment: Timestamp) throws -> Edition? {
    try tx.row(
      """
      SELECT * FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2 AND until_at >= $3
      ORDER BY until_at LIMIT 1
      """, schedule.job, schedule.trigger, moment
    ).map { row in
      Edition(
        spec: try Timetables.shared.spec(row["spec"]), trigger: try row["of_trigger"],
        until: try row["until_at"])
    }
  }

  /// The ids under which a schedule's times are in the ledger: its own, and those that it had with earlier texts.
  func triggers(_ tx: Transaction, _ schedule: Schedule) throws -> [String] {
    let earlier = try tx.rows(
      "SELECT DISTINCT of_trigger FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2", schedule.job,
      schedule.trigger
    ).map { try $0["of_trigger"] as String }
    return [schedule.trigger] + earlier.filter { $0 != schedule.trigger }
  }

  /// Keeps the text that a schedule had until now, for whoever asks about its times later.
  /// - Parameter trigger: the id under which the schedule goes on.
  func keep(_ tx: Transaction, _ old: Schedule, as trigger: String, until now: Timestamp) throws {
    if trigger != old.trigger {
      try tx.run(
        "UPDATE schedule_editions SET trigger_id = $3 WHERE job_id = $1 AND trigger_id = $2", old.job,
        old.trigger, trigger)
    }
    try tx.run(
      """
      INSERT INTO schedule_editions (job_id, trigger_id, of_trigger, until_at, spec) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (job_id, trigger_id, until_at) DO NOTHING
      """, old.job, trigger, old.trigger, now, old.spec.json)
    try tx.run(
      """
      DELETE FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2 AND until_at < (
        SELECT MIN(until_at) FROM (
          SELECT until_at FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2
          ORDER BY until_at DESC LIMIT $3) AS latest)
      """, old.job, trigger, Schedules.editionLimit)
  }
}
