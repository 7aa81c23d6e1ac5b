import Testing

@testable import Cron

/// Calendars as the programs that people use write them.
@Suite struct CalendarExportTests {
  private static func read(_ lines: String..., before: [String] = []) throws -> [Exclusion] {
    let all = ["BEGIN:VCALENDAR", "VERSION:2.0"] + before + lines + ["END:VCALENDAR", ""]
    return try CalendarReader.read(Array(all.joined(separator: "\r\n").utf8))
  }

  private static func event(_ lines: String..., before: [String] = []) throws -> [Exclusion] {
    let all =
      ["BEGIN:VCALENDAR", "VERSION:2.0"] + before + ["BEGIN:VEVENT", "UID:1"] + lines
      + ["END:VEVENT", "END:VCALENDAR", ""]
    return try CalendarReader.read(Array(all.joined(separator: "\r\n").utf8))
  }

  private static func covers(_ exclusions: [Exclusion], _ wall: String) throws -> Bool {
    let wall = try #require(WallTime(wall)).seconds
    return exclusions.contains { $0.covers(wall) }
  }

  /// What is folded where: within a character of several bytes, before a mark, a joiner, a selector.
  @Test(
    arguments: [
      ([0xC3], [0xA9], "é"), ([0x65], [0xCC, 0x81], "e\u{301}"),
      ([0xF0, 0x9F, 0x91, 0xA8], [0xE2, 0x80, 0x8D, 0xF0, 0x9F, 0x91, 0xA9], "\u{1F468}\u{200D}\u{1F469}"),
      ([0xE2, 0x9D, 0xA4], [0xEF, 0xB8, 0x8F], "\u{2764}\u{FE0F}"),
    ] as [([UInt8], [UInt8], String)])
  func `a fold may fall anywhere`(before: [UInt8], after: [UInt8], text: String) throws {
    for (end, fold) in [("\r\n", " "), ("\n", "\t")] {
      let head = "BEGIN:VCALENDAR\(end)BEGIN:VEVENT\(end)DTSTART:20270101\(end)SUMMARY:"
      let bytes =
        Array(head.utf8) + before + Array((end + fold).utf8) + after
        + Array("\(end)END:VEVENT\(end)END:VCALENDAR\(end)".utf8)
      #expect(try CalendarReader.read(bytes).map(\.name) == [text])
    }
  }

  @Test(arguments: ["\u{2028}", "\u{85}", "\u{2029}", "\u{0C}"])
  func `only a line feed ends a line`(sign: String) throws {
    let read = try Self.event("DTSTART;VALUE=DATE:20270101", "SUMMARY:one\(sign)two")
    #expect(read.map(\.name) == ["one two"])
  }

  @Test(arguments: [[], ["DTEND;VALUE=DATE:20261225"], ["DTEND;VALUE=DATE:20261226"], ["DURATION:P1D"]])
  func `a date without a length is its whole day`(end: [String]) throws {
    let lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20261225"] + end
    let text = (lines + ["END:VEVENT", "END:VCALENDAR"]).joined(separator: "\n")
    let read = try CalendarReader.read(text)
    #expect(read.map(\.length) == [86_400])
  }

  @Test func `an end in another zone than the beginning is that moment`() throws {
    let read = try Self.event(
      "DTSTART;TZID=Europe/Berlin:20260105T100000", "DTEND;TZID=America/New_York:20260105T060000")
    #expect(read.map(\.length) == [2 * 3600])
    let utc = try Self.event("DTSTART;TZID=Europe/Berlin:20260105T100000", "DTEND:20260105T093000Z")
    #expect(utc.map(\.length) == [1800])
  }

  @Test(arguments: [
    "EXDATE;TZID=Europe/Berlin:20260119T090000,20260126T090000", "EXDATE:20260119T080000Z,20260126T080000Z",
    "EXDATE;VALUE=DATE:20260119,20260126",
    "EXDATE;TZID=Europe/Berlin:20260119T090000\r\nEXDATE;TZID=Europe/Berlin:20260126T090000",
    "EXDATE;TZID=W. Europe Standard Time:20260119T090000,20260126\r\n T090000",
  ])
  func `exceptions are left out, in whichever form`(exceptions: String) throws {
    let read = try Self.event(
      "DTSTART;TZID=Europe/Berlin:20260112T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4", exceptions)
    #expect(try Self.covers(read, "2026-01-12T09:30"))
    #expect(try !Self.covers(read, "2026-01-19T09:30"))
    #expect(try !Self.covers(read, "2026-01-26T09:30"))
    // The count goes by the rule, exceptions included.
    #expect(try Self.covers(read, "2026-02-02T09:30"))
    #expect(try !Self.covers(read, "2026-02-09T09:30"))
  }

  @Test func `an event whose one time is left out is none`() throws {
    #expect(try Self.event("DTSTART:20260102", "EXDATE;VALUE=DATE:20260102").isEmpty)
  }

  @Test func `dates are added as they are listed`() throws {
    let read = try Self.event(
      "DTSTART;VALUE=DATE:20260102", "SUMMARY:Off", "RDATE;VALUE=DATE:20260105,20260107",
      "RDATE;VALUE=PERIOD:20260110T100000Z/PT2H")
    #expect(read.map(\.name) == ["Off", "Off", "Off", "Off"])
    #expect(try Self.covers(read, "2026-01-07T23:00"))
    #expect(try !Self.covers(read, "2026-01-06T12:00"))
    #expect(try Self.covers(read, "2026-01-10T11:59"))
  }

