import Testing

@testable import Cron

@Suite struct TimetableTests {
  @Test func `a period is counted from the epoch and its phase, wherever a search starts`() {
    let timetable = Timetable(.every(900, phase: 60))
    #expect(timetable.next(after: 1_767_225_600) == 1_767_225_660)
    #expect(timetable.next(after: 1_767_225_660) == 1_767_226_560)
    #expect(timetable.previous(before: 1_767_226_560) == 1_767_225_660)
    #expect(timetable.next(after: -1000) == -840)
  }

  @Test func `moments come once each, in order`() {
    let timetable = Timetable(.at([10, 20, 30]))
    #expect(Array(timetable.occurrences(after: 10)) == [20, 30])
    #expect(timetable.next(after: 30) == nil)
    #expect(timetable.previous(before: 10) == nil)
  }

  @Test func `bounds include their own moment and nothing beyond`() {
    let timetable = Timetable(.every(10, phase: 0), start: 20, end: 40)
    #expect(Array(timetable.occurrences(after: -1000)) == [20, 30, 40])
    #expect(timetable.previous(before: 1000) == 40)
    #expect(timetable.previous(before: 20) == nil)
  }

  @Test func `excluded times are named but do not come up`() throws {
    let christmas = try #require(WallTime("2026-12-25"))
    let timetable = Timetable(
      .cron(try CronExpression("0 7 * * *"), dst: .once), zone: try Vectors.zone("Europe/Riga"),
      exclusions: [Exclusion(day: christmas)])
    let eve = try unix("2026-12-24T07:00:00+02:00")
    #expect(timetable.next(after: eve) == eve + 86_400)
    #expect(timetable.exclusion(at: eve + 86_400)?.name == "2026-12-25")
    #expect(timetable.upcoming(after: eve, count: 2) == [eve + 2 * 86_400, eve + 3 * 86_400])
  }

  @Test func `a week without starts is passed over at once, however many times it has`() throws {
    let start = try #require(WallTime("2026-12-01"))
    let rest = Exclusion(start: start, length: 7 * 86_400, name: "Freeze")
    let timetable = Timetable(.every(1, phase: 0), exclusions: [rest])
    #expect(
      timetable.upcoming(after: start.seconds - 2, count: 2) == [
        start.seconds - 1, start.seconds + 7 * 86_400,
      ])
  }

  @Test func `a jitter stays the same, below its limit and before the next time`() {
    let timetable = Timetable(.every(5, phase: 0), jitter: 60_000, seed: "depl_1.tick")
    var delays: Set<Int64> = []
    for nominal in stride(from: Int64(0), to: 5000, by: 5) {
      let delay = timetable.delay(of: nominal)
      #expect((0..<5000).contains(delay))
      #expect(delay == timetable.delay(of: nominal))
      delays.insert(delay)
    }
    #expect(delays.count > 800)
    let other = Timetable(.every(5, phase: 0), jitter: 60_000, seed: "depl_2.tick")
    #expect((0..<10).contains { other.delay(of: $0 * 5) != timetable.delay(of: $0 * 5) })
    #expect(Timetable(.every(5, phase: 0)).delay(of: 5) == 0)
  }

  @Test(arguments: [
    // A plain day; the end of the gap on 29 March; the first of the two showings on 25 October.
    ("2026-06-01T12:00", "2026-06-01T12:00:00+02:00"),
    ("2026-03-29T02:30", "2026-03-29T03:00:00+02:00"),
    ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00"),
    ("2026-12-31", "2026-12-31T00:00:00+01:00"),
  ])
  func `a wall time is the first moment that shows it`(wall: String, expected: String) throws {
    let zone = try Vectors.zone("Europe/Berlin")
    let instant = zone.instant(of: try #require(WallTime(wall)))
    #expect(zone.local(at: instant).description == expected)
  }

  @Test func `the day that Apia left out begins when the next one does`() throws {
    let zone = try Vectors.zone("Pacific/Apia")
    let instant = zone.instant(of: try #require(WallTime("2011-12-30T12:00")))
    #expect(zone.local(at: instant).description == "2011-12-31T00:00:00+14:00")
  }

  @Test(arguments: [
    "2026-13-01", "2026-02-29", "2026-1-1", "2026-01-01T24:00", "2026-01-01T10", "2026-01-01T10:00:60",
    "tomorrow",
    "",
  ])
  func `what is no wall time is refused`(text: String) {
    #expect(WallTime(text) == nil)
  }
}
