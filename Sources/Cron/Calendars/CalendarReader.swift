/// Reads the events of an iCalendar file (RFC 5545) as times without starts.
///
/// Read are `VEVENT`s with `DTSTART` (a date, a local time, a time in a zone of the system's, or UTC), `DTEND` or
/// `DURATION`, `SUMMARY`, and an `RRULE` that is `DAILY`, `WEEKLY` (with `BYDAY`), `MONTHLY` (on its own
/// day, one `BYMONTHDAY` or one `BYDAY` such as `2MO`) or `YEARLY` (on its own date, or with `BYMONTH` and one
/// `BYDAY` such as `4TH`), with `INTERVAL`, `COUNT` and `UNTIL`. A cancelled event is no
/// event. What would change the times and is not understood is refused, never passed over: `EXDATE`, `RDATE`,
/// `RECURRENCE-ID`, several rules, other frequencies. Zones defined in the file itself count as the system's of
/// the same name. Everything else, such as places, alarms and tasks, makes no difference.
package enum CalendarReader {
  /// In bytes.
  package static let sizeLimit = 256 << 10
  /// As many as one schedule looks through.
  package static let eventLimit = 1000

  package static func read(_ text: String) throws(CalendarError) -> [Exclusion] {
    let lines = try CalendarLine.lines(text)
    guard let first = lines.first, first.name == "BEGIN", first.value.uppercased() == "VCALENDAR" else {
      throw CalendarError(line: 1, "The file does not begin with BEGIN:VCALENDAR.")
    }
    var exclusions: [Exclusion] = []
    var open: [CalendarLine] = []
    var event = CalendarEvent(begin: first)
    for line in lines {
      switch line.name {
      case "BEGIN":
        open.append(line)
        if open.count > 8 { throw line.error("The parts of the file are nested too deep.") }
        if line.value.uppercased() == "VEVENT" { event = CalendarEvent(begin: line) }
      case "END":
        guard let begin = open.popLast(), begin.value.uppercased() == line.value.uppercased() else {
          throw line.error("END:\(line.value) ends nothing that began.")
        }
        guard line.value.uppercased() == "VEVENT" else { continue }
        if let exclusion = try event.exclusion() { exclusions.append(exclusion) }
        if exclusions.count > eventLimit {
          throw line.error("The file has more than \(eventLimit) events.")
        }
      default:
        guard let part = open.last else { throw line.error("Something follows after END:VCALENDAR.") }
        if part.value.uppercased() == "VEVENT" { try event.add(line) }
      }
    }
    if let begin = open.last { throw begin.error("BEGIN:\(begin.value) has no END.") }
    return exclusions
  }
}

/// A `VEVENT` while it is read.
private struct CalendarEvent {
  let begin: CalendarLine
  private var lines: [String: CalendarLine] = [:]

  private static let understood: Set<String> = ["DTSTART", "DTEND", "DURATION", "RRULE", "SUMMARY", "STATUS"]
  private static let refused: Set<String> = ["EXDATE", "RDATE", "RECURRENCE-ID", "EXRULE"]

  init(begin: CalendarLine) {
    self.begin = begin
  }

  mutating func add(_ line: CalendarLine) throws(CalendarError) {
    if CalendarEvent.refused.contains(line.name) {
      throw line.error(
        "\(line.name) is not read. Write an event of its own for each exception, or leave the line out.")
    }
    guard CalendarEvent.understood.contains(line.name) else { return }
    guard lines.updateValue(line, forKey: line.name) == nil else {
      throw line.error("The event has a second \(line.name).")
    }
  }

  /// Nil for a cancelled event.
  func exclusion() throws(CalendarError) -> Exclusion? {
    if lines["STATUS"]?.value.uppercased() == "CANCELLED" { return nil }
    guard let given = lines["DTSTART"] else { throw begin.error("The event has no DTSTART.") }
    let start = try CalendarMoment(given)
    var exclusion = Exclusion(
      start: start.wall, length: try length(from: start), zone: start.zone,
      name: lines["SUMMARY"]?.text ?? start.wall.description)
    if let rule = lines["RRULE"] {
      let read = try CalendarRule(rule, start: start)
      exclusion.recurrence = read.recurrence
      exclusion.until = read.until
      guard exclusion.length <= read.shortestPeriod else {
        throw rule.error("The event is longer than the time until it comes again.")
      }
    }
    return exclusion
  }

  private func length(from start: CalendarMoment) throws(CalendarError) -> Int64 {
    var length: Int64 = start.wall.isDate ? CivilDay.secondsPerDay : 0
    if let line = lines["DTEND"] {
      let end = try CalendarMoment(line)
      guard end.zone == start.zone, end.wall.isDate == start.wall.isDate else {
        throw line.error("DTEND must be of the same kind and zone as DTSTART.")
      }
      length = end.wall.seconds - start.wall.seconds
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
    let units: [Character: Int64] = ["W": 604_800, "D": 86_400, "H": 3600, "M": 60, "S": 1]
    guard text.first == "P" else { return nil }
    var total: Int64 = 0
    var number: Int64?
    for character in text.dropFirst() {
      if let digit = character.wholeNumberValue, character.isASCII {
        number = min((number ?? 0) * 10 + Int64(digit), 1_000_000_000)
      } else if let unit = units[character], let count = number {
        total += count * unit
        number = nil
      } else if character != "T" || number != nil {
        return nil
      }
    }
    return number == nil ? total : nil
  }
}

/// The value of `DTSTART` or `DTEND`: a wall time and whose.
struct CalendarMoment: Equatable {
  var wall: WallTime
  /// Nil for the schedule's own zone.
  var zone: String?

  init(_ line: CalendarLine) throws(CalendarError) {
    guard
      let wall = CalendarMoment.wall(line.value.hasSuffix("Z") ? String(line.value.dropLast()) : line.value)
    else { throw line.error("“\(line.value)” is no date (20261225) or time (20261225T070000).") }
    self.wall = wall
    if line.value.hasSuffix("Z") {
      zone = "UTC"
    } else if !wall.isDate, let name = line.parameters["TZID"] {
      do {
        _ = try Zone.named(name)
      } catch {
        throw line.error("TZID: \(error)")
      }
      zone = name
    }
  }

  /// `20261225` or `20261225T070000`.
  static func wall(_ text: String) -> WallTime? {
    let bytes = Array(text.utf8)
    guard bytes.count == 8 || (bytes.count == 15 && bytes[8] == UInt8(ascii: "T")) else { return nil }
    var separated = ""
    for (place, character) in text.enumerated() {
      if place == 4 || place == 6 { separated += "-" }
      if place == 11 || place == 13 { separated += ":" }
      separated.append(character)
    }
    return WallTime(separated)
  }
}
