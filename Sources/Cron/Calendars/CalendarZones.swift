/// Whose clocks the zone names of a calendar mean.
///
/// A `TZID` is the system's zone of that name, also at the end of a longer one
/// (`/freeassociation.sourceforge.net/Europe/Berlin`), or a zone of Windows (`W. Europe Standard Time`). Any other
/// name has to be defined in the file: the definition names the system's (`X-LIC-LOCATION`), or one with the same
/// rules is taken.
struct CalendarZones {
  /// Whose clocks times without a zone mean, as the calendar says (`X-WR-TIMEZONE`); nil for the schedule's own.
  let standard: String?
  private let definitions: [String: CalendarPart]

  /// - Parameter calendar: a `VCALENDAR`.
  init(_ calendar: CalendarPart) {
    var definitions: [String: CalendarPart] = [:]
    for part in calendar.parts where part.name == "VTIMEZONE" {
      if let name = part.line("TZID")?.value { definitions[name] = part }
    }
    self.definitions = definitions
    standard = calendar.line("X-WR-TIMEZONE").flatMap { CalendarZones.known($0.value) }
  }

  /// The IANA name of a zone.
  func name(of given: String, _ line: CalendarLine) throws(CalendarError) -> String {
    if let name = CalendarZones.known(given) { return name }
    // Some writers put quotes or spaces around the name in one place only.
    let trimmed = CalendarZones.trimmed(given)
    if let name = CalendarZones.known(trimmed) { return name }
    let definition =
      definitions[given] ?? definitions.first { CalendarZones.trimmed($0.key) == trimmed }?.value
    guard let definition else {
      do {
        return try Zone.named(given).name
      } catch {
        throw line.error("TZID: \(error)")
      }
    }
    for key in ["X-LIC-LOCATION", "TZID-ALIAS-OF"] {
      if let name = definition.line(key).flatMap({ CalendarZones.known($0.value) }) { return name }
    }
    if let name = CalendarZoneRules(definition)?.zone(like: given) { return name }
    throw line.error(
      "TZID “\(given)” is defined in line \(definition.begin.number) by rules that no zone of this system has. "
        + "Write an IANA name such as Europe/Berlin.")
  }

  private static func trimmed(_ name: String) -> String {
    let bytes = name.utf8.drop { $0 == 0x22 || $0 == 0x20 }.reversed().drop { $0 == 0x22 || $0 == 0x20 }
    return String(decoding: bytes.reversed(), as: UTF8.self)
  }

  /// A name that means a zone by itself.
  private static func known(_ name: String) -> String? {
    if let zone = try? Zone.named(name) { return zone.name }
    if let windows = WindowsZones.iana(name) { return windows }
    let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    for count in [3, 2, 1] where parts.count > count {
      let end = parts.suffix(count).joined(separator: "/")
      if let zone = try? Zone.named(end) { return zone.name }
    }
    return nil
  }
}

/// The clock changes that a `VTIMEZONE` defines.
struct CalendarZoneRules {
  /// From when on, each year, clocks are so many seconds east of UTC.
  private struct Observance {
    var rule: Exclusion
    var offsetBefore: Int64
    var offset: Int64
  }

  private var observances: [Observance] = []

  /// The years whose changes are compared: the rules of long ago make no difference to what is to come.
  private static let years = 2025...2028

  /// Nil when it cannot be understood.
  init?(_ part: CalendarPart) {
    for part in part.parts where part.name == "STANDARD" || part.name == "DAYLIGHT" {
      guard let from = part.line("TZOFFSETFROM").flatMap({ CalendarZoneRules.offset($0.value) }),
        let to = part.line("TZOFFSETTO").flatMap({ CalendarZoneRules.offset($0.value) }),
        let line = part.line("DTSTART"), let wall = CalendarMoment.wall(line.value), !wall.isDate
      else { return nil }
      var rule = Exclusion(start: wall, length: 1, name: part.name)
      if let line = part.line("RRULE") {
        guard let read = try? CalendarRule(line, start: CalendarMoment(wall: wall, zone: nil)) else {
          return nil
        }
        rule.recurrence = read.recurrence
        rule.until = read.until
      }
      observances.append(Observance(rule: rule, offsetBefore: from, offset: to))
    }
    if observances.isEmpty { return nil }
  }

  /// `+0100`, `-033000`.
  private static func offset(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 5 || bytes.count == 7, bytes[0] == 0x2B || bytes[0] == 0x2D,
      bytes.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let digits = bytes.dropFirst().map { Int64($0 - 0x30) }
    var seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60
    if digits.count == 6 { seconds += digits[4] * 10 + digits[5] }
    return bytes[0] == 0x2D ? -seconds : seconds
  }

  /// What clocks are east of UTC at a Unix time.
  private func offset(at instant: Int64) -> Int64 {
    var latest: (beginning: Int64, offset: Int64)?
    for observance in observances {
      guard let wall = observance.rule.beginning(atOrBefore: instant + observance.offsetBefore) else {
        continue
      }
      let beginning = wall - observance.offsetBefore
      if beginning > latest?.beginning ?? .min { latest = (beginning, observance.offset) }
    }
    return latest?.offset ?? observances[0].offsetBefore
  }

  /// The system's zone with the same clock changes, of several one whose city the name has.
  func zone(like name: String) -> String? {
    guard let first = WallTime.days(CalendarZoneRules.years.lowerBound, 1, 1),
      let last = WallTime.days(CalendarZoneRules.years.upperBound, 12, 31)
    else { return nil }
    // The moments of the changes themselves are compared after these.
    let samples = stride(from: first * 86_400, through: last * 86_400, by: 6 * 3600)
      .map { (instant: $0, offset: offset(at: $0)) }
    let candidates = ["UTC"] + WindowsZones.zones + CalendarZoneRules.whole
    let matching = candidates.filter { candidate in
      guard let zone = try? Zone.named(candidate) else { return false }
      return samples.allSatisfy { Int64(zone.offset(at: $0.instant)) == $0.offset }
        && changes(agreeWith: zone)
    }
    let words = name.lowercased()
    return matching.first { candidate in
      let city = candidate.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? ""
      return words.contains(city.lowercased().replacing("_", with: " "))
    } ?? matching.first
  }

  /// Whether clocks change at the very moments of the zone's changes.
  private func changes(agreeWith zone: Zone) -> Bool {
    guard let first = WallTime.days(CalendarZoneRules.years.lowerBound, 1, 1),
      let last = WallTime.days(CalendarZoneRules.years.upperBound, 12, 31)
    else { return false }
    var instant = first * 86_400
    while let change = zone.transition(after: instant), change.instant <= last * 86_400 {
      guard offset(at: change.instant - 1) == Int64(change.offsetBefore),
        offset(at: change.instant) == Int64(change.offsetAfter)
      else { return false }
      instant = change.instant
    }
    return true
  }

  /// Zones without clock changes.
  private static let whole = (1...14).map { "Etc/GMT-\($0)" } + (1...12).map { "Etc/GMT+\($0)" }
}
