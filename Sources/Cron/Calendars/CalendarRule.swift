/// The value of an `RRULE` (RFC 5545, section 3.3.10), as far as it is read.
struct CalendarRule: Equatable {
  var recurrence: Exclusion.Recurrence
  var until: WallTime?
  /// In seconds: the least time from one beginning to the next.
  var shortestPeriod: Int64

  private static let weekdays = ["SU": 0, "MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6]
  /// The most occurrences that are counted out.
  private static let countLimit = 1000

  init(_ line: CalendarLine, start: CalendarMoment) throws(CalendarError) {
    var parts: [String: String] = [:]
    for part in line.value.uppercased().split(separator: ";") {
      let part = String(part.filter { $0 != " " })
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, parts.updateValue(pair[1], forKey: pair[0]) == nil else {
        throw line.error("“\(part)” is no part of a rule.")
      }
    }
    // “The second of the Mondays” is “the second Monday”.
    if let place = parts["BYSETPOS"], let day = parts["BYDAY"], CalendarRule.weekdays[day] != nil,
      ["MONTHLY", "YEARLY"].contains(parts["FREQ"])
    {
      parts["BYDAY"] = place + day
      parts["BYSETPOS"] = nil
    }
    // “Daily on Mondays” is “weekly on Mondays”.
    if parts["FREQ"] == "DAILY", parts["BYDAY"] != nil, parts["INTERVAL"] ?? "1" == "1" {
      parts["FREQ"] = "WEEKLY"
    }
    let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "WKST"]
    if let other = parts.keys.sorted().first(where: { !known.contains($0) }) {
      throw line.error("\(other) in a rule is not read. Read are \(known.joined(separator: ", ")).")
    }
    if let first = parts["WKST"], CalendarRule.weekdays[first] == nil {
      throw line.error("WKST=\(first) is no weekday such as MO.")
    }
    guard let every = Int(parts["INTERVAL"] ?? "1"), (1...1000).contains(every) else {
      throw line.error("INTERVAL must be a number from 1 to 1000.")
    }
    let date = LocalTime(instant: start.wall.seconds, offset: 0)
    let day = CivilDay.secondsPerDay
    switch parts["FREQ"] ?? "" {
    case "DAILY":
      try CalendarRule.refuse(["BYDAY", "BYMONTH", "BYMONTHDAY"], of: parts, line)
      recurrence = .daily(every: every)
      shortestPeriod = Int64(every) * day
    case "WEEKLY":
      try CalendarRule.refuse(["BYMONTH", "BYMONTHDAY"], of: parts, line)
      var days: Set<Int> = [date.weekday]
      if let given = parts["BYDAY"] {
        days = []
        for word in given.split(separator: ",") {
          guard let number = CalendarRule.weekdays[String(word)] else {
            throw line.error("“\(word)” is no weekday such as MO.")
          }
          days.insert(number)
        }
      }
      // Where a week begins makes a difference only when weeks are left out, and only to days before and after.
      if every > 1, days != [date.weekday], let first = parts["WKST"], first != "MO",
        first != "SU" || days.contains(0) || date.weekday == 0
      {
        throw line.error("Every so many weeks, with Sunday among the days, are read with WKST=MO only.")
      }
      recurrence = .weekly(every: every, weekdays: days)
      shortestPeriod = days.count == 1 ? Int64(every) * 7 * day : day
    case "MONTHLY":
      recurrence = try CalendarRule.monthly(parts, every, date, line)
      shortestPeriod = Int64(every) * 28 * day
    case "YEARLY":
      (recurrence, shortestPeriod) = (try CalendarRule.yearly(parts, every, date, line), 365 * day)
      if case .yearly = recurrence { break }
      // The second Monday of a month can come six days earlier a year later.
      shortestPeriod -= 7 * day
    default:
      throw line.error("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY; other rules are not read.")
    }
    until = try CalendarRule.until(parts, start, line)
    guard let count = parts["COUNT"] else { return }
    guard until == nil, let number = Int(count), (1...CalendarRule.countLimit).contains(number) else {
      throw line.error("COUNT must be a number from 1 to \(CalendarRule.countLimit), without UNTIL.")
    }
    until = last(number, from: start)
  }