  @Test func `a moved occurrence takes the place of its own, and a cancelled one leaves a gap`() throws {
    let read = try Self.read(
      "BEGIN:VEVENT", "UID:a", "DTSTART;TZID=Europe/Berlin:20260105T090000", "DURATION:PT1H",
      "RRULE:FREQ=WEEKLY", "END:VEVENT",
      "BEGIN:VEVENT", "UID:a", "RECURRENCE-ID;TZID=Europe/Berlin:20260112T090000",
      "DTSTART;TZID=Europe/Berlin:20260113T140000", "DURATION:PT1H", "END:VEVENT",
      "BEGIN:VEVENT", "UID:a", "RECURRENCE-ID:20260119T080000Z", "STATUS:CANCELLED", "END:VEVENT")
    #expect(try Self.covers(read, "2026-01-05T09:30"))
    #expect(try !Self.covers(read, "2026-01-12T09:30"))
    #expect(try Self.covers(read, "2026-01-13T14:30"))
    #expect(try !Self.covers(read, "2026-01-19T09:30"))
    #expect(try Self.covers(read, "2026-01-26T09:30"))
  }

  @Test func `holidays that are shown as free are days off all the same`() throws {
    let read = try Self.event(
      "DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261226", "TRANSP:TRANSPARENT", "CLASS:PUBLIC",
      "X-APPLE-UNIVERSAL-ID:1", "DESCRIPTION:Public holiday")
    #expect(read.count == 1)
  }

  @Test(arguments: [
    ("Europe/Berlin", "Europe/Berlin"), ("W. Europe Standard Time", "Europe/Berlin"),
    ("Pacific Standard Time", "America/Los_Angeles"), ("\"India Standard Time\"", "Asia/Calcutta"),
    ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
    ("/softwarestudio.org/Tzfile/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("UTC", "UTC"),
  ])
  func `a zone is found by what other programs call it`(name: String, zone: String) throws {
    let read = try Self.event("DTSTART;TZID=\(name):20260105T090000")
    #expect(read.map(\.zone) == [zone])
  }

  private static let outlook = [
    "BEGIN:VTIMEZONE", "TZID:(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome", "BEGIN:STANDARD",
    "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD", "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
  ]

  @Test func `a zone of the file's own is the system's with the same clock changes`() throws {
    let read = try Self.event(
      "DTSTART;TZID=\"(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\":20260105T090000", before: Self.outlook
    )
    let zone = try Zone.named(#require(read.first?.zone))
    let berlin = try Zone.named("Europe/Berlin")
    for month in 0..<24 {
      let instant = 1_767_225_600 + Int64(month) * 30 * 86_400
      #expect(zone.offset(at: instant) == berlin.offset(at: instant))
    }
    let fixed = try Self.event(
      "DTSTART;TZID=Customized:20260105T090000",
      before: [
        "BEGIN:VTIMEZONE", "TZID:Customized", "BEGIN:STANDARD", "DTSTART:16010101T000000",
        "TZOFFSETFROM:+0530", "TZOFFSETTO:+0530", "END:STANDARD", "END:VTIMEZONE",
      ])
    #expect(fixed.map(\.zone) == ["Asia/Calcutta"])
  }

  @Test func `a zone that nobody has is refused with its line`() {
    let error = #expect(throws: CalendarError.self) {
      try Self.event("DTSTART;TZID=Mars/Olympus:20260105T090000")
    }
    #expect(error?.line == 5)
    let rules = #expect(throws: CalendarError.self) {
      try Self.event(
        "DTSTART;TZID=Odd:20260105T090000",
        before: [
          "BEGIN:VTIMEZONE", "TZID:Odd", "BEGIN:STANDARD", "DTSTART:16010101T000000",
          "TZOFFSETFROM:+0117", "TZOFFSETTO:+0117", "END:STANDARD", "END:VTIMEZONE",
        ])
    }
    #expect(
      rules?.description
        == "line 13: TZID “Odd” is defined in line 3 by rules that no zone of this system has. Write an IANA name such as Europe/Berlin."
    )
  }

  @Test func `times without a zone are the calendar's, and dates the schedule's`() throws {
    let zone = ["X-WR-TIMEZONE:America/New_York"]
    #expect(try Self.event("DTSTART:20260105T090000", before: zone).map(\.zone) == ["America/New_York"])
    #expect(try Self.event("DTSTART;VALUE=DATE:20260105", before: zone).map(\.zone) == [nil])
    #expect(try Self.event("DTSTART:20260105T090000").map(\.zone) == [nil])
  }

  @Test func `a line that is no UTF-8 is named`() {
    let bytes = Array("BEGIN:VCALENDAR\nX-A:".utf8) + [0xE9] + Array("\nEND:VCALENDAR\n".utf8)
    #expect(throws: CalendarError(line: 2, "The line is no UTF-8 text. Save the file as UTF-8.")) {
      try CalendarReader.read(bytes)
    }
  }

  @Test func `a zone of Windows is told by its right name`() {
    #expect(throws: ZoneError.unknown("W. Europe Standard Time", nearest: "Europe/Berlin")) {
      try Zone.named("W. Europe Standard Time")
    }
  }
}
