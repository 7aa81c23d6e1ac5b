/// A date, or a date and a time, as a clock on a wall shows it: without a zone.
package struct WallTime: Hashable, Sendable, Comparable {
  /// Seconds since 1970-01-01T00:00:00, counted as if every day had 86,400 of them.
  package let seconds: Int64
  /// Whether only the date was given; the time is then the beginning of the day.
  package let isDate: Bool

  package init(seconds: Int64, isDate: Bool = false) {
    self.seconds = seconds
    self.isDate = isDate
  }

  /// Reads `2026-12-25` or `2026-12-25T07:00`, with or without seconds. Nil for anything else.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
        return nil
      }
      return bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    func has(_ sign: Character, at place: Int) -> Bool {
      place < bytes.count && Character(Unicode.Scalar(bytes[place])) == sign
    }
    guard let year = number(0..<4), has("-", at: 4), let month = number(5..<7), has("-", at: 7),
      let day = number(8..<10), let date = WallTime.days(year, month, day)
    else { return nil }
    if bytes.count == 10 {
      self.init(seconds: date * CivilDay.secondsPerDay, isDate: true)
      return
    }
    guard has("T", at: 10) || has(" ", at: 10), let hour = number(11..<13), has(":", at: 13),
      let minute = number(14..<16), hour < 24, minute < 60
    else { return nil }
    var second = 0
    if bytes.count != 16 {
      guard bytes.count == 19, has(":", at: 16), let given = number(17..<19), given < 60 else { return nil }
      second = given
    }
    self.init(seconds: date * CivilDay.secondsPerDay + Int64(hour * 3600 + minute * 60 + second))
  }

  /// Days since 1970-01-01; nil when there is no such day.
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
    guard year >= 1, (1...12).contains(month),
      (1...CivilDay.length(ofMonth: month, leap: CivilDay.isLeap(year))).contains(day)
    else { return nil }
    return Int64(CivilDay(year: year, month: month, day: day).daysSinceEpoch)
  }

  package static func < (left: WallTime, right: WallTime) -> Bool { left.seconds < right.seconds }
}

extension WallTime: CustomStringConvertible {
  /// As it is read.
  package var description: String {
    let text = LocalTime(instant: seconds, offset: 0).description
    return String(text.prefix(isDate ? 10 : 19))
  }
}

extension Zone {
  /// The first moment at which the zone's clocks show a time: the first showing of one that comes twice, and the
  /// end of the gap for one that is never shown.
  package func instant(of wall: WallTime) -> Int64 {
    // No clock is further from UTC than this.
    let farthest: Int64 = 16 * 3600
    var start = wall.seconds - farthest
    while true {
      let candidate = wall.seconds - Int64(offset(at: start))
      if candidate < start { return start }
      guard let change = transition(after: start), candidate >= change.instant else { return candidate }
      start = change.instant
    }
  }
}
