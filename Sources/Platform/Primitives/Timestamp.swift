import Glibc

/// A moment of wall-clock time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
/// The range is the years 1 to 9999.
package struct Timestamp: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package init(seconds: Int64) {
    microseconds = seconds * 1_000_000
  }

  /// Whole seconds since the epoch, rounded towards the past.
  package var seconds: Int64 { Timestamp.floorDivide(microseconds, 1_000_000) }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  package static func + (left: Timestamp, right: Duration) -> Timestamp {
    Timestamp(microseconds: left.microseconds + right.microseconds)
  }

  package static func - (left: Timestamp, right: Duration) -> Timestamp {
    Timestamp(microseconds: left.microseconds - right.microseconds)
  }

  package static func - (left: Timestamp, right: Timestamp) -> Duration {
    .microseconds(left.microseconds - right.microseconds)
  }

  static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}

extension Duration {
  /// The whole duration in microseconds, finer parts cut off.
  package var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  /// The whole duration in seconds, with its fraction.
  package var inSeconds: Double { Double(microseconds) / 1e6 }
}

// RFC 3339, the form of every time on the wire.
extension Timestamp: CustomStringConvertible, LosslessStringConvertible {
  /// `2026-11-12T09:15:42Z`, with as many digits after the second as are needed (0, 3 or 6).
  package var description: String {
    let days = Timestamp.floorDivide(seconds, 86_400)
    let inDay = seconds - days * 86_400
    let fraction = microseconds - seconds * 1_000_000
    let (year, month, day) = Timestamp.civil(days: days)
    var text = "\(pad(year, 4))-\(pad(Int64(month), 2))-\(pad(Int64(day), 2))"
    text += "T\(pad(inDay / 3600, 2)):\(pad(inDay / 60 % 60, 2)):\(pad(inDay % 60, 2))"
    if fraction != 0 {
      text += fraction % 1000 == 0 ? "." + pad(fraction / 1000, 3) : "." + pad(fraction, 6)
    }
    return text + "Z"
  }

  /// For people, whom fractions of a second only hinder: `2026-11-12T09:15:42Z`, rounded towards the past.
  package var inSentence: String { Timestamp(seconds: seconds).description }

  /// Reads RFC 3339 with any offset; digits finer than a microsecond are cut off. Nil for anything else.
  package init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int64? {
      guard rest.count >= digits else { return nil }
      var value: Int64 = 0
      for byte in rest.prefix(digits) {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      rest = rest.dropFirst(digits)
      return value
    }
    func take(_ allowed: String) -> UInt8? {
      guard let first = rest.first, allowed.utf8.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }
    guard let year = number(4), year >= 1, take("-") != nil, let month = number(2), take("-") != nil,
      let day = number(2), take("Tt ") != nil, let hour = number(2), take(":") != nil,
      let minute = number(2), take(":") != nil, let second = number(2),
      (1...12).contains(month), day >= 1, day <= Timestamp.daysIn(month: Int(month), year: year),
      hour <= 23, minute <= 59, second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if take(".") != nil {
      var scale: Int64 = 100_000
      var digits = 0
      while let digit = number(1) {
        fraction += digit * scale
        scale /= 10
        digits += 1
      }
      guard digits > 0 else { return nil }
    }
    var offset: Int64 = 0
    if take("Zz") == nil {
      guard let sign = take("+-"), let hours = number(2), take(":") != nil, let minutes = number(2),
        hours <= 23, minutes <= 59
      else { return nil }
      offset = (hours * 60 + minutes) * 60 * (sign == 0x2D ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }
    let days = Timestamp.days(year: year, month: Int(month), day: Int(day))
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  /// Reads a time as people write it, by ISO 8601: as RFC 3339, or without its seconds or the colon of its offset
  /// (`2026-11-12T07:00Z`, `2026-11-12T07:00+0200`). Nil for anything else.
  package static func written(_ text: String) -> Timestamp? {
    Timestamp(text) ?? Timestamp(completed(text))
  }

  private static func completed(_ text: String) -> String {
    // 2026-11-12T07:00
    guard text.utf8.count > 16 else { return text }
    let minutes = text.prefix(16)
    var rest = text.dropFirst(16)
    if let first = rest.first, "+-Zz".contains(first) { rest = ":00" + rest }
    if let sign = rest.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      let digits = rest[rest.index(after: sign)...]
      if digits.count == 2 { rest += ":00" }
      if digits.count == 4 { rest = rest.dropLast(2) + ":" + digits.suffix(2) }
    }
    return String(minutes + rest)
  }

  private func pad(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

// The proleptic Gregorian calendar, computed in eras of 400 years (146,097 days) that begin on 1 March,
// so that the leap day is the last day of its year.
extension Timestamp {
  /// Days since 1970-01-01 of a calendar day.
  package static func days(year: Int64, month: Int, day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let monthFromMarch = Int64((month + 9) % 12)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The calendar day that lies `days` after 1970-01-01.
  package static func civil(days: Int64) -> (year: Int64, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  package static func daysIn(month: Int, year: Int64) -> Int64 {
    let next =
      month == 12 ? days(year: year + 1, month: 1, day: 1) : days(year: year, month: month + 1, day: 1)
    return next - days(year: year, month: month, day: 1)
  }
}
