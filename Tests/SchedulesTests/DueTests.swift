import Primitives
import Testing

@testable import Schedules

@Suite struct DueTests {
  private func times(_ seconds: [Int64]) -> [Timestamp] { seconds.map { Timestamp(seconds: $0) } }

  @Test(
    arguments: [
      // Nothing has come yet.
      ([70, 80], 60, 0, nil, nil, nil),
      // Seen by a running service: all of them fire.
      ([10, 20, 30, 40], 30, 0, nil, [10, 20, 30], []),
      // A downtime until 25: the latest of it fires, the others are missed, later ones fire as usual.
      ([10, 20, 30, 40], 30, 25, 20, [20, 30], [10]),
      // Nothing came since the start: the latest fires alone.
      ([10, 20], 25, 25, 20, [20], [10]),
      // A single one that a downtime swallowed.
      ([10], 25, 25, 10, [10], []),
    ] as [([Int64], Int64, Int64, Int64?, [Int64]?, [Int64]?)])
  func `occurrences are fired or missed`(
    occurrences: [Int64], now: Int64, since: Int64, latestMissed: Int64?, fire: [Int64]?, missed: [Int64]?
  ) {
    let due = Due(
      times(occurrences), now: Timestamp(seconds: now), since: Timestamp(seconds: since),
      latestMissed: latestMissed.map { Timestamp(seconds: $0) })
    #expect(due?.fire == fire.map(times))
    #expect(due?.missed == missed.map(times))
  }

  @Test func `a long downtime is decided in batches, and only its very last time fires`() {
    var left = Array(0..<1200).map { Timestamp(seconds: Int64($0)) }
    let now = Timestamp(seconds: 1199)
    var fired: [Timestamp] = []
    var missed = 0
    while let due = Due(left, now: now, since: now + .seconds(1), latestMissed: now) {
      #expect(due.fire.count + due.missed.count <= Due.batch)
      fired += due.fire
      missed += due.missed.count
      left.removeAll { $0 <= due.cursor }
    }
    #expect(fired == [now])
    #expect(missed == 1199)
  }
}
