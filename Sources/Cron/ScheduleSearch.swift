/// A search for the wall times of a pattern along a zone's stretches of constant offset.
///
/// In a stretch `[start, end)` of offset o the instants are those wall times w for which w - o lies inside.
/// With `once`, only wall times not shown in an earlier stretch count, and a stretch that begins after a gap
/// with a selected time in it has one instant more, at its first whole wall minute.
struct ScheduleSearch {
  let pattern: WallPattern
  let stretches: Stretches
  let once: Bool

  func first(atOrAfter earliest: Int64) -> Int64? {
    let horizon = earliest + CivilDay.secondsPerCycle
    var index = stretches.index(at: earliest)
    var stretch = stretches[index]
    // No selected wall time lies in `from..<match`. A match stays good for later stretches until one shows
    // an earlier time again or begins after it, so most stretches cost no search.
    var from = Int64.max
    var match = Int64.min
    func find(_ bound: Int64) -> Bool {
      if from <= bound, bound <= match { return true }
      guard let found = pattern.first(atOrAfter: bound) else { return false }
      (from, match) = (bound, found)
      return true
    }
    while stretch.start <= horizon {
      let end = stretches.end(of: index)
      var caughtUp: Int64?
      if once, let instant = catchUp(at: stretch, end: end), instant >= earliest {
        guard find(stretch.shownBefore) else { return nil }
        if match < stretch.wallStart { caughtUp = instant }
      }
      let floor = max(stretch.start, earliest) + stretch.offset
      guard find(once ? max(floor, stretch.shownBefore) : floor) else { return caughtUp }
      let regular = match - stretch.offset
      if regular < end { return min(regular, caughtUp ?? regular) }
      if let caughtUp { return caughtUp }
      index += 1
      guard stretches.contains(index) else { return nil }
      stretch = stretches[index]
    }
    return nil
  }

  func last(atOrBefore latest: Int64) -> Int64? {
    let horizon = latest - CivilDay.secondsPerCycle
    var index = stretches.index(at: latest)
    var end = stretches.end(of: index)
    // No selected wall time lies in `match + 1...upTo`.
    var match = Int64.max
    var upTo = Int64.min
    while index >= 0, end > horizon {
      let stretch = stretches[index]
      let ceiling = min(end - 1, latest) + stretch.offset
      if ceiling > upTo || ceiling < match {
        guard let found = pattern.last(atOrBefore: ceiling) else { return nil }
        (match, upTo) = (found, ceiling)
      }
      let floor = once ? max(stretch.wallStart, stretch.shownBefore) : stretch.wallStart
      let regular = match >= floor ? match - stretch.offset : nil
      if once, let instant = catchUp(at: stretch, end: end), instant <= latest,
        let missed = pattern.first(atOrAfter: stretch.shownBefore), missed < stretch.wallStart
      {
        return max(instant, regular ?? instant)
      }
      if let regular { return regular }
      end = stretch.start
      index -= 1
    }
    return nil
  }

  /// Where the times missing before a stretch are made up for; nil when none are missing.
  private func catchUp(at stretch: Stretches.Stretch, end: Int64) -> Int64? {
    guard stretch.shownBefore < stretch.wallStart else { return nil }
    let beyond = stretch.wallStart % 60
    let wait = beyond == 0 ? 0 : beyond < 0 ? -beyond : 60 - beyond
    // No real stretch is that short; in a made-up one the start must do.
    return stretch.start + wait < end ? stretch.start + wait : stretch.start
  }
}
