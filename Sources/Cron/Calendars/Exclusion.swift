/// A stretch of wall time in which a schedule does not start anything: a day off, a week of maintenance. It may
/// come again every so many days, weeks or years.
package struct Exclusion: Hashable, Sendable {
  /// How it comes again.
  package enum Recurrence: Hashable, Sendable {
    case daily(every: Int)
    /// Weekdays from 0 (Sunday) to 6.
    case weekly(every: Int, weekdays: Set<Int>)
    /// On a day of a month, counted from its end when negative: -1 is the last. A month without that day has none.
    case monthly(every: Int, day: Int)
    /// On a weekday of a month, as in `nthWeekday`.
    case monthlyWeekday(every: Int, nth: Int, weekday: Int)
    /// On the same date; 29 February only in leap years.
    case yearly(every: Int)
    /// On a weekday of a month: the second Monday, or from its end with -1 for the last.
    case nthWeekday(every: Int, month: Int, nth: Int, weekday: Int)
  }

  /// When it begins the first time.
  package var start: WallTime
  /// In seconds; at most a year, and never longer than the time until it comes again.
  package var length: Int64
  /// Whose clocks show these times; nil for the schedule's own zone.
  package var zone: String?
  package var recurrence: Recurrence?
  /// The last moment at which it can begin again; nil for ever.
  package var until: WallTime?
  /// Beginnings at which it does not hold, as wall times.
  package private(set) var exceptions: Set<Int64> = []
  /// What the author called it: “Christmas Day”.
  package var name: String

  package init(
    start: WallTime, length: Int64, zone: String? = nil, recurrence: Recurrence? = nil,
    until: WallTime? = nil, exceptions: Set<Int64> = [], name: String
  ) {
    self.start = start
    self.length = length
    self.zone = zone
    self.recurrence = recurrence
    self.until = until
    self.exceptions = exceptions
    self.name = name
  }

  /// One whole day.
  package init(day: WallTime) {
    self.init(start: day, length: CivilDay.secondsPerDay, name: day.description)
  }

  /// The longest exclusion, in seconds: 366 days.
  package static let longest: Int64 = 366 * CivilDay.secondsPerDay

  /// Has it not hold when it begins at a wall time.
  mutating func leaveOut(_ beginning: Int64) { exceptions.insert(beginning) }

  /// Whether it holds at a wall time of its own zone.
  package func covers(_ wall: Int64) -> Bool { end(covering: wall) != nil }

  /// The wall time at which it is over, when it holds at a wall time of its own zone.
  package func end(covering wall: Int64) -> Int64? {
    guard let beginning = beginning(atOrBefore: wall), !exceptions.contains(beginning) else { return nil }
    return wall < beginning + length ? beginning + length : nil
  }

  /// The last time that it begins up to a wall time of its own zone, exceptions included.
  func beginning(atOrBefore wall: Int64) -> Int64? {
    guard wall >= start.seconds else { return nil }
    guard let recurrence else { return start.seconds }
    return lastBeginning(recurrence, atOrBefore: wall)
  }

  /// The last time it begins up to a wall time; as it is never longer than its period, only that one can hold.
  private func lastBeginning(_ recurrence: Recurrence, atOrBefore wall: Int64) -> Int64? {
    let wall = min(wall, until?.seconds ?? wall)
    guard wall >= start.seconds else { return nil }
    switch recurrence {
    case .daily(let every):
      let period = Int64(every) * CivilDay.secondsPerDay
      return wall - (wall - start.seconds) % period
    case .weekly(let every, let weekdays):
      return weekdays.compactMap { lastOfWeek($0, every: every, atOrBefore: wall) }.max()
    case .monthly(let every, let day):
      return lastOfMonth(every: every, atOrBefore: wall) { year, month in
        let length = CivilDay.length(ofMonth: month, leap: CivilDay.isLeap(year))
        return WallTime.days(year, month, day > 0 ? day : length + 1 + day)
      }
    case .monthlyWeekday(let every, let nth, let weekday):
      return lastOfMonth(every: every, atOrBefore: wall) { Exclusion.day(nth, weekday, $1, year: $0) }
    case .yearly(let every):
      let first = date(of: start.seconds)
      return lastOfYear(every: every, atOrBefore: wall) { WallTime.days($0, first.month, first.day) }
    case .nthWeekday(let every, let month, let nth, let weekday):
      return lastOfYear(every: every, atOrBefore: wall) { Exclusion.day(nth, weekday, month, year: $0) }
    }
  }

  /// Weeks begin on Monday (RFC 5545, section 3.3.10, WKST).
  private func lastOfWeek(_ weekday: Int, every: Int, atOrBefore wall: Int64) -> Int64? {
    let day = CivilDay.secondsPerDay
    let time = CivilDay.floorDivide(start.seconds, day) * day
    let monday = time - Int64((date(of: start.seconds).weekday + 6) % 7) * day
    let first = monday + Int64((weekday + 6) % 7) * day + (start.seconds - time)
    let period = Int64(every) * 7 * day
    guard wall >= first else { return nil }
    let found = wall - (wall - first) % period
    return found >= start.seconds ? found : nil
  }

  /// - Parameter day: the day of a year on which it begins, in days since 1970; nil when that year has none.
  private func lastOfYear(every: Int, atOrBefore wall: Int64, day: (Int) -> Int64?) -> Int64? {
    let first = date(of: start.seconds).year
    var year = first + (date(of: wall).year - first) / every * every
    // 29 February may be eight years away, in which no exclusion lasts.
    for _ in 0..<3 where year >= first {
      if let day = day(year) {
        let beginning = day * CivilDay.secondsPerDay + time
        if beginning <= wall { return beginning >= start.seconds ? beginning : nil }
      }
      year -= every
    }
    return nil
  }

  /// - Parameter day: the day of a year's month on which it begins, in days since 1970; nil when it has none.
  private func lastOfMonth(
    every: Int, atOrBefore wall: Int64, day: (_ year: Int, _ month: Int) -> Int64?
  ) -> Int64? {
    func months(_ date: CivilDay) -> Int { date.year * 12 + date.month - 1 }
    let first = months(date(of: start.seconds))
    var month = first + (months(date(of: wall)) - first) / every * every
    // A 31st may be two months away, in which no exclusion lasts.
    for _ in 0..<3 where month >= first {
      if let day = day(month / 12, month % 12 + 1) {
        let beginning = day * CivilDay.secondsPerDay + time
        if beginning <= wall { return beginning >= start.seconds ? beginning : nil }
      }
      month -= every
    }
    return nil
  }

  /// The time of day at which it begins, in seconds.
  private var time: Int64 {
    start.seconds - CivilDay.floorDivide(start.seconds, CivilDay.secondsPerDay) * CivilDay.secondsPerDay
  }

  /// Days since 1970 of the nth such weekday of a month, counted from its end when negative.
  static func day(_ nth: Int, _ weekday: Int, _ month: Int, year: Int) -> Int64? {
    let length = CivilDay.length(ofMonth: month, leap: CivilDay.isLeap(year))
    let first = CivilDay(year: year, month: month, day: 1)
    let offset = (weekday - first.weekday + 7) % 7
    let count = (length - offset - 1) / 7 + 1
    let place = nth > 0 ? nth - 1 : count + nth
    guard place >= 0, place < count else { return nil }
    return Int64(first.daysSinceEpoch + offset + place * 7)
  }

  private func date(of wall: Int64) -> CivilDay {
    CivilDay(daysSinceEpoch: Int(CivilDay.floorDivide(wall, CivilDay.secondsPerDay)))
  }
}
