package import Store

// What is counted of a schedule stands in a row of its own. Every change adds to it, so that whoever counts needs to
// know nothing of who else does, be it in the same transaction.
extension Schedules {
  /// Nothing is counted of a schedule that is gone.
  package func standing(_ tx: Transaction, _ schedule: Schedule) throws -> Schedule.Standing {
    try tx.row(
      "SELECT * FROM schedule_counters WHERE job_id = $1 AND trigger_id = $2", schedule.job, schedule.trigger
    ).map(Schedule.Standing.init) ?? Schedule.Standing()
  }

  /// Adds to what was decided of a schedule, if it is there still.
  func add(_ tx: Transaction, _ counts: Schedule.Counts, ofJob job: String, trigger: String) throws {
    if counts == Schedule.Counts() { return }
    try tx.run(
      """
      UPDATE schedule_counters SET started = started + $3, late = late + $4, missed = missed + $5,
        skipped = skipped + $6
      WHERE job_id = $1 AND trigger_id = $2
      """, job, trigger, counts.started, counts.late, counts.missed, counts.skipped)
  }

  /// Adds to the totals over all schedules.
  func addToTotals(_ tx: Transaction, _ counts: Schedule.Counts) throws {
    for (name, value) in counts.named where value != 0 {
      try tx.run("UPDATE schedule_totals SET value = value + $2 WHERE name = $1", name, value)
    }
  }

  /// Counts one more failure: of a run, or of a start.
  /// - Returns: how many they are in a row by now.
  func countFailure(_ tx: Transaction, of schedule: Schedule) throws -> Int {
    let row = try tx.row(
      """
      UPDATE schedule_counters SET failures = failures + 1 WHERE job_id = $1 AND trigger_id = $2
      RETURNING failures
      """, schedule.job, schedule.trigger)
    return try row?["failures"] ?? 0
  }

  /// Begins to count failures anew.
  func forgetFailures(_ tx: Transaction, of schedule: Schedule) throws {
    try tx.run(
      """
      UPDATE schedule_counters SET failures = 0 WHERE job_id = $1 AND trigger_id = $2 AND failures <> 0
      """, schedule.job, schedule.trigger)
  }
}
