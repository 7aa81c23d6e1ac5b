/// Everything that names the times of one schedule: its expression, period or list of moments, the bounds within
/// which it counts, the days on which it rests, and how far its starts are spread.
///
/// A nominal time is what the schedule names, a Unix time in whole seconds. Excluded times are nominal times too:
/// something is decided about them, namely that nothing starts. The actual time is the nominal one plus `delay`.
///
/// A value without a clock: the same question always has the same answer.
package struct Timetable: Sendable {
  /// What names the times.
  package enum Times: Sendable {
    case cron(CronExpression, dst: DSTRule)
    /// Every so many seconds, counted from the epoch plus a phase: it neither drifts nor starts anew with the
    /// service. Zone and clock changes have no effect.
    case every(Int64, phase: Int64)
    /// These moments, in order.
    case at([Int64])
  }

  package let times: Times
  package let zone: Zone
  /// Nothing is named before; nil for no bound.
  package let start: Int64?
  /// Nothing is named after; nil for no bound.
  package let end: Int64?
  package let exclusions: [Exclusion]
  /// In milliseconds; 0 starts on time.
  package let jitter: Int64
  /// What the jitter is drawn from, besides the time: the schedule's own name.
  package let seed: String

  package init(
    _ times: Times, zone: Zone = .utc, start: Int64? = nil, end: Int64? = nil, exclusions: [Exclusion] = [],
    jitter: Int64 = 0, seed: String = ""
  ) {
    self.times = times
    self.zone = zone
    self.start = start
    self.end = end
    self.exclusions = exclusions
    self.jitter = jitter
    self.seed = seed
  }

  // MARK: Nominal times

  /// The first nominal time strictly after a moment; nil when there is none any more.
  package func next(after instant: Int64) -> Int64? {
    let from = start.map { max(instant, $0 - 1) } ?? instant
    let found: Int64?
    switch times {
    case .cron(let expression, let dst):
      found = CronSchedule(expression: expression, zone: zone, dst: dst).next(after: from)
    case .every(let period, let phase):
      let rest = (from - phase) % period
      found = from - (rest < 0 ? rest + period : rest) + period
    case .at(let moments): found = moments.first { $0 > from }
    }
    return found.flatMap { time in end.map { time <= $0 } ?? true ? time : nil }
  }

  /// The last nominal time strictly before a moment; nil when there was none.
  package func previous(before instant: Int64) -> Int64? {
    let from = end.map { min(instant, $0 + 1) } ?? instant
    let found: Int64?
    switch times {
    case .cron(let expression, let dst):
      found = CronSchedule(expression: expression, zone: zone, dst: dst).previous(before: from)
    case .every(let period, let phase):
      let rest = (from - 1 - phase) % period
      found = from - 1 - (rest < 0 ? rest + period : rest)
    case .at(let moments): found = moments.last { $0 < from }
    }
    return found.flatMap { time in start.map { time >= $0 } ?? true ? time : nil }
  }

  /// All nominal times after a moment, in order, found as they are asked for.
  package func occurrences(after instant: Int64) -> some Sequence<Int64> {
    sequence(state: instant) { instant in
      let next = next(after: instant)
      if let next { instant = next }
      return next
    }
  }

  // MARK: Exclusions

  /// What keeps a nominal time from starting anything; nil when nothing does.
  package func exclusion(at instant: Int64) -> Exclusion? { rest(at: instant)?.exclusion }

  /// The exclusion that holds at a moment, and the moment at which it is over.
  private func rest(at instant: Int64) -> (exclusion: Exclusion, until: Int64)? {
    guard !exclusions.isEmpty else { return nil }
    let wall = instant + Int64(zone.offset(at: instant))
    for exclusion in exclusions {
      guard let name = exclusion.zone, name != zone.name else {
        guard let end = exclusion.end(covering: wall) else { continue }
        return (exclusion, zone.instant(of: WallTime(seconds: end)))
      }
      // A zone that has gone from the system excludes nothing any more; the schedule goes on.
      guard let other = name == "UTC" ? Zone.utc : try? Zone.named(name) else { continue }
      guard let end = exclusion.end(covering: instant + Int64(other.offset(at: instant))) else { continue }
      return (exclusion, other.instant(of: WallTime(seconds: end)))
    }
    return nil
  }

  /// So many exclusions in a row are looked past.
  private static let patience = 1000

  /// The next times that start something. Fewer than asked for when the schedule ends, or when it rests very
  /// often.
  package func upcoming(after instant: Int64, count: Int) -> [Int64] {
    var found: [Int64] = []
    var rests = 0
    var from = instant
    while found.count < count, rests < Timetable.patience, let time = next(after: from) {
      from = time
      if let rest = rest(at: time) {
        from = max(time, rest.until - 1)
        rests += 1
      } else {
        found.append(time)
      }
    }
    return found
  }

  // MARK: Jitter

  /// How many milliseconds after a nominal time its start is due: a hash of the schedule and the time, so that a
  /// restart computes the same, and never as much as leads to the next nominal time.
  package func delay(of nominal: Int64) -> Int64 {
    guard jitter > 0 else { return 0 }
    var room = jitter
    if let next = next(after: nominal) { room = min(room, (next - nominal) * 1000) }
    let key = Array(seed.utf8) + [0x1F] + Array(String(nominal).utf8)
    return Int64(StableHash.mixed(StableHash.fnv1a(key)) % UInt64(room))
  }
}
