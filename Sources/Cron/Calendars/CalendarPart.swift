/// What stands between a `BEGIN` and its `END` in an iCalendar file.
struct CalendarPart {
  let begin: CalendarLine
  /// In capitals: `VEVENT`.
  let name: String
  var lines: [CalendarLine] = []
  var parts: [CalendarPart] = []

  private static let depthLimit = 8

  init(begin: CalendarLine) {
    self.begin = begin
    name = begin.value.uppercased()
  }

  /// The first line of a name.
  func line(_ name: String) -> CalendarLine? { lines.first { $0.name == name } }

  /// The calendars of a file: mostly one, but one may follow another.
  static func calendars(_ lines: [CalendarLine]) throws(CalendarError) -> [CalendarPart] {
    guard let first = lines.first, first.name == "BEGIN", first.value.uppercased() == "VCALENDAR" else {
      throw CalendarError(line: 1, "The file does not begin with BEGIN:VCALENDAR.")
    }
    var calendars: [CalendarPart] = []
    var open: [CalendarPart] = []
    for line in lines {
      switch line.name {
      case "BEGIN":
        open.append(CalendarPart(begin: line))
        if open.count > depthLimit { throw line.error("The parts of the file are nested too deep.") }
      case "END":
        guard let part = open.popLast(), part.name == line.value.uppercased() else {
          throw line.error("END:\(line.value) ends nothing that began.")
        }
        if open.isEmpty {
          calendars.append(part)
        } else {
          open[open.count - 1].parts.append(part)
        }
      default:
        if open.isEmpty { throw line.error("Something follows after END:VCALENDAR.") }
        open[open.count - 1].lines.append(line)
      }
    }
    if let part = open.last { throw part.begin.error("BEGIN:\(part.begin.value) has no END.") }
    return calendars
  }
}
