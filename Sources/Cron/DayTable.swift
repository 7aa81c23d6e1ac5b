/// The days a `DayRule` selects, worked out for every kind of year.
///
/// The days depend only on whether the year is leap and on the weekday of 1 January: 14 kinds, all of which
/// occur in every 400 years. So a rule that selects nothing in any of them never fires, and a search skips
/// an empty month or year in one step.
struct DayTable: Hashable, Sendable {
  /// Bit n for day n, at `16 * kind + month`.
  private var masks = [UInt32](repeating: 0, count: 16 * 14)
  /// The months that have a selected day, bit n for month n, per kind of year.
  private var months = [Bits](repeating: Bits(), count: 14)

  init(_ rule: DayRule) {
    // A month's days depend on its length and first weekday only, so most months come up several times.
    var known = [UInt32?](repeating: nil, count: 28)
    for kind in 0..<14 {
      var weekday = kind % 7
      for month in 1...12 {
        let length = CivilDay.length(ofMonth: month, leap: kind >= 7)
        if rule.months.contains(month) {
          let shape = 7 * (length - 28) + weekday
          let mask = known[shape] ?? rule.selected(length: length, firstWeekday: weekday)
          known[shape] = mask
          masks[16 * kind + month] = mask
          if mask != 0 { months[kind].insert(month) }
        }
        weekday = (weekday + length) % 7
      }
    }
  }

  /// Whether no day of any year is selected.
  var isEmpty: Bool { months.allSatisfy(\.isEmpty) }

  func days(ofMonth month: Int, kind: YearKind) -> Bits {
    Bits(raw: UInt64(masks[16 * kind.index + month]))
  }

  func months(kind: YearKind) -> Bits {
    months[kind.index]
  }
}

/// What decides the weekdays of a whole year: the weekday of 1 January and whether the year is leap.
struct YearKind {
  private(set) var year: Int
  private var newYear: Int
  private var isLeap: Bool

  init(year: Int) {
    self.year = year
    newYear = CivilDay(year: year, month: 1, day: 1).weekday
    isLeap = CivilDay.isLeap(year)
  }

  /// 0 to 13, for tables.
  var index: Int { isLeap ? newYear + 7 : newYear }

  mutating func advance() {
    newYear = (newYear + (isLeap ? 2 : 1)) % 7
    year += 1
    isLeap = CivilDay.isLeap(year)
  }

  mutating func retreat() {
    year -= 1
    isLeap = CivilDay.isLeap(year)
    newYear = (newYear + (isLeap ? 5 : 6)) % 7
  }
}
