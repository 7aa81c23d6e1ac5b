import Cron
import Jobs
import Primitives
import Testing

@testable import Schedules

@Suite struct DueTests {
  private static func at(_ second: Int64) -> Timestamp { Timestamp(seconds: second) }

  private static func due(
    _ timetable: Timetable, cursor: Int64 = 0, now: Int64, since: Int64, _ catchUp: CatchUp = CatchUp(),
    skips: [Int64: String] = [:]
  ) -> Due? {
    Due(
      timetable, cursor: at(cursor), now: at(now), since: at(since), catchUp: catchUp, skips: skips)
  }

  /// `10+ 20- 30~`: started, missed, skipped.
  private static func text(_ due: Due?) -> String? {
    due.map { due in
      due.items.map { item in
        switch item.verdict {
        case .start: "\(item.nominal)+"
        case .missed: "\(item.nominal)-"
        case .skipped: "\(item.nominal)~"
        }
      }.joined(separator: " ")
    }
  }

  @Test(
    arguments: [
      // Nothing has come yet.
      (9, 0, nil),
      // Seen by a running service: all of them start.
      (30, 0, "10+ 20+ 30+"),
      // A downtime until 25: the latest of it starts, the others are missed, later ones start as usual.
      (30, 25, "10- 20+ 30+"),
      // Nothing came since the start: the latest starts alone.
      (25, 25, "10- 20+"),
      // A single one that a downtime swallowed.
      (15, 15, "10+"),
    ] as [(Int64, Int64, String?)])
  func `times start or are missed`(now: Int64, since: Int64, expected: String?) {
    #expect(Self.text(Self.due(Timetable(.every(10, phase: 0)), now: now, since: since)) == expected)
  }

  @Test(
    arguments: [
      (CatchUp(.none), "10- 20- 30- 40- 50+"),
      (CatchUp(.latest), "10- 20- 30- 40+ 50+"),
      (CatchUp(.latest, window: .seconds(5)), "10- 20- 30- 40- 50+"),
      (CatchUp(.all), "10+ 20+ 30+ 40+ 50+"),
      (CatchUp(.all, limit: 2), "10- 20- 30+ 40+ 50+"),
      (CatchUp(.all, window: .seconds(22)), "10- 20- 30+ 40+ 50+"),
    ] as [(CatchUp, String)])
  func `what a downtime swallowed follows the catch-up policy`(catchUp: CatchUp, expected: String) {
    let due = Self.due(Timetable(.every(10, phase: 0)), now: 50, since: 45, catchUp)
    #expect(Self.text(due) == expected)
  }

  @Test func `a skipped time and an excluded one start nothing, and the one before is made up for`() {
    let day = Exclusion(start: WallTime(seconds: 40), length: 1, name: "Rest")
    let timetable = Timetable(.every(10, phase: 0), exclusions: [day])
    let due = Self.due(timetable, now: 60, since: 55, skips: [30: "Somebody asked.", 60: "So they did."])
    #expect(Self.text(due) == "10- 20- 30~ 40~ 50+ 60~")
    #expect(due?.items[3].verdict == .skipped("It is left out: Rest is on the schedule's list."))
    #expect(due?.cursor == Self.at(60))
  }

  @Test func `a time whose jitter has not passed is not due yet`() throws {
    let timetable = Timetable(.every(100, phase: 0), jitter: 90_000, seed: "job.tick")
    let delay = timetable.delay(of: 100)
    try #require(delay > 1000)
    func due(_ milliseconds: Int64) -> Due? {
      Due(
        timetable, cursor: Self.at(0), now: Self.at(100) + .milliseconds(milliseconds), since: Self.at(0),
        catchUp: CatchUp())
    }
    #expect(due(delay - 1) == nil)
    #expect(Self.text(due(delay)) == "100+")
    #expect(due(delay)?.items.first?.due == Self.at(100) + .milliseconds(delay))
  }

  @Test func `a long downtime becomes one span and a bounded number of rows`() throws {
    let due = try #require(Self.due(Timetable(.every(1, phase: 0)), now: 90_000, since: 90_000))
    let span = try #require(due.span)
    #expect(span.after == Self.at(0))
    #expect(span.times == 90_000 - 1 - Due.rows)
    #expect(due.items.count == Due.rows + 1)
    #expect(due.items.count { $0.verdict == .start } == 2)
    #expect(due.items.first?.nominal == span.until.seconds + 1)
  }

  @Test func `a span that is too long to count says so`() throws {
    let due = try #require(Self.due(Timetable(.every(1, phase: 0)), now: 1_000_000, since: 1_000_000))
    #expect(due.span != nil)
    #expect(due.span?.times == nil)
  }

  @Test func `times seen are decided in batches`() throws {
    let timetable = Timetable(.every(1, phase: 0))
    var cursor: Int64 = 0
    var started = 0
    while let due = Self.due(timetable, cursor: cursor, now: 1200, since: 0) {
      #expect(due.items.count <= Due.batch)
      started += due.items.count { $0.verdict == .start }
      cursor = try #require(due.cursor?.seconds)
    }
    #expect(started == 1200)
  }
}
