import Cron

/// The rules of a schedule applied to every minute (or second) in turn: slow, and with no thought in common
/// with the search it checks. Only the offsets of the zone are taken from it.
struct Scanner {
  let expression: RandomExpression
  let zone: Zone
  let dst: DSTRule
  /// 60 for five fields, 1 for six.
  let step: Int64

  /// The times in a window. `before` is how long before it the look at the clock begins; it must cover the
  /// longest repeat, which is a day.
  func times(in window: Range<Int64>, before: Int64 = 2 * 86_400) -> [Int64] {
    var found: [Int64] = []
    var instant = window.lowerBound - before
    var offset = Int64(zone.offset(at: instant))
    var change = zone.transition(after: instant)
    var shown = instant + offset - step
    var owed = false
    let once = dst == .once && !expression.isWildcard
    var days: [Int64: Bool] = [:]
    func fits(_ wall: Int64) -> Bool {
      let day = Int64((Double(wall) / 86_400).rounded(.down))
      let time = Int(wall - day * 86_400)
      guard expression.hours.contains(time / 3600), expression.minutes.contains(time / 60 % 60),
        expression.seconds.contains(time % 60)
      else { return false }
      if let known = days[day] { return known }
      let fits = expression.fits(ScannedDay(daysSinceEpoch: Int(day)))
      days[day] = fits
      return fits
    }
    while instant < window.upperBound {
      while let next = change, next.instant <= instant {
        offset = Int64(next.offsetAfter)
        change = zone.transition(after: next.instant)
      }
      let wall = instant + offset
      var fires = false
      if once {
        // What was jumped over is owed until the next whole minute.
        var missed = shown + step
        while missed < wall {
          if fits(missed) { owed = true }
          missed += step
        }
        if owed, wall % 60 == 0 { (fires, owed) = (true, false) }
        if wall > shown, fits(wall) { fires = true }
        shown = max(shown, wall)
      } else {
        fires = fits(wall)
      }
      if fires, instant >= window.lowerBound { found.append(instant) }
      instant += step
    }
    return found
  }
}
