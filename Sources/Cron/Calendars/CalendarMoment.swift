/// The value of `DTSTART`, `DTEND` and their like: a wall time and whose.
struct CalendarMoment: Equatable {
  var wall: WallTime
  /// Nil for the schedule's own zone.
  var zone: String?

  init(wall: WallTime, zone: String?) {
    self.wall = wall
    self.zone = zone
  }

  init(_ line: CalendarLine, _ zones: CalendarZones) throws(CalendarError) {
    try self.init(line, value: line.value, zones)
  }

  /// - Parameter value: one of several that the line has.
  init(_ line: CalendarLine, value: String, _ zones: CalendarZones) throws(CalendarError) {
    let value = String(value.utf8.filter { $0 != 0x20 }.map { Character(Unicode.Scalar($0)) })
    let isUTC = value.utf8.last == UInt8(ascii: "Z")
    guard let wall = CalendarMoment.wall(isUTC ? String(value.dropLast()) : value) else {
      throw line.error("“\(value)” is no date (20261225) or time (20261225T070000).")
    }
    self.wall = wall
    if isUTC {
      zone = "UTC"
    } else if !wall.isDate {
      zone =
        try line.parameters["TZID"].map { name throws(CalendarError) in try zones.name(of: name, line) }
        ?? zones.standard
    }
  }

  /// What the clocks that another moment is told by show at this one. Without a zone, both are the schedule's.
  /// - Parameter other: a date makes a date of this one too; for a time, a date is that day's time.
  func seconds(for other: CalendarMoment) -> Int64 {
    var seconds = wall.seconds
    if let zone, let theirs = other.zone, zone != theirs, let from = try? Zone.named(zone),
      let to = try? Zone.named(theirs)
    {
      let instant = from.instant(of: wall)
      seconds = instant + Int64(to.offset(at: instant))
    }
    let day = CivilDay.secondsPerDay
    if other.wall.isDate { return CivilDay.floorDivide(seconds, day) * day }
    if wall.isDate {
      return seconds + other.wall.seconds - CivilDay.floorDivide(other.wall.seconds, day) * day
    }
    return seconds
  }

  /// `20261225` or `20261225T070000`.
  static func wall(_ text: String) -> WallTime? {
    let bytes = Array(text.utf8)
    guard bytes.count == 8 || (bytes.count == 15 && bytes[8] == UInt8(ascii: "T")) else { return nil }
    var separated = ""
    for (place, byte) in bytes.enumerated() {
      if place == 4 || place == 6 { separated += "-" }
      if place == 11 || place == 13 { separated += ":" }
      separated.unicodeScalars.append(Unicode.Scalar(byte))
    }
    return WallTime(separated)
  }
}
