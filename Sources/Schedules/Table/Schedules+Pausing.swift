import Cron
import Logging
import Primitives
import Runs
package import Store

// People, and failures, stop schedules.
extension Schedules {
  /// Stops a schedule until `unpause`; nothing starts any more, neither what is due at this moment nor what waits
  /// for its turn. Starts by hand and backfills go on. A schedule that is paused already stays as it is.
  package func pause(_ tx: Transaction, _ id: String, by: String, reason: String) throws -> Schedule {
    var schedule = try self.schedule(tx, id)
    guard schedule.pause == nil else { return schedule }
    try pause(tx, &schedule, by: by, reason: reason)
    try save(tx, &schedule)
    try callOff(tx, schedule)
    return schedule
  }

  /// Notes the pause in the value and opens the account of what it keeps from starting.
  func pause(_ tx: Transaction, _ schedule: inout Schedule, by: String, reason: String) throws {
    let pause = Schedule.Pause(at: time.now(), by: by, reason: reason)
    schedule.pause = pause
    let line =
      "The schedule \(schedule.trigger) of \(schedule.jobName) was paused by \(by): \(reason.prefix(500))"
    tx.afterCommit { [log] in log.warning("\(line)") }
    schedule.nextAt = nil
    schedule.dueAt = nil
    try record(tx, schedule, Deed(.pause, at: pause.at, by: by, reason: reason))
    try span(
      tx, schedule, after: schedule.cursor, until: nil, .skipped, reason: Schedules.reason(of: pause),
      times: nil)
  }

  /// Calls off what the schedule has fired and what still waits for its turn.
  func callOff(_ tx: Transaction, _ schedule: Schedule) throws {
    guard let pause = schedule.pause else { return }
    try runs.callOff(
      tx, job: schedule.job, trigger: schedule.trigger, kind: "schedule", .skipped,
      reason: Schedules.reason(of: pause))
  }

  static func reason(of pause: Schedule.Pause) -> String {
    "The schedule was paused by \(pause.by) at \(pause.at.inSentence): \(pause.reason.asSentence)"
  }

  /// Lets a schedule go on with its next time from now; what came during the pause is not made up for.
  package func unpause(_ tx: Transaction, _ id: String, by: String, reason: String) throws -> Schedule {
    var schedule = try self.schedule(tx, id)
    guard schedule.pause != nil else { return schedule }
    let now = time.now()
    let timetable = try Timetables.shared.timetable(of: schedule)
    let skipped = try closeSpan(
      tx, schedule, until: max(now, schedule.cursor), "The pause was ended by \(by): \(reason.asSentence)")
    schedule.pause = nil
    schedule.cursor = max(schedule.cursor, now)
    schedule.place(timetable)
    try save(tx, &schedule)
    try forgetFailures(tx, of: schedule)
    try record(tx, schedule, Deed(.unpause, at: now, by: by, reason: reason))
    let counts = Schedule.Counts(skipped: skipped)
    try add(tx, counts, ofJob: schedule.job, trigger: schedule.trigger)
    try addToTotals(tx, counts)
    let line =
      "The schedule \(schedule.trigger) of \(schedule.jobName) goes on, as \(by) said: \(reason.prefix(500))"
    tx.afterCommit { [bell, log] in
      bell.ring()
      log.notice("\(line)")
    }
    return schedule
  }

  // MARK: Spans

  /// Records one decision about all times of a stretch.
  /// - Parameter until: nil while it goes on.
  func span(
    _ tx: Transaction, _ schedule: Schedule, after: Timestamp, until: Timestamp?, _ decision: Firing.Decision,
    reason: String, times: Int?
  ) throws {
    try tx.run(
      """
      INSERT INTO schedule_spans (id, job_id, trigger_id, after_at, until_at, decision, reason, times)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      """, ID.make("span", at: time.now(), randomness), schedule.job, schedule.trigger, after, until,
      decision.rawValue, reason, times)
  }

  /// Ends the span of a pause and counts the times in it.
  /// - Returns: how many they were, as far as they are counted.
  @discardableResult
  func closeSpan(
    _ tx: Transaction, _ schedule: Schedule, until: Timestamp, _ remark: String? = nil
  ) throws -> Int {
    guard
      let row = try tx.row(
        "SELECT * FROM schedule_spans WHERE job_id = $1 AND trigger_id = $2 AND until_at IS NULL",
        schedule.job,
        schedule.trigger)
    else { return 0 }
    let after: Timestamp = try row["after_at"]
    let reason: String = try row["reason"]
    var times: Int? = 0
    // Without its zone nobody can count; the span says what was decided all the same.
    if let timetable = try? Timetables.shared.timetable(of: schedule) {
      for nominal in timetable.occurrences(after: after.seconds).prefix(Due.countLimit + 1) {
        guard nominal <= until.seconds else { break }
        times = (times ?? 0) + 1
      }
    }
    if let counted = times, counted > Due.countLimit { times = nil }
    try tx.run(
      "UPDATE schedule_spans SET until_at = $2, times = $3, reason = $4 WHERE id = $1",
      try row["id"] as String,
      until, times, remark.map { "\(reason) \($0)" } ?? reason)
    return times ?? Due.countLimit
  }
}
