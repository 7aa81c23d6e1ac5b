/// All of time, cut into stretches of constant offset from UTC.
///
/// The stretches of a zone file come first. Where its rule goes on, 400 years of it are written out and stand
/// for all that follow: after 400 years dates and weekdays repeat, so the rule's jumps do too.
struct Stretches: Sendable {
  /// A time of constant offset; it lasts until the next one starts.
  struct Stretch: Hashable, Sendable {
    /// Unix time, `Stretches.past` for the first.
    var start: Int64
    /// Seconds east of UTC.
    var offset: Int64
    /// One more than the greatest wall time shown in any earlier stretch.
    var shownBefore: Int64

    /// The wall time shown first.
    var wallStart: Int64 { start + offset }
  }

  /// Before all time that matters, far enough from the ends of `Int64` to be added to.
  static let past = Int64.min / 4
  /// After all time that matters.
  static let future = Int64.max / 4

  private var table: [Stretch]
  /// Where in the table the 400 years begin that repeat for ever; at its end when nothing repeats.
  private var cycleStart: Int

  /// One stretch for all of time.
  init(constant offset: Int64) {
    table = [Stretch(start: Stretches.past, offset: offset, shownBefore: Stretches.past + offset)]
    cycleStart = 1
  }

  init(_ file: ZoneFile) {
    self.init(constant: file.firstOffset)
    for jump in file.jumps {
      append(jump)
    }
    cycleStart = table.count
    if let rule = file.footer {
      extend(by: rule, after: file.jumps.last?.instant)
    }
  }

  private mutating func append(_ jump: ZoneFile.Jump) {
    let last = table[table.count - 1]
    guard jump.offset != last.offset else { return }
    let shown = max(last.shownBefore, jump.instant + last.offset)
    table.append(Stretch(start: jump.instant, offset: jump.offset, shownBefore: shown))
  }

  /// Adds what a rule says of the time after the last jump of the file, or of all time when it has none.
  private mutating func extend(by rule: ZoneFooter, after last: Int64?) {
    if last == nil { self = Stretches(constant: rule.standardOffset) }
    guard let summer = rule.summer else { return }
    let last = last ?? Stretches.past
    let firstYear = last == Stretches.past ? 0 : LocalTime(instant: last, offset: 0).year
    // The first stretch that repeats must follow one made by the rule, as its later copies do; hence the
    // lead of two years.
    let steady =
      Int64(CivilDay(year: firstYear + 2, month: 1, day: 1).daysSinceEpoch) * CivilDay.secondsPerDay
    var end = Stretches.future
    for jump in summer.jumps(years: (firstYear - 1)...(firstYear + 403), standard: rule.standardOffset)
    where jump.instant > last && jump.instant < end {
      let count = table.count
      append(jump)
      if jump.instant >= steady, end == Stretches.future, table.count > count {
        cycleStart = count
        end = jump.instant + CivilDay.secondsPerCycle
      }
    }
    if end == Stretches.future { cycleStart = table.count }
  }

  /// How many stretches repeat.
  private var cycle: Int { table.count - cycleStart }

  /// Whether there is a stretch of this number.
  func contains(_ index: Int) -> Bool {
    index >= 0 && (index < table.count || cycle > 0)
  }

  /// The stretch of a number that `contains` accepts.
  subscript(index: Int) -> Stretch {
    if index < table.count { return table[index] }
    let rounds = (index - cycleStart) / cycle
    let shift = Int64(rounds) * CivilDay.secondsPerCycle
    var stretch = table[index - rounds * cycle]
    stretch.start += shift
    stretch.shownBefore += shift
    return stretch
  }

  /// The Unix time at which a stretch is over.
  func end(of index: Int) -> Int64 {
    contains(index + 1) ? self[index + 1].start : Stretches.future
  }

  /// The number of the stretch that a Unix time lies in.
  func index(at instant: Int64) -> Int {
    var instant = min(max(instant, Stretches.past), Stretches.future)
    var rounds = 0
    if cycle > 0, instant >= table[cycleStart].start {
      rounds = Int((instant - table[cycleStart].start) / CivilDay.secondsPerCycle)
      instant -= Int64(rounds) * CivilDay.secondsPerCycle
    }
    var low = 0
    var high = table.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if table[middle].start <= instant { low = middle } else { high = middle }
    }
    return low + rounds * cycle
  }
}
