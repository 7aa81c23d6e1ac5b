/// The wall times that a five- or six-field expression selects, in no zone yet.
///
/// A wall time is what a clock shows, counted in seconds as if it stood in UTC.
struct WallPattern: Hashable, Sendable {
  let times: TimesOfDay
  let rule: DayRule
  let days: DayTable
  /// Whether the minute or hour field begins with `*`: such a job follows the clock through its jumps.
  let isWildcard: Bool

  /// No two selected days lie further apart than this many years (29 February on one weekday, across 2100,
  /// takes 40), so a search that runs longer has an empty pattern before it.
  private static let horizon = 50

  /// The first selected wall time at or after `bound`.
  func first(atOrAfter bound: Int64) -> Int64? {
    let today = CivilDay.floorDivide(bound, CivilDay.secondsPerDay)
    let date = CivilDay(daysSinceEpoch: Int(today))
    var kind = YearKind(year: date.year)
    let thisMonth = days.days(ofMonth: date.month, kind: kind)
    if thisMonth.contains(date.day),
      let time = times.first(atOrAfter: Int(bound - today * CivilDay.secondsPerDay))
    {
      return today * CivilDay.secondsPerDay + Int64(time)
    }
    if let day = thisMonth.first(atOrAbove: date.day + 1) {
      return (today + Int64(day - date.day)) * CivilDay.secondsPerDay + Int64(times.earliest)
    }
    var months = Bits(raw: days.months(kind: kind).raw & ~1 << UInt64(date.month))
    for _ in 0..<WallPattern.horizon {
      if !months.isEmpty {
        let month = months.lowest
        let day = days.days(ofMonth: month, kind: kind).lowest
        return wall(CivilDay(year: kind.year, month: month, day: day), times.earliest)
      }
      kind.advance()
      months = days.months(kind: kind)
    }
    return nil
  }

  /// The last selected wall time at or before `bound`.
  func last(atOrBefore bound: Int64) -> Int64? {
    let today = CivilDay.floorDivide(bound, CivilDay.secondsPerDay)
    let date = CivilDay(daysSinceEpoch: Int(today))
    var kind = YearKind(year: date.year)
    let thisMonth = days.days(ofMonth: date.month, kind: kind)
    if thisMonth.contains(date.day),
      let time = times.last(atOrBefore: Int(bound - today * CivilDay.secondsPerDay))
    {
      return today * CivilDay.secondsPerDay + Int64(time)
    }
    if let day = thisMonth.last(atOrBelow: date.day - 1) {
      return (today - Int64(date.day - day)) * CivilDay.secondsPerDay + Int64(times.latest)
    }
    var months = Bits(raw: days.months(kind: kind).raw & (1 << UInt64(date.month) - 1))
    for _ in 0..<WallPattern.horizon {
      if !months.isEmpty {
        let month = months.highest
        let day = days.days(ofMonth: month, kind: kind).highest
        return wall(CivilDay(year: kind.year, month: month, day: day), times.latest)
      }
      kind.retreat()
      months = days.months(kind: kind)
    }
    return nil
  }

  private func wall(_ date: CivilDay, _ time: Int) -> Int64 {
    Int64(date.daysSinceEpoch) * CivilDay.secondsPerDay + Int64(time)
  }
}
