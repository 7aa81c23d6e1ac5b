/// An expression in a zone: a set F of Unix seconds at which it fires, and searches in it.
///
/// F depends on the expression, the zone's data and the rule for clock changes, never on "now" or on where a
/// search starts. Both searches are strict, so `next(after: previous(before: f)) == f` for every f in F that
/// has a predecessor. For a time with a fraction of a second, round it down before `next` and up before
/// `previous`.
///
///     let schedule = CronSchedule(
///       expression: try CronExpression("30 9 * * MON-FRI"), zone: try Zone.named("Europe/Riga"))
///     let next = schedule.next(after: now)
///
/// Searches cover the years 1 to 9999 and end always: they look at most 400 years ahead or back, the time
/// after which calendar and zone rules repeat.
package struct CronSchedule: Sendable {
  package let expression: CronExpression
  package let zone: Zone
  package let dst: DSTRule
  /// A Unix time at which `@every` fires; other expressions have no use for it.
  package let anchor: Int64

  /// `anchor` defaults to the epoch, so that `@every` neither drifts nor restarts with the service.
  package init(expression: CronExpression, zone: Zone, dst: DSTRule = .once, anchor: Int64 = 0) {
    self.expression = expression
    self.zone = zone
    self.dst = dst
    self.anchor = anchor
  }

  /// The first time strictly after a Unix time, or nil when there is none.
  package func next(after instant: Int64) -> Int64? {
    guard instant < CronSchedule.last else { return nil }
    let earliest = max(instant + 1, CronSchedule.first)
    let found =
      switch expression.timing {
      case .every(let period): earliest + CronSchedule.modulo(anchor, earliest, period)
      case .wall(let pattern): search(for: pattern).first(atOrAfter: earliest)
      }
    return found.flatMap { $0 <= CronSchedule.last ? $0 : nil }
  }

  /// The last time strictly before a Unix time, or nil when there was none.
  package func previous(before instant: Int64) -> Int64? {
    guard instant > CronSchedule.first else { return nil }
    let latest = min(instant - 1, CronSchedule.last)
    let found =
      switch expression.timing {
      case .every(let period): latest - CronSchedule.modulo(latest, anchor, period)
      case .wall(let pattern): search(for: pattern).last(atOrBefore: latest)
      }
    return found.flatMap { $0 >= CronSchedule.first ? $0 : nil }
  }

  /// All times after a Unix time, in order, found as they are asked for.
  package func occurrences(after instant: Int64) -> some Sequence<Int64> {
    sequence(state: instant) { instant in
      let next = next(after: instant)
      if let next { instant = next }
      return next
    }
  }

  private func search(for pattern: WallPattern) -> ScheduleSearch {
    ScheduleSearch(pattern: pattern, stretches: zone.stretches, once: dst == .once && !pattern.isWildcard)
  }

  /// 0001-01-01T00:00:00Z.
  private static let first: Int64 = -62_135_596_800
  /// 9999-12-31T23:59:59Z.
  private static let last: Int64 = 253_402_300_799

  /// (left - right) modulo a divisor, never negative, whatever the size of the two.
  private static func modulo(_ left: Int64, _ right: Int64, _ divisor: Int64) -> Int64 {
    let difference = left % divisor - right % divisor
    return (difference % divisor + divisor) % divisor
  }
}
