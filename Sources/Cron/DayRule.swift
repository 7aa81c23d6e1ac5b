/// Which days an expression selects: its day-of-month, month and day-of-week fields.
struct DayRule: Hashable, Sendable {
  /// Members 1 to 12.
  var months = Bits()
  /// The day-of-month field.
  var days = MonthDays()
  /// The day-of-week field.
  var weekdays = WeekDays()
  /// Whether a day must satisfy both day fields (one of them begins with `*` or is `?`); else either does.
  ///
  /// This is what Debian's cron and cronie do: a flag is set when the first character is `*`, and nothing
  /// else about the field counts.
  var bothMustMatch = true

  /// What a day-of-month field selects.
  struct MonthDays: Hashable, Sendable {
    /// Members 1 to 31.
    var numbers = Bits()
    /// `L-n`: n days before the last; `L` is 0.
    var beforeLast = Bits()
    /// `nW`: the Monday-Friday nearest to day n, inside the month.
    var nearest = Bits()
    /// `L-nW`: the Monday-Friday nearest to the day n before the last; `LW` is 0.
    var nearestBeforeLast = Bits()
  }

  /// What a day-of-week field selects. Sunday is 0.
  struct WeekDays: Hashable, Sendable {
    /// Members 0 to 6.
    var numbers = Bits()
    /// `dL`: the last such weekday of the month.
    var last = Bits()
    /// `d#k`: the k-th such weekday of the month, as 7 * (k - 1) + d.
    var nth = Bits()
  }

  /// The selected days of a month, bit n for day n, whatever `months` says.
  func selected(length: Int, firstWeekday: Int) -> UInt32 {
    let inMonth = UInt64(1) << UInt64(length + 1) - 2
    let byDay = days.selected(length: length, firstWeekday: firstWeekday) & inMonth
    let byWeekday = weekdays.selected(length: length, firstWeekday: firstWeekday) & inMonth
    return UInt32(bothMustMatch ? byDay & byWeekday : byDay | byWeekday)
  }
}

extension DayRule.MonthDays {
  fileprivate func selected(length: Int, firstWeekday: Int) -> UInt64 {
    var result = numbers
    for n in beforeLast.members where n < length {
      result.insert(length - n)
    }
    for day in nearest.members where day <= length {
      result.insert(nearestWorkday(to: day, length: length, firstWeekday: firstWeekday))
    }
    for n in nearestBeforeLast.members where n < length {
      result.insert(nearestWorkday(to: length - n, length: length, firstWeekday: firstWeekday))
    }
    return result.raw
  }

  private func nearestWorkday(to day: Int, length: Int, firstWeekday: Int) -> Int {
    switch (firstWeekday + day - 1) % 7 {
    case 6: day > 1 ? day - 1 : day + 2
    case 0: day < length ? day + 1 : day - 2
    default: day
    }
  }
}

extension DayRule.WeekDays {
  fileprivate func selected(length: Int, firstWeekday: Int) -> UInt64 {
    var result = Bits()
    for day in 1...length {
      let weekday = (firstWeekday + day - 1) % 7
      let isSelected =
        numbers.contains(weekday) || last.contains(weekday) && day + 7 > length
        || nth.contains((day - 1) / 7 * 7 + weekday)
      if isSelected { result.insert(day) }
    }
    return result.raw
  }
}
