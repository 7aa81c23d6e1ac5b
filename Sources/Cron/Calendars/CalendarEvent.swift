/// A `VEVENT`.
struct CalendarEvent {
  let begin: CalendarLine
  /// Tells which events belong together.
  let uid: String?
  /// Which occurrence of the event with the same `UID` it stands for.
  let replaces: CalendarMoment?
  private let zones: CalendarZones
  private let lines: [String: CalendarLine]
  /// Those of which there may be several.
  private let lists: [CalendarLine]

  private static let understood: Set<String> = [
    "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "SUMMARY", "STATUS", "RECURRENCE-ID",
  ]

  /// Nil for what stands for nothing: a cancelled event.
  init?(_ part: CalendarPart, _ zones: CalendarZones) throws(CalendarError) {
    begin = part.begin
    self.zones = zones
    var lines: [String: CalendarLine] = [:]
    var lists: [CalendarLine] = []
    for line in part.lines {
      switch line.name {
      case "EXDATE", "RDATE": lists.append(line)
      case "EXRULE":
        throw line.error("EXRULE is not read. Write EXDATE with each date that is left out.")
      case let name where CalendarEvent.understood.contains(name):
        guard lines.updateValue(line, forKey: name) == nil else {
          throw line.error("The event has a second \(name).")
        }
      default: break
      }
    }
    self.lines = lines
    self.lists = lists
    uid = lines["UID"]?.value
    if let line = lines["RECURRENCE-ID"] {
      if line.parameters["RANGE"] != nil {
        throw line.error("RANGE is not read: write an event of its own for what comes from then on.")
      }
      replaces = try CalendarMoment(line, zones)
    } else {
      replaces = nil
    }
    // A cancelled occurrence is told from the others by what it stands for.
    if isCancelled, replaces == nil { return nil }
  }

  private var isCancelled: Bool { lines["STATUS"]?.value.uppercased() == "CANCELLED" }

  /// - Parameter changed: beginnings of occurrences in whose place others stand.
  func exclusions(without changed: [CalendarMoment]) throws(CalendarError) -> [Exclusion] {
    if isCancelled { return [] }
    guard let given = lines["DTSTART"] else { throw begin.error("The event has no DTSTART.") }
    let start = try CalendarMoment(given, zones)
    let length = try length(from: start)
    var exclusion = Exclusion(
      start: start.wall, length: length, zone: start.zone,
      name: lines["SUMMARY"]?.text ?? start.wall.description)
    if let rule = lines["RRULE"] {
      let read = try CalendarRule(rule, start: start)
      exclusion.recurrence = read.recurrence
      exclusion.until = read.until
      guard exclusion.length <= read.shortestPeriod else {
        throw rule.error("The event is longer than the time until it comes again.")
      }
    }
    for moment in changed { exclusion.leaveOut(moment.seconds(for: start)) }
    var added: [Exclusion] = []
    for line in lists {
      for value in line.list {
        if line.name == "EXDATE" {
          try leaveOut(CalendarMoment(line, value: value, zones), start, of: &exclusion)
        } else {
          added.append(try extra(line, value, like: exclusion))
        }
      }
    }
    let isGone = exclusion.recurrence == nil && exclusion.exceptions.contains(start.wall.seconds)
    return (isGone ? [] : [exclusion]) + added
  }

  /// A date alone leaves out what begins on that day.
  private func leaveOut(_ moment: CalendarMoment, _ start: CalendarMoment, of exclusion: inout Exclusion) {
    exclusion.leaveOut(moment.seconds(for: start))
  }

  /// One of `RDATE`: a moment, or a moment and its end or length.
  private func extra(
    _ line: CalendarLine, _ value: String, like event: Exclusion
  ) throws(CalendarError) -> Exclusion {
    let parts = value.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    let start = try CalendarMoment(line, value: parts[0], zones)
    var length = start.wall.isDate ? max(event.length, CivilDay.secondsPerDay) : event.length
    if parts.count == 2 {
      if let duration = CalendarEvent.duration(parts[1]) {
        length = duration
      } else {
        length = try CalendarMoment(line, value: parts[1], zones).seconds(for: start) - start.wall.seconds
      }
    }
    guard parts.count <= 2, (1...Exclusion.longest).contains(length) else {
      throw line.error("“\(value)” is no time of an event such as 20261225T070000.")
    }
    return Exclusion(start: start.wall, length: length, zone: start.zone, name: event.name)
  }

  private func length(from start: CalendarMoment) throws(CalendarError) -> Int64 {
    // Without an end, a date is its whole day.
    var length: Int64 = start.wall.isDate ? CivilDay.secondsPerDay : 0
    if let line = lines["DTEND"] {
      let end = try CalendarMoment(line, zones)
      guard end.wall.isDate == start.wall.isDate else {
        throw line.error("DTEND must be of the same kind as DTSTART: both a date, or both a time.")
      }
      length = end.seconds(for: start) - start.wall.seconds
      // Some calendars write the day itself as the end of a whole day, where the one after it belongs.
      if length == 0, start.wall.isDate { length = CivilDay.secondsPerDay }
    } else if let line = lines["DURATION"] {
      guard let duration = CalendarEvent.duration(line.value) else {
        throw line.error("“\(line.value)” is no duration such as P1D or PT2H30M.")
      }
      length = duration
    }
    // What begins and ends at once is that moment.
    if length == 0, !start.wall.isDate { length = 1 }
    guard (1...Exclusion.longest).contains(length) else {
      throw begin.error("The event must last at least a second and at most 366 days.")
    }
    return length
  }

  /// `P15DT5H0M20S`, `P7W` (RFC 5545, section 3.3.6), in seconds.
  static func duration(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    if bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
    guard bytes.first == UInt8(ascii: "P"), bytes.count > 1 else { return nil }
    var total: Int64 = 0
    var number: Int64?
    for byte in bytes.dropFirst() {
      switch byte {
      case 0x30...0x39: number = min((number ?? 0) * 10 + Int64(byte - 0x30), 1_000_000_000)
      case UInt8(ascii: "T") where number == nil: break
      default:
        let units: [UInt8: Int64] = [0x57: 604_800, 0x44: 86_400, 0x48: 3600, 0x4D: 60, 0x53: 1]
        guard let unit = units[byte], let count = number else { return nil }
        total += count * unit
        number = nil
      }
    }
    return number == nil ? total : nil
  }
}
