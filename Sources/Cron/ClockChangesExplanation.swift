/// What the clock changes of the coming year do to a schedule, in words.
struct ClockChangesExplanation {
  let expression: CronExpression
  let pattern: WallPattern
  let zone: Zone
  let dst: DSTRule

  /// No zone changes its clocks more often in a year (Morocco did four times).
  private static let mostChanges = 6
  private static let year: Int64 = 366 * CivilDay.secondsPerDay

  func sentences(after now: Int64) -> [String] {
    let schedule = CronSchedule(expression: expression, zone: zone, dst: dst)
    guard schedule.next(after: now) != nil else {
      return ["It never fires again: the clocks of this zone skip each of its times."]
    }
    // A job of every hour has a time in every change; to say so would be noise.
    guard !(pattern.isWildcard && pattern.times.hours.count == 24) else { return [] }
    var sentences: [String] = []
    var instant = now
    for _ in 0..<Self.mostChanges {
      guard let change = zone.transition(after: instant), change.instant <= now + Self.year else { break }
      if let sentence = sentence(for: change) { sentences.append(sentence) }
      instant = change.instant
    }
    return sentences
  }

  /// Nil when no time of the pattern is touched.
  private func sentence(for change: Zone.Transition) -> String? {
    let before = change.instant + Int64(change.offsetBefore)
    let after = change.instant + Int64(change.offsetAfter)
    guard let touched = pattern.first(atOrAfter: min(before, after)), touched < max(before, after) else {
      return nil
    }
    let runsOnce = dst == .once && !pattern.isWildcard
    let turn = "On \(date(before)) the clock goes from \(clock(before)) to \(clock(after))"
    // A jump over midnight needs the date too.
    let arrival = date(before) == date(after) ? turn : turn + " of \(date(after))"
    if before < after {
      let schedule = CronSchedule(expression: expression, zone: zone, dst: dst)
      let effect =
        runsOnce
        ? schedule.next(after: change.instant - 1).map {
          "it fires once at \(clock($0 + Int64(change.offsetAfter)))"
        }
          ?? "it does not fire"
        : "times between these are left out"
      return "\(arrival): \(clock(touched)) does not exist, \(effect)."
    }
    let effect = runsOnce ? "it fires the first time only" : "it fires both times"
    return "\(arrival): \(clock(touched)) comes twice, \(effect)."
  }

  private func date(_ wall: Int64) -> String {
    String(LocalTime(instant: wall, offset: 0).description.prefix(10))
  }

  private func clock(_ wall: Int64) -> String {
    let clock = LocalTime(instant: wall, offset: 0).clock
    return clock.hasSuffix(":00") ? String(clock.dropLast(3)) : clock
  }
}
