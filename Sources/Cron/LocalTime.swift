/// What the clocks of a zone show at one instant.
package struct LocalTime: Hashable, Sendable {
  package let year: Int
  /// 1 to 12.
  package let month: Int
  /// 1 to 31.
  package let day: Int
  /// 0 to 23.
  package let hour: Int
  package let minute: Int
  package let second: Int
  /// 0 (Sunday) to 6.
  package let weekday: Int
  /// Seconds east of UTC.
  package let offset: Int

  /// `instant` is a Unix time, `offset` seconds east of UTC.
  init(instant: Int64, offset: Int) {
    let wall = instant + Int64(offset)
    let days = CivilDay.floorDivide(wall, CivilDay.secondsPerDay)
    let time = Int(wall - days * CivilDay.secondsPerDay)
    let date = CivilDay(daysSinceEpoch: Int(days))
    (year, month, day) = (date.year, date.month, date.day)
    (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60)
    weekday = CivilDay.weekday(daysSinceEpoch: Int(days))
    self.offset = offset
  }
}

extension LocalTime: CustomStringConvertible {
  /// RFC 3339 with the zone's offset: `2026-03-29T04:00:00+03:00`. The local mean times of the nineteenth
  /// century have an offset with seconds, which RFC 3339 cannot say; they are added.
  package var description: String {
    let size = abs(offset)
    let sign = offset < 0 ? "-" : "+"
    let seconds = size % 60 == 0 ? "" : ":" + padded(size % 60)
    return "\(padded(year, to: 4))-\(padded(month))-\(padded(day))T\(clock)"
      + "\(sign)\(padded(size / 3600)):\(padded(size / 60 % 60))\(seconds)"
  }

  /// `04:00:00`.
  var clock: String { "\(padded(hour)):\(padded(minute)):\(padded(second))" }
}

/// A number of at least `width` digits.
func padded(_ number: Int, to width: Int = 2) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
