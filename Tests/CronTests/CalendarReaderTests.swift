import Testing

@testable import Cron

@Suite struct CalendarReaderTests {
  private static func calendar(_ lines: String...) -> String {
    (["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT"] + lines + ["END:VEVENT", "END:VCALENDAR", ""])
      .joined(separator: "\r\n")
  }

  private static func wall(_ text: String) throws -> Int64 { try #require(WallTime(text)).seconds }

  private static func event(_ lines: String...) throws -> Exclusion {
    let text = (["BEGIN:VCALENDAR", "BEGIN:VEVENT"] + lines + ["END:VEVENT", "END:VCALENDAR"]).joined(
      separator: "\n")
    return try #require(try CalendarReader.read(text).first)
  }

  @Test func `a whole day, a timed event and a folded name are read`() throws {
    let day = try Self.event("DTSTART;VALUE=DATE:20261225", "SUMMARY:Christmas", "  Day\\, first")
    #expect(day.name == "Christmas Day, first")
    #expect(day.length == 86_400)
    #expect(day.covers(try Self.wall("2026-12-25T23:59:59")))
    #expect(!day.covers(try Self.wall("2026-12-26")))
    let timed = try Self.event(
      "DTSTART;TZID=\"Europe/Riga\":20261201T220000", "DTEND;TZID=Europe/Riga:20261202T060000")
    #expect(timed.zone == "Europe/Riga")
    #expect(timed.length == 8 * 3600)
    let utc = try Self.event("DTSTART:20261201T220000Z", "DURATION:PT1H30M")
    #expect(utc.zone == "UTC")
    #expect(utc.length == 5400)
  }

  @Test(
    arguments: [
      ("RRULE:FREQ=YEARLY", ["2026-01-02", "2030-01-02"], ["2025-01-02", "2026-01-03", "2026-02-02"]),
      ("RRULE:FREQ=YEARLY;INTERVAL=2", ["2028-01-02"], ["2027-01-02"]),
      ("RRULE:FREQ=YEARLY;COUNT=2", ["2027-01-02"], ["2028-01-02"]),
      ("RRULE:FREQ=YEARLY;UNTIL=20280101", ["2027-01-02"], ["2028-01-02"]),
      ("RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=2", ["2029-01-02"], ["2029-01-01"]),
      (
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", ["2026-11-26", "2027-11-25"], ["2026-11-19", "2027-11-26"]
      ),
      ("RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", ["2026-05-25"], ["2026-05-18"]),
      ("RRULE:FREQ=WEEKLY", ["2026-01-09", "2026-01-16"], ["2026-01-08", "2025-12-26"]),
      (
        "RRULE:FREQ=WEEKLY;BYDAY=SA,SU", ["2026-01-03", "2026-01-04", "2026-01-10"],
        ["2026-01-02", "2026-01-09"]
      ),
      ("RRULE:FREQ=WEEKLY;WKST=SU", ["2026-01-09"], ["2026-01-08"]),
      ("RRULE:FREQ=MONTHLY", ["2026-02-02", "2026-12-02", "2027-01-02"], ["2026-01-03", "2026-02-01"]),
      ("RRULE:FREQ=MONTHLY;INTERVAL=5", ["2026-06-02", "2026-11-02"], ["2026-02-02", "2026-05-02"]),
      (
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31", "2026-03-31"],
        ["2026-01-02", "2026-02-28", "2026-03-03", "2026-04-30"]
      ),
      ("RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["2026-01-31", "2026-02-28"], ["2026-03-31"]),
      ("RRULE:FREQ=MONTHLY;BYDAY=2MO", ["2026-01-12", "2026-02-09"], ["2026-01-05", "2026-02-02"]),
      ("RRULE:FREQ=MONTHLY;BYDAY=-1FR;WKST=SU", ["2026-01-30", "2026-02-27"], ["2026-01-23"]),
      ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", ["2026-01-02", "2026-01-16"], ["2026-01-09"]),
      ("RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU", ["2026-01-02", "2026-01-16"], ["2026-01-09"]),
      ("RRULE:FREQ=DAILY;BYDAY=MO,FR", ["2026-01-02", "2026-01-05"], ["2026-01-06"]),
      ("RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", ["2026-01-12", "2026-02-09"], ["2026-01-05"]),
      ("RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", ["2026-01-30"], ["2026-01-23"]),
      ("RRULE:FREQ=DAILY;INTERVAL=3;COUNT=3", ["2026-01-02", "2026-01-08"], ["2026-01-03", "2026-01-11"]),
    ] as [(String, [String], [String])])
  func `a rule brings the event back`(rule: String, on: [String], off: [String]) throws {
    let event = try Self.event("DTSTART;VALUE=DATE:20260102", rule)
    for day in on { #expect(event.covers(try Self.wall("\(day)T12:00")), "\(day)") }
    for day in off { #expect(!event.covers(try Self.wall("\(day)T12:00")), "\(day)") }
  }

  @Test(arguments: [["DTEND:20261201T220000"], ["DURATION:PT0S"], []])
  func `an event that ends as it begins is that moment`(end: [String]) throws {
    let lines =
      ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART:20261201T220000"] + end + ["END:VEVENT", "END:VCALENDAR"]
    let event = try #require(try CalendarReader.read(lines.joined(separator: "\n")).first)
    #expect(event.covers(try Self.wall("2026-12-01T22:00:00")))
    #expect(!event.covers(try Self.wall("2026-12-01T22:00:01")))
  }

  @Test func `a leap day comes back in leap years only`() throws {
    let event = try Self.event("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY")
    #expect(event.covers(try Self.wall("2028-02-29T10:00")))
    #expect(!event.covers(try Self.wall("2027-02-28T10:00")))
    #expect(!event.covers(try Self.wall("2027-03-01T10:00")))
  }

  @Test(arguments: [
    ("EXDATE:2027-01-02", "line 5: “2027-01-02” is no date"),
    ("EXRULE:FREQ=DAILY", "line 5: EXRULE is not read."),
    ("RECURRENCE-ID;RANGE=THISANDFUTURE:20260102", "line 5: RANGE is not read"),
    ("RRULE:FREQ=HOURLY", "line 5: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
    ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15", "line 5: BYMONTHDAY in a monthly rule is read as one day"),
    ("RRULE:FREQ=MONTHLY;BYDAY=MO", "line 5: BYDAY in a monthly rule is read as one such as 2MO"),
    ("RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "line 5: A monthly rule is read with BYMONTHDAY or BYDAY"),
    (
      "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,FR;WKST=SU",
      "line 5: Every so many weeks, with Sunday among the days, are read with WKST=MO only."
    ),
    ("RRULE:FREQ=DAILY;WKST=XX", "line 5: WKST=XX is no weekday"),
    ("RRULE:FREQ=YEARLY;BYSETPOS=1", "line 5: BYSETPOS in a rule is not read."),
    ("DTEND;VALUE=DATE:20260101", "line 3: The event must last at least a second"),
    ("DTEND:20260103T100000", "line 5: DTEND must be of the same kind"),
    ("DTSTART:20260102", "line 5: The event has a second DTSTART."),
    ("DURATION:2 days", "line 5: “2 days” is no duration"),
    ("NONSENSE", "line 5: Expected NAME:value"),
    ("END:VTODO", "line 5: END:VTODO ends nothing that began."),
  ])
  func `what would change the times and is not understood is refused`(line: String, message: String) {
    let text = Self.calendar("DTSTART;VALUE=DATE:20260102", line)
    let error = #expect(throws: CalendarError.self) { try CalendarReader.read(text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test func `a cancelled event, alarms and tasks make no difference`() throws {
    let text = """
      BEGIN:VCALENDAR
      BEGIN:VTODO
      DTSTART:nonsense
      END:VTODO
      BEGIN:VEVENT
      DTSTART;VALUE=DATE:20260102
      BEGIN:VALARM
      DURATION:whatever
      END:VALARM
      END:VEVENT
      BEGIN:VEVENT
      DTSTART;VALUE=DATE:20260105
      STATUS:CANCELLED
      END:VEVENT
      END:VCALENDAR
      """
    #expect(try CalendarReader.read(text).map(\.name) == ["2026-01-02"])
  }

  @Test func `what is no calendar says so`() {
    #expect(throws: CalendarError(line: 1, "The file does not begin with BEGIN:VCALENDAR.")) {
      try CalendarReader.read("Hello: there")
    }
    #expect(throws: CalendarError(line: 1, "BEGIN:VCALENDAR has no END.")) {
      try CalendarReader.read("BEGIN:VCALENDAR\n")
    }
  }
}