  private static func refuse(
    _ names: [String], of parts: [String: String], _ line: CalendarLine
  ) throws(CalendarError) {
    if let name = names.first(where: { parts[$0] != nil }) {
      throw line.error("\(name) with FREQ=\(parts["FREQ"] ?? "") is not read.")
    }
  }

  private static func monthly(
    _ parts: [String: String], _ every: Int, _ date: LocalTime, _ line: CalendarLine
  ) throws(CalendarError) -> Exclusion.Recurrence {
    try refuse(["BYMONTH"], of: parts, line)
    switch (parts["BYMONTHDAY"], parts["BYDAY"]) {
    case (nil, nil): return .monthly(every: every, day: date.day)
    case (let given?, nil):
      guard let day = Int(given), (1...31).contains(abs(day)) else {
        throw line.error("BYMONTHDAY in a monthly rule is read as one day such as 15 or -1.")
      }
      return .monthly(every: every, day: day)
    case (nil, let given?):
      guard let (nth, weekday) = ordinal(given) else {
        throw line.error("BYDAY in a monthly rule is read as one such as 2MO or -1FR.")
      }
      return .monthlyWeekday(every: every, nth: nth, weekday: weekday)
    case (_?, _?): throw line.error("A monthly rule is read with BYMONTHDAY or BYDAY, not with both.")
    }
  }

  /// `4TH`, `-1MO`.
  private static func ordinal(_ text: String) -> (nth: Int, weekday: Int)? {
    guard let weekday = weekdays[String(text.suffix(2))], let nth = Int(text.dropLast(2)),
      (1...5).contains(abs(nth))
    else { return nil }
    return (nth, weekday)
  }

  private static func yearly(
    _ parts: [String: String], _ every: Int, _ date: LocalTime, _ line: CalendarLine
  ) throws(CalendarError) -> Exclusion.Recurrence {
    let month = parts["BYMONTH"].map { Int($0) ?? 0 } ?? date.month
    guard let byDay = parts["BYDAY"] else {
      guard month == date.month, parts["BYMONTHDAY"].map({ Int($0) == date.day }) ?? true else {
        throw line.error("A yearly rule is read when BYMONTH and BYMONTHDAY are those of DTSTART.")
      }
      return .yearly(every: every)
    }
    guard (1...12).contains(month), parts["BYMONTH"] != nil, parts["BYMONTHDAY"] == nil,
      let (nth, weekday) = ordinal(byDay)
    else {
      throw line.error("BYDAY in a yearly rule is read as one such as 4TH or -1MO, with one BYMONTH.")
    }
    return .nthWeekday(every: every, month: month, nth: nth, weekday: weekday)
  }

  private static func until(
    _ parts: [String: String], _ start: CalendarMoment, _ line: CalendarLine
  ) throws(CalendarError) -> WallTime? {
    guard let given = parts["UNTIL"] else { return nil }
    let isUTC = given.hasSuffix("Z")
    guard let read = CalendarMoment.wall(isUTC ? String(given.dropLast()) : given) else {
      throw line.error("UNTIL=\(given) is no date or time.")
    }
    if read.isDate { return WallTime(seconds: read.seconds + CivilDay.secondsPerDay - 1) }
    guard isUTC, let zone = start.zone, zone != "UTC" else { return read }
    do {
      let local = read.seconds + Int64(try Zone.named(zone).offset(at: read.seconds))
      return WallTime(seconds: local)
    } catch {
      throw line.error("TZID: \(error)")
    }
  }

  /// When it begins for the nth time, found day by day: rules that are counted are short.
  private func last(_ count: Int, from start: CalendarMoment) -> WallTime? {
    let exclusion = Exclusion(start: start.wall, length: 1, recurrence: recurrence, name: "")
    var left = count
    var wall = start.wall.seconds
    // The rarest of all, 29 February every 1000 years, is not counted to its end; what is left out lies in a
    // future that nobody schedules.
    for _ in 0..<(366 * 100) {
      if exclusion.covers(wall) {
        left -= 1
        if left == 0 { return WallTime(seconds: wall) }
      }
      wall += CivilDay.secondsPerDay
    }
    return nil
  }
}
