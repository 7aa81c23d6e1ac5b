/// A day of the proleptic Gregorian calendar.
///
/// Days are counted from 1970-01-01 and computed in eras of 400 years (146,097 days) that begin on 1 March,
/// so that the leap day is the last day of its year.
struct CivilDay: Hashable, Sendable {
  var year: Int
  /// 1 to 12.
  var month: Int
  /// 1 to 31.
  var day: Int

  static let secondsPerDay: Int64 = 86_400

  /// Length of the cycle after which dates, weekdays and therefore clock-change rules repeat.
  static let secondsPerCycle: Int64 = 146_097 * secondsPerDay

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that lies `count` days after 1970-01-01.
  init(daysSinceEpoch count: Int) {
    let shifted = count + 719_468
    let era = CivilDay.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days since 1970-01-01.
  var daysSinceEpoch: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = CivilDay.floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let monthFromMarch = month <= 2 ? month + 9 : month - 3
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// 0 (Sunday) to 6.
  var weekday: Int { CivilDay.weekday(daysSinceEpoch: daysSinceEpoch) }

  /// 0 (Sunday) to 6; 1970-01-01 was a Thursday.
  static func weekday(daysSinceEpoch count: Int) -> Int {
    let remainder = (count + 4) % 7
    return remainder < 0 ? remainder + 7 : remainder
  }

  static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  static func length(ofMonth month: Int, leap: Bool) -> Int {
    month == 2 ? (leap ? 29 : 28) : 30 + (0b1_0101_1010_1010 >> month & 1)
  }

  static func floorDivide<Value: BinaryInteger>(_ value: Value, _ divisor: Value) -> Value {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}
