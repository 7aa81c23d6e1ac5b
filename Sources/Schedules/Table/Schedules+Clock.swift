import Cron
import Logging
import Primitives
import Queue
import Runs
import Store

// A clock that was far ahead, as on a machine without a battery, leaves schedules decided up to a time that has not
// come. Once the clock is right, they would be silent until then.
extension Schedules {
  /// A cursor further ahead of the clock than this was set by another clock: one that is put right by a little goes on
  /// where it was.
  static let ahead = Duration.seconds(60)

  /// Plans anew what was decided by a clock that was ahead.
  /// - Returns: the schedules that were ahead, as they were.
  func replan(_ tx: Transaction) throws -> [Schedule] {
    let now = time.now()
    let ahead = try tx.rows("SELECT * FROM schedules WHERE cursor_at > $1", now + Schedules.ahead)
      .map(Schedule.init)
    for old in ahead {
      let timetable: Timetable
      do {
        timetable = try Timetables.shared.timetable(of: old)
      } catch {
        log.error("The schedule \(old.trigger) of \(old.jobName) cannot be planned anew: \(error)")
        continue
      }
      var schedule = old
      schedule.cursor = now
      schedule.pause?.at = min(old.pause?.at ?? now, now)
      schedule.place(timetable)
      try save(tx, &schedule)
      try tx.run(
        "UPDATE schedules SET since_at = $3 WHERE job_id = $1 AND trigger_id = $2 AND since_at > $3", old.job,
        old.trigger, now)
      try runs.forgetMissed(
        tx, job: old.job, trigger: old.trigger, after: now, except: old.lastFiring)
      try cutSpans(tx, old, at: now)
      try cutEditions(tx, old, at: now)
    }
    if !ahead.isEmpty { tx.afterCommit { [bell] in bell.ring() } }
    return ahead
  }

  /// Spans end now, and what they would have covered later comes again; a pause goes on from now.
  private func cutSpans(_ tx: Transaction, _ schedule: Schedule, at now: Timestamp) throws {
    try tx.run(
      """
      DELETE FROM schedule_spans
      WHERE job_id = $1 AND trigger_id = $2 AND after_at >= $3 AND until_at IS NOT NULL
      """, schedule.job, schedule.trigger, now)
    try tx.run(
      """
      UPDATE schedule_spans SET until_at = $3, times = NULL WHERE job_id = $1 AND trigger_id = $2 AND until_at > $3
      """, schedule.job, schedule.trigger, now)
    try tx.run(
      "UPDATE schedule_spans SET after_at = $3 WHERE job_id = $1 AND trigger_id = $2 AND after_at > $3",
      schedule.job, schedule.trigger, now)
  }

  /// The texts that ended later ended now, in the same order.
  private func cutEditions(_ tx: Transaction, _ schedule: Schedule, at now: Timestamp) throws {
    let ends: [Timestamp] = try tx.rows(
      """
      SELECT until_at FROM schedule_editions WHERE job_id = $1 AND trigger_id = $2 AND until_at > $3
      ORDER BY until_at
      """, schedule.job, schedule.trigger, now
    ).map { try $0["until_at"] }
    for (place, end) in ends.enumerated() {
      try tx.run(
        """
        UPDATE schedule_editions SET until_at = $4 WHERE job_id = $1 AND trigger_id = $2 AND until_at = $3
        """, schedule.job, schedule.trigger, end, now - .microseconds(ends.count - place))
    }
  }
}
