/// The rule at the end of a zone file that says what holds after the last tabulated jump: a POSIX `TZ` string
/// such as `CET-1CEST,M3.5.0,M10.5.0/3`, with the hours of -167 to 167 that RFC 9636 adds.
///
///     std offset [ dst [offset] , start [/time] , end [/time] ]
struct ZoneFooter: Hashable, Sendable {
  /// Seconds east of UTC. The text counts the other way round.
  let standardOffset: Int64
  /// Nil when the clocks do not change.
  let summer: Summer?

  /// The part of each year with another offset.
  struct Summer: Hashable, Sendable {
    let offset: Int64
    let start, end: YearlyMoment
  }

  init(_ text: some Collection<UInt8>) throws(ZoneFile.Fault) {
    var scanner = Scanner(text: Array(text))
    try scanner.abbreviation()
    standardOffset = -(try scanner.time(mostHours: 24))
    guard !scanner.isAtEnd else {
      summer = nil
      return
    }
    try scanner.abbreviation()
    let offset =
      scanner.peek == UInt8(ascii: ",") ? standardOffset + 3600 : -(try scanner.time(mostHours: 24))
    let start = try scanner.moment()
    let end = try scanner.moment()
    guard scanner.isAtEnd else { throw scanner.fault }
    summer = Summer(offset: offset, start: start, end: end)
  }
}

extension ZoneFooter {
  /// A moment that comes once in every year, on the clock that is about to change.
  struct YearlyMoment: Hashable, Sendable {
    let day: Day
    /// Seconds after that day's midnight, of either sign.
    let time: Int64

    /// How the day is named.
    enum Day: Hashable, Sendable {
      /// `Mm.w.d`: weekday d (0 is Sunday) of week w (5 is the last) of month m.
      case weekday(month: Int, week: Int, weekday: Int)
      /// `Jn`: day 1 to 365 of a year whose 29 February is not counted.
      case withoutLeapDay(Int)
      /// `n`: day 0 to 365 of the year.
      case ofYear(Int)
    }

    /// The wall time of the moment in a year.
    func wall(year: Int) -> Int64 {
      Int64(daysSinceEpoch(year: year)) * CivilDay.secondsPerDay + time
    }

    private func daysSinceEpoch(year: Int) -> Int {
      let newYear = CivilDay(year: year, month: 1, day: 1).daysSinceEpoch
      switch day {
      case .ofYear(let number):
        return newYear + number
      case .withoutLeapDay(let number):
        return newYear + number - (CivilDay.isLeap(year) && number >= 60 ? 0 : 1)
      case .weekday(let month, let week, let weekday):
        let first = CivilDay(year: year, month: month, day: 1)
        var day = 1 + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
        if day > CivilDay.length(ofMonth: month, leap: CivilDay.isLeap(year)) { day -= 7 }
        return first.daysSinceEpoch + day - 1
      }
    }
  }
}

extension ZoneFooter.Summer {
  /// The jumps of some years in ascending order, one per instant.
  func jumps(years: ClosedRange<Int>, standard: Int64) -> [ZoneFile.Jump] {
    var jumps: [ZoneFile.Jump] = []
    for year in years {
      // An end and a start at the same instant is how "summer time all year" is written: the start, which
      // comes later in this order, holds.
      jumps.append(ZoneFile.Jump(instant: end.wall(year: year) - offset, offset: standard))
      jumps.append(ZoneFile.Jump(instant: start.wall(year: year) - standard, offset: offset))
    }
    jumps.sort { ($0.instant, $0.offset == offset ? 1 : 0) < ($1.instant, $1.offset == offset ? 1 : 0) }
    return jumps.indices.filter { index in
      index == jumps.count - 1 || jumps[index].instant < jumps[index + 1].instant
    }.map { jumps[$0] }
  }
}

/// Takes the parts of a `TZ` string from the front.
private struct Scanner {
  let text: [UInt8]
  var position = 0

  var isAtEnd: Bool { position == text.count }
  var peek: UInt8? { isAtEnd ? nil : text[position] }

  var fault: ZoneFile.Fault {
    let whole = String(decoding: text.prefix(100), as: UTF8.self)
    return ZoneFile.Fault(problem: "its rule \"\(whole)\" cannot be read at character \(position + 1)")
  }

  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// `CET` or `<+0330>`; the name itself is of no use here.
  mutating func abbreviation() throws(ZoneFile.Fault) {
    let isQuoted = accept("<")
    let start = position
    while let next = peek, isLetter(next) || isQuoted && (isDigit(next) || next == 0x2B || next == 0x2D) {
      position += 1
    }
    guard position - start >= 3, !isQuoted || accept(">") else { throw fault }
  }

  mutating func number(_ range: ClosedRange<Int>) throws(ZoneFile.Fault) -> Int {
    let start = position
    var value = 0
    while let next = peek, isDigit(next), position - start < 4 {
      value = value * 10 + Int(next - 0x30)
      position += 1
    }
    guard position > start, range.contains(value) else { throw fault }
    return value
  }

  /// `[+|-]hh[:mm[:ss]]` in seconds.
  mutating func time(mostHours: Int) throws(ZoneFile.Fault) -> Int64 {
    let isNegative = accept("-")
    if !isNegative { _ = accept("+") }
    var seconds = try number(0...mostHours) * 3600
    if accept(":") {
      seconds += try number(0...59) * 60
      if accept(":") { seconds += try number(0...59) }
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  /// `,M3.5.0/2`, `,J60` or `,59`.
  mutating func moment() throws(ZoneFile.Fault) -> ZoneFooter.YearlyMoment {
    guard accept(",") else { throw fault }
    let day: ZoneFooter.YearlyMoment.Day
    if accept("M") {
      let month = try number(1...12)
      guard accept(".") else { throw fault }
      let week = try number(1...5)
      guard accept(".") else { throw fault }
      day = .weekday(month: month, week: week, weekday: try number(0...6))
    } else if accept("J") {
      day = .withoutLeapDay(try number(1...365))
    } else {
      day = .ofYear(try number(0...365))
    }
    return ZoneFooter.YearlyMoment(day: day, time: accept("/") ? try time(mostHours: 167) : 7200)
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
