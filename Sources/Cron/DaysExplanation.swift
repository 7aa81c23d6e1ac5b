/// The days of a rule in words, with the "and" or "or" of its two day fields said out loud.
struct DaysExplanation {
  let rule: DayRule

  /// "on Monday to Friday, in January to March". Empty for every day of every month when the words before it
  /// say so already.
  func text(impliesEveryDay: Bool) -> String {
    let months = rule.months.count == 12 ? "" : "in " + monthNames
    guard let days else {
      if impliesEveryDay { return months }
      return months.isEmpty ? "every day" : "every day, " + months
    }
    return months.isEmpty ? days : days + ", " + months
  }

  /// Nil when every day is selected.
  private var days: String? {
    let anyDay = rule.days.numbers.count == 31
    let anyWeekday = rule.weekdays.numbers.count == 7
    guard rule.bothMustMatch else {
      return anyDay || anyWeekday ? nil : "on \(monthDays()), and also on \(everyWeekday)"
    }
    switch (anyDay, anyWeekday) {
    case (true, true): return nil
    case (true, false): return "on " + pluralWeekdays
    case (false, true): return "on " + monthDays()
    case (false, false): return "on \(pluralWeekdays) that \(fallVerb) on \(monthDays(by: "or"))"
    }
  }

  /// "the 1st, the 15th and the last day of the month".
  /// - Parameter word: what stands before the last: a weekday falls on one of them, not on all.
  private func monthDays(by word: String = "and") -> String {
    let days = rule.days
    var parts: [String] = []
    if !days.numbers.isEmpty {
      let ordinals = EnglishSeries(days.numbers.members, name: EnglishSeries.ordinal)
      parts.append(
        ordinals.isCut || ordinals.parts.count > 4
          ? "day " + EnglishSeries(days.numbers.members, name: \.description).text(by: word)
          : "the " + ordinals.text(by: word))
    }
    parts += days.beforeLast.members.map { "\(beforeLast($0)) of the month" }
    parts += days.nearest.members.map { "the weekday nearest the \(EnglishSeries.ordinal($0))" }
    parts += days.nearestBeforeLast.members.map { n in
      n == 0 ? "the last weekday of the month" : "the weekday nearest \(beforeLast(n)) of the month"
    }
    return EnglishSeries.joined(parts, by: word)
  }

  private func beforeLast(_ days: Int) -> String {
    switch days {
    case 0: "the last day"
    case 1: "the day before the last day"
    default: "the \(EnglishSeries.ordinal(days)) day before the last day"
    }
  }

  /// "every Friday and the last Monday of the month".
  private var everyWeekday: String {
    let names = weekdayNames { EnglishSeries.weekdays[$0] }
    return EnglishSeries.joined((names.map { ["every " + $0.text] } ?? []) + specialWeekdays)
  }

  /// "Monday to Friday" or "Mondays and the last Friday of the month".
  private var pluralWeekdays: String {
    let names = weekdayNames { EnglishSeries.weekdays[$0] + "s" }
    return EnglishSeries.joined((names.map { [$0.text] } ?? []) + specialWeekdays)
  }

  private var fallVerb: String {
    rule.weekdays.numbers.isEmpty && specialWeekdays.count == 1 ? "falls" : "fall"
  }

  /// Nil when the field has special items only.
  private func weekdayNames(_ name: @escaping (Int) -> String) -> EnglishSeries? {
    // Monday first, so that a weekend is Saturday and Sunday.
    let order = [1, 2, 3, 4, 5, 6, 0].filter(rule.weekdays.numbers.contains)
    guard !order.isEmpty else { return nil }
    return EnglishSeries(order, cycle: 7, name: name, inRange: { EnglishSeries.weekdays[$0] })
  }

  private var specialWeekdays: [String] {
    let counts = ["first", "second", "third", "fourth", "fifth"]
    return rule.weekdays.nth.members.map {
      "the \(counts[$0 / 7]) \(EnglishSeries.weekdays[$0 % 7]) of the month"
    }
      + rule.weekdays.last.members.map { "the last \(EnglishSeries.weekdays[$0]) of the month" }
  }

  private var monthNames: String {
    EnglishSeries(rule.months.members.map { $0 - 1 }, cycle: 12) { EnglishSeries.months[$0] }.text
  }
}
