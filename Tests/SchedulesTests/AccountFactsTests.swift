import Cron
import Primitives
import Testing

@testable import Schedules

/// The sentences about what became of a time, from the facts alone.
@Suite struct AccountFactsTests {
  private static let noon = Timestamp("2026-11-12T12:00:00Z")!

  private static func facts(_ asked: String = "2026-11-12T12:00:00Z") -> AccountFacts {
    AccountFacts(
      "every 6h", Timetable(.every(6 * 3600, phase: 0), zone: .utc), asked: Account.Asked(asked)!)
  }

  @Test(
    arguments: [
      (
        .tooEarly(since: noon),
        "The schedule was applied only later, at 2026-11-12T12:00:00Z; what it would have named before does not count."
      ),
      (
        .usedUp(starts: 1, last: noon),
        "The schedule's one start was used up before, the last at 2026-11-12T12:00:00Z. Raise “starts” in the job's file for more."
      ),
      (
        .usedUp(starts: 3, last: noon),
        "The schedule's 3 starts were used up before, the last at 2026-11-12T12:00:00Z. Raise “starts” in the job's file for more."
      ),
      (.toSkip(reason: "ada asked."), "It is still to come, and will be left out. ada asked."),
      (
        .toExclude(name: "2026-11-12"),
        "It is still to come, and will be left out: 2026-11-12 is on the schedule's list."
      ),
      (.toCome, "It is still to come."),
      (
        .undecided,
        "It is due, and nothing has decided about it yet. Is a server running that works on this database (`errand serve`, any role but api)?"
      ),
      (.unrecorded, "Nothing is on record about it."),
    ] as [(AccountFacts.Fate, String)])
  func `each fate has its sentence`(fate: AccountFacts.Fate, sentence: String) {
    var facts = Self.facts()
    facts.fate = fate
    #expect(facts.isNamed)
    #expect(facts.sentence == sentence)
  }

  @Test func `a time between two others is told with both, an earlier text, and a skip that was taken back`()
  {
    var facts = Self.facts("2026-11-12T13:00:00Z")
    facts.fate = .toCome
    facts.unskip = Deed(.unskip, of: Self.noon, at: Self.noon, by: "ada", reason: "No holiday")
    facts.change = AccountFacts.Change(until: Self.noon, before: "every 6h", since: "every 5h")
    #expect(!facts.isNamed && facts.nominal == Self.noon)
    #expect(
      facts.sentence
        == "“every 6h” names no time at 2026-11-12T13:00:00+00:00 (UTC): the one before is 2026-11-12T12:00:00+00:00, the next 2026-11-12T18:00:00+00:00. About 2026-11-12T12:00:00+00:00: It is still to come. It was to be skipped; ada took that back at 2026-11-12T12:00:00Z: No holiday. The schedule was “every 6h” until 2026-11-12T12:00:00Z, and is “every 5h” since then."
    )
  }
}
