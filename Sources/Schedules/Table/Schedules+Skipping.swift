import Cron
package import JSON
package import Primitives
package import Store

/// A time that somebody asked to leave out, and that has not come yet.
package struct Skip: Sendable, Equatable {
  package var nominal: Timestamp
  /// Who asked, and why.
  package var reason: String

  package var json: JSON {
    ["nominal_at": .string(nominal.description), "reason": .string(reason)]
  }
}

// People leave single times out, and take that back.
extension Schedules {
  /// Skips that may wait for their times, for each schedule.
  static let skipLimit = 100

  /// Leaves out the next time that would start something and is not left out yet.
  /// - Returns: that time.
  package func skip(_ tx: Transaction, _ id: String, by: String, reason: String) throws -> Timestamp {
    let schedule = try self.schedule(tx, id)
    guard schedule.state == .active else {
      throw SchedulesError.notActive(name: try name(tx, schedule), state: schedule.state.rawValue)
    }
    let timetable = try Timetables.shared.timetable(of: schedule)
    let upcoming = timetable.upcoming(after: schedule.cursor.seconds, count: Schedules.skipLimit)
    for nominal in upcoming {
      let isNew = try tx.run(
        """
        INSERT INTO schedule_skips (job_id, trigger_id, nominal_at, reason) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """, schedule.job, schedule.trigger, Timestamp(seconds: nominal),
        "\(by) asked to skip this time: \(reason.asSentence)")
      guard isNew == 1 else { continue }
      try record(
        tx, schedule,
        Deed(.skip, of: Timestamp(seconds: nominal), at: time.now(), by: by, reason: reason))
      return Timestamp(seconds: nominal)
    }
    if upcoming.count < Schedules.skipLimit {
      throw SchedulesError.noFurtherTime(name: try name(tx, schedule))
    }
    throw SchedulesError.tooManySkips(name: try name(tx, schedule), limit: Schedules.skipLimit)
  }

  /// Lets a time start something after all that was to be left out. A time that has been decided about stays as
  /// it is.
  /// - Parameter asked: which one; nil for the only one there is.
  /// - Returns: that time.
  package func unskip(
    _ tx: Transaction, _ id: String, at asked: Account.Asked?, by: String, reason: String
  ) throws -> Timestamp {
    let schedule = try self.schedule(tx, id)
    let skips = try skips(tx, schedule)
    let name = try name(tx, schedule)
    let wanted = try asked.map { $0.moment(in: try Timetables.shared.timetable(of: schedule).zone) }
    if skips.isEmpty { throw SchedulesError.noSkip(name: name, at: wanted, skips: []) }
    guard let nominal = wanted ?? (skips.count == 1 ? skips[0].nominal : nil) else {
      throw SchedulesError.severalSkips(name: name, skips: skips.map(\.nominal))
    }
    guard skips.contains(where: { $0.nominal == nominal }) else {
      throw SchedulesError.noSkip(name: name, at: nominal, skips: skips.map(\.nominal))
    }
    try tx.run(
      "DELETE FROM schedule_skips WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3", schedule.job,
      schedule.trigger, nominal)
    try record(tx, schedule, Deed(.unskip, of: nominal, at: time.now(), by: by, reason: reason))
    return nominal
  }

  /// The times still to come that will be left out because somebody asked, in order. Those that the schedule's
  /// text names no more are not among them; should it name them again, they are.
  package func skips(_ tx: Transaction, _ schedule: Schedule) throws -> [Skip] {
    let rows = try tx.rows(
      """
      SELECT nominal_at, reason FROM schedule_skips
      WHERE job_id = $1 AND trigger_id = $2 AND nominal_at > $3 ORDER BY nominal_at
      """, schedule.job, schedule.trigger, schedule.cursor)
    // A list is no place to fail for a zone that is gone.
    guard !rows.isEmpty, let timetable = try? Timetables.shared.timetable(of: schedule) else { return [] }
    return try rows.map { Skip(nominal: try $0["nominal_at"], reason: try $0["reason"]) }
      .filter { timetable.next(after: $0.nominal.seconds - 1) == $0.nominal.seconds }
  }
}
