import Primitives
import Testing

@testable import CLI

@Suite struct TimeWordsTests {
  private static let now = Timestamp(seconds: 1_763_000_000)

  @Test(arguments: [
    (0, "now"), (-3, "3 s ago"), (59, "in 59 s"), (-60, "1 min ago"), (-7199, "1 h ago"), (86_400, "in 1 d"),
    (-29 * 86_400, "29 d ago"), (-31 * 86_400, "2025-10-13"),
  ])
  func `moments are told from now`(seconds: Int64, words: String) {
    #expect(TimeWords.relative(Timestamp(seconds: Self.now.seconds + seconds), to: Self.now) == words)
  }

  @Test func `a moment that is missing is a dash, and one that can't be read is shown`() {
    #expect(TimeWords.relative(nil, to: Self.now) == "–")
    #expect(TimeWords.relative("soon", to: Self.now) == "soon")
  }

  @Test(arguments: [
    (-5, "0 ms"), (4, "4 ms"), (99, "99 ms"), (300, "0.3 s"), (1949, "1.9 s"), (9949, "9.9 s"),
    (9950, "10 s"),
    (59_400, "59 s"), (59_600, "1 min"), (108_000, "1 min 48 s"), (3_600_000, "1 h"),
    (7_500_000, "2 h 5 min"),
    (273_600_000, "3 d 4 h"),
  ])
  func `durations are told as precisely as one cares`(milliseconds: Int, words: String) {
    #expect(TimeWords.duration(.milliseconds(milliseconds)) == words)
  }

  @Test func `a step's length needs both of its ends`() {
    #expect(TimeWords.between("2026-11-12T09:15:42Z", "2026-11-12T09:15:43.5Z") == "1.5 s")
    #expect(TimeWords.between("2026-11-12T09:15:42Z", nil) == nil)
  }

  @Test func `a moment is told by the clocks of a zone`() {
    #expect(
      TimeWords.full("2026-11-12T06:00:00Z", in: "Europe/Berlin")
        == "2026-11-12 07:00:00 +01:00 Europe/Berlin")
    #expect(
      TimeWords.full("2026-07-12T06:00:00Z", in: "Europe/Berlin")
        == "2026-07-12 08:00:00 +02:00 Europe/Berlin")
    #expect(TimeWords.full("2026-11-12T06:00:00Z", in: "UTC") == "2026-11-12 06:00:00 UTC")
    #expect(TimeWords.full(nil, in: "UTC") == "–")
  }

  @Test(arguments: [
    ("It ended at 2026-11-12T06:00:00Z: fine.", "It ended at 2026-11-12T07:00:00+01:00: fine."),
    ("At 2026-11-12T06:00:00.250Z.", "At 2026-11-12T07:00:00+01:00."),
    ("2026-11-12T23:30:00Z", "2026-11-13T00:30:00+01:00"),
    ("It has 2026-11-12T07:00:00+02:00 and run_2026Z.", "It has 2026-11-12T07:00:00+02:00 and run_2026Z."),
    ("Über 2", "Über 2"),
  ])
  func `moments in a sentence are told by the clocks of a zone`(sentence: String, told: String) {
    #expect(TimeWords.local(sentence, in: "Europe/Berlin") == told)
    #expect(TimeWords.local(sentence, in: nil) == sentence)
    #expect(TimeWords.local(sentence, in: "UTC") == sentence)
  }
}
