/// The times of a day that an expression selects: its second, minute and hour fields, none of them empty.
struct TimesOfDay: Hashable, Sendable {
  var seconds = Bits([0])
  var minutes = Bits()
  var hours = Bits()

  /// Seconds since midnight.
  var earliest: Int { hours.lowest * 3600 + minutes.lowest * 60 + seconds.lowest }

  /// Seconds since midnight.
  var latest: Int { hours.highest * 3600 + minutes.highest * 60 + seconds.highest }

  /// The first time at or after `bound`; both are seconds since midnight.
  func first(atOrAfter bound: Int) -> Int? {
    let (hour, minute, second) = (bound / 3600, bound / 60 % 60, bound % 60)
    if hours.contains(hour) {
      if minutes.contains(minute), let found = seconds.first(atOrAbove: second) {
        return bound - second + found
      }
      if let found = minutes.first(atOrAbove: minute + 1) {
        return hour * 3600 + found * 60 + seconds.lowest
      }
    }
    guard let found = hours.first(atOrAbove: hour + 1) else { return nil }
    return found * 3600 + minutes.lowest * 60 + seconds.lowest
  }

  /// The last time at or before `bound`; both are seconds since midnight.
  func last(atOrBefore bound: Int) -> Int? {
    let (hour, minute, second) = (bound / 3600, bound / 60 % 60, bound % 60)
    if hours.contains(hour) {
      if minutes.contains(minute), let found = seconds.last(atOrBelow: second) {
        return bound - second + found
      }
      if let found = minutes.last(atOrBelow: minute - 1) {
        return hour * 3600 + found * 60 + seconds.highest
      }
    }
    guard let found = hours.last(atOrBelow: hour - 1) else { return nil }
    return found * 3600 + minutes.highest * 60 + seconds.highest
  }
}
