import Testing

@testable import Cron

@Suite struct `The rule of a zone file` {
  @Test(arguments: [
    ("UTC0", Int64(0)), ("EST5", -18_000), ("<+0545>-5:45", 20_700), ("<-00>0", 0), ("LMT-1:36:34", 5794),
  ])
  func `may be one offset`(text: String, offset: Int64) throws {
    let rule = try ZoneFooter(Array(text.utf8))
    #expect(rule.standardOffset == offset)
    #expect(rule.summer == nil)
  }

  /// The rule, a year, and the start and end of its summer.
  @Test(arguments: [
    ("EET-2EEST,M3.5.0/3,M10.5.0/4", 2026, "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    ("EST5EDT,M3.2.0,M11.1.0", 2026, "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2026, "2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z"),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    ("EET-2EEST,M3.4.4/50,M10.4.4/50", 2026, "2026-03-28T00:00:00Z", "2026-10-23T23:00:00Z"),
    ("AAA0BBB,J60/0,J365/0", 2024, "2024-03-01T00:00:00Z", "2024-12-30T23:00:00Z"),
    ("AAA0BBB,J60/0,J365/0", 2025, "2025-03-01T00:00:00Z", "2025-12-30T23:00:00Z"),
    ("AAA0BBB,59/0,364/0", 2024, "2024-02-29T00:00:00Z", "2024-12-29T23:00:00Z"),
    ("AAA0BBB,59/0,364/0", 2025, "2025-03-01T00:00:00Z", "2025-12-30T23:00:00Z"),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", 2026, "2026-10-25T01:00:00Z", "2026-03-29T01:00:00Z"),
  ])
  func `may have a summer`(text: String, year: Int, start: String, end: String) throws {
    let rule = try ZoneFooter(Array(text.utf8))
    let summer = try #require(rule.summer)
    let jumps = summer.jumps(years: year...year, standard: rule.standardOffset)
    let expected = try [(start, summer.offset), (end, rule.standardOffset)].map {
      ZoneFile.Jump(instant: try unix($0.0), offset: $0.1)
    }
    #expect(jumps == expected.sorted { $0.instant < $1.instant })
  }

  @Test func `may be summer all year`() throws {
    let rule = try ZoneFooter(Array("XXX3EDT4,0/0,J365/23".utf8))
    let summer = try #require(rule.summer)
    let jumps = summer.jumps(years: 2020...2030, standard: rule.standardOffset)
    #expect(jumps.dropLast().allSatisfy { $0.offset == -14_400 })
  }

  @Test(arguments: [
    "", "E", "EST", "EST25", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
    "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J365", "EST5EDT,0,366", "EST5EDT,M3.2.0/168,M11.1.0", "<+03-3",
    "EST5 ",
    "EST5EDT,M3.2.0,M11.1.0,", "EST5:60", "<+3>-3,",
  ])
  func `that is not whole is refused`(text: String) {
    #expect(throws: ZoneFile.Fault.self) { try ZoneFooter(Array(text.utf8)) }
  }
}
