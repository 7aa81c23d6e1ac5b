import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import TestSupport
import Testing

@testable import Schedules

/// What people, and failures, do to schedules.
@Suite(.timeLimit(.minutes(5))) struct DeedsTests {
  private static func job(_ trigger: JSON.Object, overlap: String = "allow_all") -> JobDefinition {
    JobDefinition("job", triggers: [.object(trigger)], and: ["overlap": .string(overlap)])
  }

  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at, trigger_kind").map { row in
        let time: Timestamp = try row["nominal_at"]
        return
          "\(String("\(time)".dropFirst(11).prefix(5))) \(try row["trigger_kind"] as String) \(try row["decision"] as String)"
      }
    }
  }

  private static func schedule(_ path: Path) async throws -> Schedule {
    try await path.database.read { tx in try path.schedules.schedules(tx)[0] }
  }

  private static func advance(_ path: Path, hours: Int, since: Timestamp) async throws {
    for _ in 0..<hours {
      path.clock.advance(by: .seconds(3600))
      _ = try await path.schedules.tick(since: since)
    }
  }

  @Test func `a pause keeps everything from starting, and its span says who and why`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      let id = try await Self.schedule(path).id
      try await path.database.write { tx in
        _ = try path.schedules.pause(tx, id, by: "ada", reason: "The source is being moved.")
      }
      #expect(try await Self.schedule(path).state == .paused)
      try await Self.advance(path, hours: 3, since: since)
      #expect(try await path.count("firings") == 0)
      // An edit meanwhile does not end it.
      try await path.apply(Self.job(["schedule": "0 * * * *", "jitter": "1s"]))
      #expect(try await Self.schedule(path).pause?.by == "ada")
      try await path.database.write { tx in
        _ = try path.schedules.unpause(tx, id, by: "bob", reason: "It is moved.")
      }
      let spans = try await path.database.read { tx in
        try path.schedules.spans(tx, path.schedules.schedule(tx, id))
      }
      #expect(spans.compactMap(\.times).reduce(0, +) == 3)
      #expect(
        spans.last?.reason.contains("paused by ada at 2026-11-12T09:30:00Z: The source is being moved.")
          == true)
      let account = try await path.database.read { tx in
        try path.schedules.account(
          tx, path.schedules.schedule(tx, id), at: .moment(Timestamp("2026-11-12T11:00:00Z")!))
      }
      #expect(account.sentence.contains("paused by ada"))
      path.clock.advance(by: .seconds(3700))
      _ = try await path.schedules.tick(since: since)
      #expect(try await Self.ledger(path) == ["13:00 schedule started"])
    }
  }

  @Test func `a skipped time is in the ledger with who asked for it`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      let id = try await Self.schedule(path).id
      for expected in ["2026-11-12T10:00:00Z", "2026-11-12T11:00:00Z"] {
        let skipped = try await path.database.write { tx in
          try path.schedules.skip(tx, id, by: "ada", reason: "A holiday.")
        }
        #expect(skipped == Timestamp(expected))
      }
      let upcoming = try await path.database.read { tx in
        try path.schedules.upcoming(tx, path.schedules.schedule(tx, id))
      }
      #expect(upcoming.first == Timestamp("2026-11-12T12:00:00Z"))
      #expect(upcoming.count == 5)
      try await Self.advance(path, hours: 3, since: since)
      #expect(
        try await Self.ledger(path) == [
          "10:00 schedule skipped", "11:00 schedule skipped", "12:00 schedule started",
        ])
      let reason = try await path.database.read { tx in
        try path.runs.firings(tx, decision: .skipped, limit: 1)[0].reason
      }
      #expect(reason == "ada asked to skip this time: A holiday.")
      #expect(try await path.count("schedule_skips") == 0)
    }
  }

  @Test func `days off start nothing, and the ledger names them`() async throws {
    try await withPath(at: "2026-12-23T12:00:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 7 * * *", "exclude": ["2026-12-24", "2026-12-25"]]))
      let since = path.clock.now
      let next = try await path.database.read { tx in
        try path.schedules.json(tx, path.schedules.schedules(tx)[0])["next_at"]?.stringValue
      }
      #expect(next == "2026-12-26T07:00:00Z")
      try await Self.advance(path, hours: 72, since: since)
      let decisions = try await path.database.read { tx in
        try path.runs.firings(tx, limit: 10).map { "\($0.decision!.rawValue) \($0.reason!)" }
      }
      #expect(decisions.count == 3)
      #expect(decisions[1] == "skipped It is left out: 2026-12-25 is on the schedule's list.")
      #expect(decisions[0].hasPrefix("started"))
    }
  }

  @Test func `a schedule with a number of starts is exhausted after them`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["name": "few", "schedule": "0 * * * *", "starts": 2]))
      let since = path.clock.now
      try await Self.advance(path, hours: 5, since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started", "11:00 schedule started"])
      #expect(try await Self.schedule(path).state == .exhausted)
      #expect(try await Self.schedule(path).startsLeft == 0)
      try await path.apply(Self.job(["name": "few", "schedule": "0 * * * *", "starts": 3]))
      try await Self.advance(path, hours: 3, since: since)
      #expect(try await path.count("runs") == 3)
    }
  }

  @Test func `failures in a row pause a schedule, and say which run was the last`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      var job = Self.job(["schedule": "0 * * * *", "pause_after_failures": 2])
      job.files["prompt.md"] = Array("{{trigger.body.title}}".utf8)
      try await path.apply(job)
      try await Self.advance(path, hours: 5, since: path.clock.now)
      #expect(
        try await Self.ledger(path) == ["10:00 schedule failed_to_start", "11:00 schedule failed_to_start"])
      let schedule = try await Self.schedule(path)
      #expect(schedule.state == .paused)
      #expect(schedule.pause?.by == "errand")
      #expect(schedule.pause?.reason.hasPrefix("2 runs in a row failed") == true)
    }
  }

  @Test func `failed runs in a row pause a schedule; a success in between starts the count anew`()
    async throws
  {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *", "pause_after_failures": 2]))
      let since = path.clock.now
      let failing = ScriptedDriver.settle(.terminated("The model is gone."))
      let succeeding = ScriptedDriver.answer("Done.")
      var failures: [Int] = []
      for act in [failing, succeeding, failing, failing, failing] {
        path.driver.play(act)
        path.clock.advance(by: .seconds(3600))
        _ = try await path.schedules.tick(since: since)
        try await path.work()
        failures.append(try await Self.schedule(path).failures)
      }
      #expect(failures == [1, 0, 1, 2, 2])
      let schedule = try await Self.schedule(path)
      #expect(schedule.pause?.by == "errand")
      #expect(schedule.pause?.reason.hasPrefix("2 runs in a row failed, the last was run_") == true)
      #expect(try await path.count("runs") == 4)
      // Started by hand it goes on failing, which is no business of the schedule.
      let run = try await path.started()
      try await path.work()
      #expect(try await path.run(run.id).state == .failed)
      #expect(try await Self.schedule(path).failures == 2)
      let unpaused = try await path.database.write { tx in
        try path.schedules.unpause(tx, schedule.id, by: "ada", reason: "It is back.")
      }
      #expect(unpaused.failures == 0 && unpaused.state == .active)
    }
  }

  @Test func `a start that ends another run keeps the failure that this was`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(
        Self.job(["schedule": "0 * * * *", "pause_after_failures": 3], overlap: "terminate_other"))
      let since = path.clock.now
      path.clock.advance(by: .seconds(3600))
      _ = try await path.schedules.tick(since: since)
      // Its time is up, and it has not been settled when the next one takes its place.
      try await path.database.write { tx in
        try tx.run("UPDATE runs SET ending = 'timed_out', ending_reason = 'Its time was up.'")
      }
      path.clock.advance(by: .seconds(3600))
      _ = try await path.schedules.tick(since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started", "11:00 schedule started"])
      let schedule = try await Self.schedule(path)
      #expect(schedule.failures == 1)
      #expect(schedule.cursor == Timestamp("2026-11-12T11:00:00Z"))
      #expect(schedule.counts.started == 2)
    }
  }

  @Test func `an edit decides what had come under the old text`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["name": "tick", "schedule": "0 * * * *", "jitter": "30m"]))
      path.schedules.watch(since: path.clock.now)
      path.clock.advance(by: .seconds(1801))
      try await path.apply(Self.job(["name": "tick", "schedule": "15 * * * *"]))
      #expect(try await Self.ledger(path) == ["10:00 schedule started"])
      #expect(try await Self.schedule(path).nextAt == Timestamp("2026-11-12T10:15:00Z"))
    }
  }

  @Test func `a schedule without a name that gets other times keeps its pause`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let id = try await Self.schedule(path).id
      try await path.database.write { tx in
        _ = try path.schedules.pause(tx, id, by: "ada", reason: "No.")
      }
      try await path.apply(Self.job(["schedule": "30 * * * *"]))
      #expect(try await path.count("schedules") == 1)
      #expect(try await Self.schedule(path).pause?.by == "ada")
      #expect(try await Self.schedule(path).id != id)
    }
  }

  @Test func `what a removed schedule left undecided is superseded`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      path.schedules.watch(since: path.clock.now)
      path.clock.advance(by: .seconds(1900))
      try await path.apply(JobDefinition("job"))
      #expect(try await Self.ledger(path) == ["10:00 schedule superseded"])
      #expect(try await path.count("schedules") == 0)
    }
  }

  @Test func `a backfill makes up for each time once`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *", "catch_up": "none"]))
      path.clock.advance(by: .seconds(3 * 3600))
      _ = try await path.schedules.tick(since: path.clock.now)
      path.clock.advance(by: .seconds(3600))
      _ = try await path.schedules.tick(since: path.clock.now - .seconds(3600))
      #expect(
        try await Self.ledger(path) == [
          "10:00 schedule missed", "11:00 schedule missed", "12:00 schedule missed", "13:00 schedule started",
        ])
      let id = try await Self.schedule(path).id
      let from = Timestamp("2026-11-12T10:30:00Z")!
      let to = Timestamp("2026-11-12T13:00:00Z")!
      let done = try await path.schedules.backfill(id, from: from, to: to, overlap: .allowAll)
      #expect(done.map(\.isRepeat) == [false, false, true])
      let again = try await path.schedules.backfill(id, from: from, to: to, overlap: .allowAll)
      #expect(again.map(\.isRepeat) == [true, true, true])
      #expect(again.map(\.firing) == done.map(\.firing))
      #expect(
        try await Self.ledger(path) == [
          "10:00 schedule missed", "11:00 backfill started", "11:00 schedule missed",
          "12:00 backfill started",
          "12:00 schedule missed", "13:00 schedule started",
        ])
      let time = try await path.database.read { tx in
        try path.runs.run(tx, done[0].firing.run!).snapshot.trigger["time"]?.stringValue
      }
      #expect(time == "2026-11-12T11:00:00Z")
    }
  }

  @Test func `a time that is about to be decided is not backfilled, or it would run twice`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let id = try await Self.schedule(path).id
      let since = path.clock.now
      path.clock.advance(by: .seconds(1800))
      let ten = path.clock.now
      let error = await #expect(throws: SchedulesError.self) {
        try await path.schedules.backfill(id, from: ten, to: ten, overlap: nil)
      }
      #expect(
        error?.description
          == "The schedule of job job has times there from 2026-11-12T10:00:00Z on that are just being decided about. Ask again when they are."
      )
      let done = try await path.schedules.backfill(
        id, from: ten - .seconds(3600), to: ten, overlap: .allowAll)
      #expect(done.map(\.nominal) == [ten - .seconds(3600)])
      _ = try await path.schedules.tick(since: since)
      #expect(try await Self.ledger(path) == ["09:00 backfill started", "10:00 schedule started"])
    }
  }

  @Test func `a schedule without a name keeps its skips, and its ledger, under another text`() async throws {
    try await withPath(at: "2026-11-12T08:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      try await Self.advance(path, hours: 1, since: since)
      let old = try await Self.schedule(path).id
      _ = try await path.database.write { tx in
        try path.schedules.skip(tx, old, by: "ada", reason: "A holiday.")
      }
      try await path.apply(Self.job(["schedule": "0 8-20 * * *"]))
      let id = try await Self.schedule(path).id
      let (skips, deeds) = try await path.database.read { tx in
        let schedule = try path.schedules.schedule(tx, id)
        return (try path.schedules.skips(tx, schedule), try path.schedules.deeds(tx, schedule))
      }
      #expect(id != old && skips.map(\.nominal) == [Timestamp("2026-11-12T10:00:00Z")!])
      #expect(deeds.map(\.kind) == [.skip])
      // What ran under the old text is not made up for.
      let nine = Timestamp("2026-11-12T09:00:00Z")!
      let done = try await path.schedules.backfill(id, from: nine, to: nine, overlap: .allowAll)
      #expect(done.map(\.isRepeat) == [true])
      try await Self.advance(path, hours: 2, since: since)
      #expect(
        try await Self.ledger(path) == [
          "09:00 schedule started", "10:00 schedule skipped", "11:00 schedule started",
        ])
    }
  }

  @Test func `another text counts from where the old one ended, though the clock was set back`() async throws
  {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      try await Self.advance(path, hours: 1, since: since)
      path.clock.step(by: .seconds(-3000))
      try await path.apply(Self.job(["schedule": "0 0-23 * * *"]))
      path.clock.advance(by: .seconds(3000))
      _ = try await path.schedules.tick(since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started"])
    }
  }

  @Test func `a skip that was taken back starts its time, and both are on record`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      let id = try await Self.schedule(path).id
      func skip() async throws -> Timestamp {
        try await path.database.write { tx in
          try path.schedules.skip(tx, id, by: "ada", reason: "A holiday.")
        }
      }
      func unskip(_ asked: String? = nil) async throws -> Timestamp {
        try await path.database.write { tx in
          try path.schedules.unskip(
            tx, id, at: asked.map { Account.Asked($0)! }, by: "bob", reason: "It is next week.")
        }
      }
      let name = "The schedule of job job"
      let (ten, eleven) = (Timestamp("2026-11-12T10:00:00Z")!, Timestamp("2026-11-12T11:00:00Z")!)
      await #expect(throws: SchedulesError.noSkip(name: name, at: nil, skips: [])) { try await unskip() }
      #expect(try await skip() == ten)
      #expect(try await unskip() == ten)
      #expect(try await skip() == ten)
      #expect(try await skip() == eleven)
      await #expect(throws: SchedulesError.severalSkips(name: name, skips: [ten, eleven])) {
        try await unskip()
      }
      let error = await #expect(throws: SchedulesError.self) { try await unskip("2026-11-12T12:00:00Z") }
      #expect(
        error?.description
          == "The schedule of job job does not skip 2026-11-12T12:00:00Z; it skips 2026-11-12T10:00:00Z, 2026-11-12T11:00:00Z."
      )
      #expect(try await unskip("2026-11-12T10:00") == ten)
      let json = try await path.database.read { tx in
        try path.schedules.json(tx, path.schedules.schedule(tx, id))
      }
      #expect(
        json["skips"] == [
          [
            "nominal_at": "2026-11-12T11:00:00Z",
            "reason": "ada asked to skip this time: A holiday.",
          ]
        ])
      try await Self.advance(path, hours: 2, since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started", "11:00 schedule skipped"])
      let (account, deeds) = try await path.database.read { tx in
        let schedule = try path.schedules.schedule(tx, id)
        return (
          try path.schedules.account(tx, schedule, at: .moment(ten)), try path.schedules.deeds(tx, schedule)
        )
      }
      #expect(
        account.sentence.hasSuffix(
          " It was to be skipped; bob took that back at 2026-11-12T09:30:00Z: It is next week."),
        "\(account.sentence)")
      #expect(Set(deeds.map(\.kind)) == [.skip, .unskip] && deeds.count == 5)
      await #expect(throws: SchedulesError.noSkip(name: name, at: eleven, skips: [])) {
        try await unskip("2026-11-12T11:00:00Z")
      }
    }
  }

  @Test func `a job with several schedules is told with the trigger`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          "job",
          triggers: [
            ["name": "daily", "schedule": "0 7 * * *"], ["name": "hourly", "schedule": "0 * * * *"],
          ])
      )
      let schedule = try await path.database.read { tx in try path.schedules.schedules(tx)[0] }
      let now = path.clock.now
      let error = await #expect(throws: SchedulesError.self) {
        try await path.schedules.backfill(schedule.id, from: now, to: now, overlap: nil)
      }
      #expect(error?.description.hasPrefix("The schedule daily of job job names no time") == true)
    }
  }

  @Test func `a backfill one after another starts one and holds the rest`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let to = path.clock.now
      let done = try await path.schedules.backfill(
        try await Self.schedule(path).id, from: to - .seconds(4 * 3600), to: to, overlap: .bufferAll)
      #expect(done.map(\.firing.decision) == [.started, nil, nil, nil])
    }
  }

  @Test func `a backfill that asks for too much, nothing or the future is refused in words`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "* * * * *"]))
      let id = try await Self.schedule(path).id
      let now = path.clock.now
      let noTime = SchedulesError.noTime(
        name: "The schedule of job job", from: now - .seconds(20), to: now - .seconds(10))
      #expect(
        noTime.description
          == "The schedule of job job names no time from 2026-11-12T09:29:40Z to 2026-11-12T09:29:50Z.")
      await #expect(throws: SchedulesError.inTheFuture(to: now + .seconds(1))) {
        try await path.schedules.backfill(id, from: now, to: now + .seconds(1), overlap: nil)
      }
      await #expect(throws: noTime) {
        try await path.schedules.backfill(id, from: now - .seconds(20), to: now - .seconds(10), overlap: nil)
      }
      let error = await #expect(throws: SchedulesError.self) {
        try await path.schedules.backfill(id, from: now - .seconds(86_400), to: now, overlap: nil)
      }
      #expect(error?.description.contains("more than 1000 times") == true)
    }
  }

  @Test func `a schedule that nobody decides about turns the health red`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let born = path.clock.now
      func fault(_ born: Timestamp) async throws -> String? {
        try await path.database.read { tx in try path.schedules.fault(tx, born: born) }
      }
      path.clock.advance(by: .seconds(1850))
      #expect(try await fault(born) == nil)
      path.clock.advance(by: .seconds(60))
      let sentence = try await fault(born)
      #expect(sentence?.contains("of job job was due at 2026-11-12T10:00:00Z, 1m50s ago") == true)
      // Whoever has just begun has time to catch up.
      #expect(try await fault(path.clock.now - .seconds(5)) == nil)
      _ = try await path.schedules.tick(since: born)
      #expect(try await fault(born) == nil)
    }
  }

  @Test func `the counts add up`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      path.clock.advance(by: .seconds(4 * 3600))
      _ = try await path.schedules.tick(since: path.clock.now)
      let counts = Schedule.Counts(started: 1, late: 1, missed: 3, skipped: 0)
      #expect(try await Self.schedule(path).counts == counts)
      #expect(try await path.database.read { tx in try path.schedules.totals(tx) } == counts)
    }
  }
}
