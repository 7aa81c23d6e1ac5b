import Glibc

extension CronExpression {
  /// What the expression says, in plain English: the times, the days, how the day fields go together, the
  /// zone; and what happens when a clock change of the coming year skips or repeats one of its times.
  ///
  ///     At 09:30 on Monday to Friday, in January to March, Europe/Riga.
  ///
  /// `now` is the Unix time from which the coming year counts, by default the present.
  package func explanation(zone: Zone = .utc, dst: DSTRule = .once, now: Int64? = nil) -> String {
    switch timing {
    case .every(let period):
      return
        "Every \(CronExpression.duration(period)) of real time, counted from 1970-01-01T00:00:00Z unless the "
        + "schedule names another start; zone and clock changes make no difference."
    case .wall(let pattern):
      let times = TimesExplanation(times: pattern.times)
      let days = DaysExplanation(rule: pattern.rule).text(impliesEveryDay: times.impliesEveryDay)
      let sentence = times.text + (days.isEmpty ? "" : " " + days) + ", \(zone.name)."
      let changes = ClockChangesExplanation(expression: self, pattern: pattern, zone: zone, dst: dst)
      return ([sentence] + changes.sentences(after: now ?? Int64(time(nil)))).joined(separator: " ")
    }
  }

  /// `1 hour 30 minutes`.
  private static func duration(_ seconds: Int64) -> String {
    var rest = seconds
    var parts: [String] = []
    for (unit, size) in [("day", Int64(86_400)), ("hour", 3600), ("minute", 60), ("second", 1)]
    where rest >= size {
      let count = rest / size
      parts.append(count == 1 ? "1 \(unit)" : "\(count) \(unit)s")
      rest %= size
    }
    return parts.joined(separator: " ")
  }
}
