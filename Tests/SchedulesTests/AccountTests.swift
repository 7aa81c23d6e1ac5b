import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

/// Why something, or nothing, fired at a time: each reason has its sentence.
@Suite(.timeLimit(.minutes(5))) struct AccountTests {
  private static func job(
    _ trigger: JSON.Object, overlap: String = "allow_all", and more: JSON.Object = [:]
  ) -> JobDefinition {
    var all = more
    all["overlap"] = .string(overlap)
    var trigger = trigger
    trigger["name"] = "tick"
    return JobDefinition("job", triggers: [.object(trigger)], and: all)
  }

  private static func account(_ path: Path, _ asked: String) async throws -> Account {
    let asked = try #require(Account.Asked(asked))
    return try await path.database.read { tx in
      try path.schedules.account(tx, path.schedules.schedules(tx)[0], at: asked)
    }
  }

  private static func id(_ path: Path) async throws -> String {
    try await path.database.read { tx in try path.schedules.schedules(tx)[0].id }
  }

  /// Lets the timer see every hour from now on.
  private static func pass(_ path: Path, hours: Int) async throws {
    let since = path.clock.now
    for _ in 0..<hours {
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: since)
    }
  }

  private static let seven: JSON.Object = ["schedule": "0 7 * * *"]

  @Test func `a start, and an overlap, are told with their reasons`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"], overlap: "skip"))
      try await Self.pass(path, hours: 2)
      let first = try await Self.account(path, "2026-11-12T07:00:00Z")
      #expect(first.isNamed && first.firing?.decision == .started)
      #expect(first.sentence.hasPrefix("Started: It started run_"), "\(first.sentence)")
      let second = try await Self.account(path, "2026-11-12T08:00")
      #expect(second.sentence.hasPrefix("Skipped: Run run_"), "\(second.sentence)")
      #expect(second.sentence.contains("“skip” starts nothing meanwhile"))
    }
  }

  @Test func `a firing that waits says for what`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"], overlap: "buffer_one"))
      try await Self.pass(path, hours: 2)
      let account = try await Self.account(path, "2026-11-12T08:00:00Z")
      #expect(account.sentence.hasPrefix("Held: It waits: run run_"), "\(account.sentence)")
    }
  }

  @Test func `a day off is named`() async throws {
    try await withPath(at: "2026-12-24T06:30:00Z") { path in
      var trigger = Self.seven
      trigger["exclude"] = ["2026-12-24", "2026-12-25"]
      try await path.apply(Self.job(trigger))
      try await Self.pass(path, hours: 1)
      let past = try await Self.account(path, "2026-12-24T07:00")
      #expect(past.sentence == "Skipped: It is left out: 2026-12-24 is on the schedule's list.")
      let coming = try await Self.account(path, "2026-12-25T07:00")
      #expect(
        coming.sentence
          == "It is still to come, and will be left out: 2026-12-25 is on the schedule's list.")
    }
  }

  @Test func `a time that somebody skipped says who, before and after it`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(Self.seven))
      let id = try await Self.id(path)
      _ = try await path.database.write { tx in
        try path.schedules.skip(tx, id, by: "ada", reason: "A holiday.")
      }
      let before = try await Self.account(path, "2026-11-12T07:00")
      #expect(
        before.sentence
          == "It is still to come, and will be left out. ada asked to skip this time: A holiday.")
      try await Self.pass(path, hours: 1)
      let after = try await Self.account(path, "2026-11-12T07:00")
      #expect(after.sentence == "Skipped: ada asked to skip this time: A holiday.")
    }
  }

  @Test func `a pause says who and why, also for times to come`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(Self.seven))
      let id = try await Self.id(path)
      _ = try await path.database.write { tx in
        try path.schedules.pause(tx, id, by: "ada", reason: "The source is being moved.")
      }
      try await Self.pass(path, hours: 1)
      let reason =
        "Skipped: The schedule was paused by ada at 2026-11-12T06:30:00Z: The source is being moved."
      #expect(try await Self.account(path, "2026-11-12T07:00").sentence == reason)
      #expect(try await Self.account(path, "2026-11-13T07:00").sentence == reason)
    }
  }

  @Test func `bounds are told with their moments`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      var trigger = Self.seven
      trigger["start"] = "2026-11-14"
      trigger["end"] = "2026-11-20T12:00"
      trigger["timezone"] = "Europe/Riga"
      try await path.apply(Self.job(trigger))
      try await Self.pass(path, hours: 1)
      let early = try await Self.account(path, "2026-11-13T07:00")
      #expect(
        early.sentence == "“0 7 * * *” names no time before its start, 2026-11-14T00:00:00+02:00.")
      #expect(early.nominal == nil && early.next == Timestamp("2026-11-14T05:00:00Z"))
      let late = try await Self.account(path, "2026-11-21T07:00")
      #expect(
        late.sentence.hasPrefix("“0 7 * * *” names no time after its end, 2026-11-20T12:00:00+02:00. About "),
        "\(late.sentence)")
    }
  }

  @Test(arguments: ["literal", "once"])
  func `a time that the clocks swallowed is explained`(dst: String) async throws {
    try await withPath(at: "2026-03-28T12:00:00Z") { path in
      try await path.apply(
        Self.job(["schedule": "30 2 * * *", "timezone": "Europe/Berlin", "dst": .string(dst)]))
      try await Self.pass(path, hours: 24)
      let gap =
        "The clocks in Europe/Berlin never showed 2026-03-29T02:30:00: they were set forward, to 2026-03-29T03:00:00+02:00."
      let account = try await Self.account(path, "2026-03-29T02:30")
      #expect(account.sentence.hasPrefix(gap), "\(account.sentence)")
      if dst == "once" {
        #expect(account.sentence.contains("Started: It started run_"), "\(account.sentence)")
      } else {
        #expect(account.sentence.contains("names no time at 2026-03-29T03:00:00+02:00 (Europe/Berlin)"))
        // Asked with an offset, too.
        #expect(try await Self.account(path, "2026-03-29T03:30:00+02:00").sentence.hasPrefix(gap))
      }
    }
  }

  @Test func `starts that are used up are told`() async throws {
    try await withPath(at: "2026-11-12T05:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *", "starts": 1]))
      try await Self.pass(path, hours: 3)
      let account = try await Self.account(path, "2026-11-12T07:00")
      #expect(
        account.sentence
          == "The schedule's one start was used up before, the last at 2026-11-12T06:00:00Z. Raise “starts” in the job's file for more."
      )
    }
  }

  @Test func `what a downtime swallowed is missed, or made up for`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      path.clock.advance(by: .seconds(3 * 3600))
      let due = try await Self.account(path, "2026-11-12T07:00")
      #expect(due.sentence.hasPrefix("It is due, and nothing has decided about it yet. Is a server running"))
      _ = try await path.timer.tick(since: path.clock.now)
      let missed = try await Self.account(path, "2026-11-12T07:00")
      #expect(
        missed.sentence
          == "Missed: Nobody was running at this time; a later one is made up for instead (catch_up: latest)."
      )
      let made = try await Self.account(path, "2026-11-12T09:00")
      #expect(made.sentence.hasPrefix("Started:"))
    }
  }

  @Test func `what was missed and made up for says both`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *", "catch_up": "none"], overlap: "buffer_all"))
      path.clock.advance(by: .seconds(3 * 3600))
      _ = try await path.timer.tick(since: path.clock.now)
      let (from, to) = (Timestamp("2026-11-12T07:00:00Z")!, Timestamp("2026-11-12T08:00:00Z")!)
      let done = try await path.schedules.backfill(
        try await Self.id(path), from: from, to: to, overlap: .bufferAll)
      let run = try #require(done[0].firing.run)
      let first = try await Self.account(path, "2026-11-12T07:00")
      #expect(first.firing?.decision == .missed && first.backfill?.run == run)
      #expect(
        first.sentence
          == "Missed: Nobody was running at this time, and the schedule makes up for nothing (catch_up: none). It was backfilled as \(run), at 2026-11-12T09:30:00Z."
      )
      let second = try await Self.account(path, "2026-11-12T08:00")
      #expect(
        second.sentence.hasSuffix(
          "It is being backfilled since 2026-11-12T09:30:00Z: It waits for its turn: run \(run) is queued."),
        "\(second.sentence)")
      let between = try await Self.account(path, "2026-11-12T07:20")
      #expect(
        between.sentence.hasSuffix(
          "It was backfilled for 2026-11-12T07:00:00Z as \(run), at 2026-11-12T09:30:00Z."))
      let never = try await Self.account(path, "2026-11-12T09:00")
      #expect(never.backfill == nil && !never.sentence.contains("backfill"))
    }
  }

  @Test func `what only a later text names, and was made up for, is told`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      path.clock.advance(by: .seconds(60))
      try await path.apply(Self.job(["schedule": "15 * * * *"]))
      let time = Timestamp("2026-11-12T08:15:00Z")!
      let done = try await path.schedules.backfill(
        try await Self.id(path), from: time, to: time, overlap: .allowAll)
      let account = try await Self.account(path, "2026-11-12T08:15")
      #expect(
        account.sentence.hasSuffix(" It was backfilled as \(done[0].firing.run!), at 2026-11-12T09:31:00Z."),
        "\(account.sentence)")
    }
  }

  @Test func `a brief that is stale is not started, and says so`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(Self.job(Self.seven, and: ["expires": "2h"]))
      path.clock.advance(by: .seconds(3 * 3600))
      _ = try await path.timer.tick(since: path.clock.now)
      let account = try await Self.account(path, "2026-11-12T07:00")
      #expect(
        account.sentence
          == "Missed: It could not start in time: it was due at 2026-11-12T07:00:00Z and is stale after 2h, since 2026-11-12T09:00:00Z."
      )
      let counts = try await path.database.read { tx in try path.schedules.totals(tx) }
      #expect(counts.missed == 1 && counts.skipped == 0)
    }
  }

  @Test func `a time from before the schedule says since when it is there`() async throws {
    try await withPath(at: "2026-11-12T07:30:00Z") { path in
      try await path.apply(Self.job(Self.seven))
      let account = try await Self.account(path, "2026-11-12T07:00")
      #expect(
        account.sentence
          == "The schedule was applied only later, at 2026-11-12T07:30:00Z; what it would have named before does not count."
      )
    }
  }

  @Test func `an edit is told with the text of that time`() async throws {
    try await withPath(at: "2026-11-11T12:00:00Z") { path in
      try await path.apply(Self.job(Self.seven))
      try await Self.pass(path, hours: 20)
      try await path.apply(Self.job(["schedule": "0 9 * * *"]))
      try await Self.pass(path, hours: 2)
      let old = try await Self.account(path, "2026-11-12T07:00")
      #expect(old.sentence.hasPrefix("Started: It started run_"), "\(old.sentence)")
      #expect(
        old.sentence.hasSuffix(
          "The schedule was “0 7 * * *” until 2026-11-12T08:00:00Z, and is “0 9 * * *” since then."))
      #expect(try await Self.account(path, "2026-11-12T09:00").sentence.hasPrefix("Started:"))
      let tomorrow = try await Self.account(path, "2026-11-13T07:00")
      #expect(
        tomorrow.sentence.hasPrefix(
          "“0 9 * * *” names no time at 2026-11-13T07:00:00+00:00 (UTC): the one before is 2026-11-12T09:00:00+00:00, the next 2026-11-13T09:00:00+00:00. About 2026-11-12T09:00:00+00:00: Started:"
        ), "\(tomorrow.sentence)")
    }
  }

  @Test func `an unnamed schedule keeps its history under another text`() async throws {
    try await withPath(at: "2026-11-12T06:30:00Z") { path in
      try await path.apply(JobDefinition("job", triggers: [["schedule": "0 7 * * *"]]))
      try await Self.pass(path, hours: 2)
      try await path.apply(JobDefinition("job", triggers: [["schedule": "0 9 * * *"]]))
      let account = try await Self.account(path, "2026-11-12T07:00")
      #expect(account.firing?.decision == .started)
      #expect(account.sentence.contains("until 2026-11-12T08:30:00Z, and is “0 9 * * *” since then."))
    }
  }

  @Test(arguments: ["2026-11-12T07:00Z", "2026-11-12T09:00+0200", "2026-11-12T09:00+02"])
  func `a time may be written as people do`(text: String) {
    #expect(Account.Asked(text) == .moment(Timestamp("2026-11-12T07:00:00Z")!))
  }

  @Test(arguments: ["", "yesterday", "2026-11-12", "07:00", "2026-13-12T07:00"])
  func `what is no time is refused`(text: String) {
    #expect(Account.Asked(text) == nil)
  }
}
