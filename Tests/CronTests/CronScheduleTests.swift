import Testing

@testable import Cron

@Suite struct `A schedule` {
  private func schedule(_ text: String, _ zone: Zone = .utc, _ dst: DSTRule = .once) throws -> CronSchedule {
    CronSchedule(expression: try CronExpression(text), zone: zone, dst: dst)
  }

  @Test func `searches are strict on both sides`() throws {
    let daily = try schedule("0 0 * * *")
    #expect(daily.next(after: 0) == 86_400)
    #expect(daily.next(after: -1) == 0)
    #expect(daily.previous(before: 0) == -86_400)
    #expect(daily.previous(before: 1) == 0)
  }

  @Test func `occurrences go on one after the other`() throws {
    let found = try schedule("0 12 * * *").occurrences(after: 0).prefix(3)
    #expect(Array(found) == [43_200, 129_600, 216_000])
  }

  @Test(arguments: [
    ("@every 90s", Int64(0), Int64(100), Int64(180), Int64(90)),
    ("@every 90s", 10, 100, 190, 10),
    ("@every 1d", 0, -1, 0, -86_400),
    ("@every 366d", .max, 0, 31_622_400, 0),
  ])
  func `a period counts from its anchor`(text: String, anchor: Int64, at: Int64, next: Int64, previous: Int64)
    throws
  {
    let every = CronSchedule(expression: try CronExpression(text), zone: .utc, anchor: anchor)
    if anchor != .max {
      #expect(every.next(after: at) == next)
      #expect(every.previous(before: at) == previous)
    } else {
      // An anchor at the end of all numbers is only a phase.
      let first = try #require(every.next(after: at))
      #expect(first - (try #require(every.previous(before: first))) == next)
    }
  }

  @Test func `29 February on a Sunday is found 40 years ahead across 2100`() throws {
    let rare = try schedule("0 0 ? 2 SUN#5")
    let last = try unix("2088-02-29T00:00:00Z")
    let next = try #require(rare.next(after: last))
    #expect(Zone.utc.local(at: next).description == "2128-02-29T00:00:00+00:00")
    #expect(rare.previous(before: next) == last)
  }

  @Test func `a search ends when the zone skips every time of the schedule`() throws {
    let never = try schedule("30 3 * 3 SUNL", try Vectors.zone("Europe/Riga"), .literal)
    #expect(never.next(after: try unix("2026-01-01T00:00:00Z")) == nil)
    #expect(never.previous(before: try unix("2800-01-01T00:00:00Z")) == nil)
  }

  @Test(arguments: ["* * * * *", "* * * * * *", "@every 1s", "0 0 29 2 *"])
  func `a search from the ends of time ends`(text: String) throws {
    for zone in [Zone.utc, try Vectors.zone("Europe/Riga")] {
      let schedule = try schedule(text, zone)
      #expect(schedule.next(after: .max) == nil)
      #expect(schedule.previous(before: .min) == nil)
      #expect(try #require(schedule.next(after: .min)) >= -62_135_596_800)
      #expect(try #require(schedule.previous(before: .max)) <= 253_402_300_799)
    }
  }

  /// Expression, zone, rule, from, and the times that follow.
  static let jumps: [(String, String, DSTRule, String, [String])] = [
    // A missing hour.
    (
      "30 3 * * *", "Europe/Riga", .once, "2026-03-28T12:00:00+02:00",
      ["2026-03-29T04:00:00+03:00", "2026-03-30T03:30:00+03:00"]
    ),
    ("30 3 * * *", "Europe/Riga", .literal, "2026-03-28T12:00:00+02:00", ["2026-03-30T03:30:00+03:00"]),
    ("*/15 3 * * *", "Europe/Riga", .once, "2026-03-28T12:00:00+02:00", ["2026-03-30T03:00:00+03:00"]),
    (
      "0,30 3 * * *", "Europe/Riga", .once, "2026-03-28T12:00:00+02:00",
      ["2026-03-29T04:00:00+03:00", "2026-03-30T03:00:00+03:00"]
    ),
    (
      "0 3,4 * * *", "Europe/Riga", .once, "2026-03-28T12:00:00+02:00",
      ["2026-03-29T04:00:00+03:00", "2026-03-30T03:00:00+03:00"]
    ),
    (
      "15 30 3 * * *", "Europe/Riga", .once, "2026-03-28T12:00:00+02:00",
      ["2026-03-29T04:00:00+03:00", "2026-03-30T03:30:15+03:00"]
    ),
    // A repeated hour.
    (
      "30 3 * * *", "Europe/Riga", .once, "2026-10-25T00:00:00+03:00",
      ["2026-10-25T03:30:00+03:00", "2026-10-26T03:30:00+02:00"]
    ),
    (
      "30 3 * * *", "Europe/Riga", .literal, "2026-10-25T00:00:00+03:00",
      ["2026-10-25T03:30:00+03:00", "2026-10-25T03:30:00+02:00"]
    ),
    (
      "*/30 3 * * *", "Europe/Riga", .once, "2026-10-25T03:00:00+03:00",
      ["2026-10-25T03:30:00+03:00", "2026-10-25T03:00:00+02:00"]
    ),
    ("30 3 * * *", "Europe/Riga", .once, "2026-10-25T03:10:00+02:00", ["2026-10-26T03:30:00+02:00"]),
    (
      "30 3 * * *", "Europe/Riga", .literal, "2026-10-25T03:40:00+03:00",
      ["2026-10-25T03:30:00+02:00", "2026-10-26T03:30:00+02:00"]
    ),
    // Whole days that never were.
    (
      "0 9 30 12 *", "Pacific/Apia", .once, "2011-12-01T00:00:00-10:00",
      ["2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00"]
    ),
    ("0 9 30 12 *", "Pacific/Apia", .literal, "2011-12-01T00:00:00-10:00", ["2012-12-30T09:00:00+14:00"]),
    (
      "0 9 * * *", "Pacific/Kwajalein", .once, "1993-08-20T09:00:00-12:00",
      ["1993-08-22T00:00:00+12:00", "1993-08-22T09:00:00+12:00"]
    ),
    // Half an hour, a quarter of an hour, two hours.
    (
      "15 2 * * *", "Australia/Lord_Howe", .once, "2026-10-03T12:00:00+10:30",
      ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"]
    ),
    (
      "10 0 1 1 *", "Asia/Kathmandu", .once, "1985-12-31T12:00:00+05:30",
      ["1986-01-01T00:15:00+05:45", "1987-01-01T00:10:00+05:45"]
    ),
    (
      "30 2 * * *", "Antarctica/Troll", .once, "2026-03-28T12:00:00+00:00",
      ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]
    ),
  ]

  @Test(arguments: jumps)
  func `a jump of the clocks is met as the rule says`(
    text: String, zone: String, dst: DSTRule, from: String, expected: [String]
  ) throws {
    let zone = try Vectors.zone(zone)
    let found = try schedule(text, zone, dst).occurrences(after: try unix(from)).prefix(expected.count)
    #expect(found.map { zone.local(at: $0).description } == expected)
  }

  @Test func `a change by less than a minute is made up for at a whole minute`() throws {
    // Monrovia moved by 44 minutes 30 seconds when 7 January 1972 began.
    let zone = try Vectors.zone("Africa/Monrovia")
    let next = try schedule("10 0 7 1 *", zone).next(after: try unix("1972-01-01T00:00:00Z"))
    #expect(next.map { zone.local(at: $0).description } == "1972-01-07T00:45:00+00:00")
  }

  @Test func `a repeat within a repeat shows no time for the first time`() throws {
    // At second 86,400 the clock goes back from 24:00 to 23:00, ten minutes later from 23:10 to 22:10.
    let zone = try Zone(
      name: "Test/City",
      tzif: zoneFile(first: 0, jumps: [(86_400, -3600), (87_000, -7200)]))
    let noon = Int64(43_200)
    let once = try schedule("20 23 * * *", zone).occurrences(after: noon).prefix(2)
    #expect(Array(once) == [84_000, 177_600])
    let literal = try schedule("20 23 * * *", zone, .literal).occurrences(after: noon).prefix(3)
    #expect(Array(literal) == [84_000, 91_200, 177_600])
    #expect(try schedule("20 23 * * *", zone).previous(before: 177_600) == 84_000)
    #expect(
      try schedule("5 23 * * *", zone, .literal).occurrences(after: noon).prefix(3).elementsEqual([
        83_100, 86_700, 90_300,
      ]))
  }

  /// A TZif file of version 2 with an empty first half and no rule.
  private func zoneFile(first: Int32, jumps: [(instant: Int64, offset: Int32)]) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
    func header(times: Int, types: Int) -> [UInt8] {
      Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        + [0, 0, 0, times, types, 4].flatMap { bytes(UInt32($0)) }
    }
    let offsets = [first] + jumps.map(\.offset)
    var file = header(times: 0, types: 1) + bytes(first) + [0, 0] + Array("LMT\0".utf8)
    file += header(times: jumps.count, types: offsets.count)
    file += jumps.flatMap { bytes($0.instant) } + jumps.indices.map { UInt8($0 + 1) }
    file += offsets.flatMap { bytes($0) + [0, 0] }
    return file + Array("LMT\0\n\n".utf8)
  }
}
