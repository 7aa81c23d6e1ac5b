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

  private static func standing(_ path: Path) async throws -> Schedule.Standing {
    try await path.database.read { tx in try path.schedules.standing(tx, path.schedules.schedules(tx)[0]) }
  }

  private static func advance(_ path: Path, hours: Int, since: Timestamp) async throws {
    for _ in 0..<hours {
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: since)
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
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["13:00 schedule started"])
    }
  }

  /// What waits, after three hours of a job that takes one firing after the other.
  private static func buffered(_ path: Path, _ trigger: JSON.Object) async throws {
    try await path.apply(job(trigger, overlap: "buffer_all"))
    try await advance(path, hours: 3, since: path.clock.now)
    #expect(try await path.count("held") == 2)
  }

  private static func cancelOpen(_ path: Path) async throws {
    let open = try await path.database.read { tx in
      try path.runs.runs(tx, limit: 10).filter { !$0.state.isTerminal }
    }
    for run in open { _ = try await path.waking { try await path.cancel(run.id) } }
  }

  private static func reasons(_ path: Path, _ decision: Firing.Decision) async throws -> [String?] {
    try await path.database.read { tx in
      try path.runs.firings(tx, decision: decision, limit: 10).map(\.reason)
    }
  }

  @Test
  func `what waits for its turn when a schedule is paused starts nothing; backfills and starts by hand do`()
    async throws
  {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await Self.buffered(path, ["schedule": "0 * * * *"])
      let id = try await Self.schedule(path).id
      let nine = Timestamp("2026-11-12T09:00:00Z")!
      _ = try await path.schedules.backfill(id, from: nine, to: nine, overlap: .bufferAll)
      let hand = try await path.start()
      _ = try await path.database.write { tx in
        try path.schedules.pause(tx, id, by: "ada", reason: "holidays")
      }
      let reason = "The schedule was paused by ada at 2026-11-12T12:30:00Z: Holidays."
      #expect(try await Self.reasons(path, .skipped) == [reason, reason])
      #expect(try await Self.standing(path).counts == Schedule.Counts(started: 1, late: 1, skipped: 2))
      try await path.work()
      #expect(try await path.count("runs") == 3)
      #expect(try await path.count("firings WHERE trigger_kind = 'schedule' AND decision = 'started'") == 1)
      #expect(
        try await path.database.read { tx in try path.runs.firing(tx, hand.firing.id).decision } == .started)
    }
  }

  @Test func `what waits when failures pause a schedule starts nothing`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await Self.buffered(path, ["schedule": "0 * * * *", "pause_after_failures": 1])
      path.driver.play(ScriptedDriver.settle(.terminated("The model is gone.")))
      try await path.work()
      #expect(try await Self.schedule(path).state == .paused)
      #expect(
        try await Self.ledger(path) == [
          "10:00 schedule started", "11:00 schedule skipped", "12:00 schedule skipped",
        ])
      #expect(
        try await Self.reasons(path, .skipped).allSatisfy {
          $0?.hasPrefix("The schedule was paused by errand at 2026-11-12T12:30:00Z: A run failed") == true
        })
      #expect(try await path.count("runs") == 1)
    }
  }

  @Test func `what waits of a removed schedule is superseded, and of a changed one goes on`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await Self.buffered(path, ["schedule": "0 * * * *", "starts": 2])
      try await path.apply(Self.job(["schedule": "0 0 * * *", "starts": 2], overlap: "buffer_all"))
      #expect(try await path.count("held") == 2)
      try await Self.cancelOpen(path)
      // It is one of the new one's starts, and a pause of the new one is a pause of what waits.
      #expect(try await path.count("runs") == 2)
      #expect(try await path.count("tallies WHERE starts = 2") == 1)
      try await path.apply(JobDefinition("job", and: ["overlap": "buffer_all"]))
      #expect(
        try await Self.reasons(path, .superseded) == [
          "The schedule “0 0 * * *” was taken out while this waited for its turn."
        ])
      #expect(try await path.count("held") == 0)
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

  @Test func `a schedule whose last times are all skipped has no further one to skip`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *", "end": "2026-11-12T11:00"]))
      let id = try await Self.schedule(path).id
      func skip() async throws -> Timestamp {
        try await path.database.write { tx in try path.schedules.skip(tx, id, by: "ada", reason: "No.") }
      }
      for _ in 0..<2 { _ = try await skip() }
      let error = await #expect(throws: SchedulesError.self) { try await skip() }
      #expect(
        error?.description
          == "The schedule of job job skips every time that is still to come, and names no further one.")
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

  @Test func `starts that were used up stay so when the schedule is put back, or gets other times`()
    async throws
  {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      let few: JSON.Object = ["name": "few", "schedule": "0 * * * *", "starts": 2]
      try await path.apply(Self.job(few))
      let since = path.clock.now
      try await Self.advance(path, hours: 2, since: since)
      try await path.apply(JobDefinition("job"))
      try await path.apply(Self.job(few))
      #expect(try await Self.schedule(path).startsLeft == 0)
      #expect(try await Self.schedule(path).state == .exhausted)
      try await path.apply(Self.job(["every": "30m", "starts": 2]))
      #expect(try await Self.schedule(path).startsLeft == 0)
      try await path.apply(Self.job(["every": "20m", "starts": 3]))
      #expect(try await Self.schedule(path).startsLeft == 1)
      try await Self.advance(path, hours: 2, since: since)
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
        _ = try await path.timer.tick(since: since)
        try await path.work()
        failures.append(try await Self.standing(path).failures)
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
      #expect(try await Self.standing(path).failures == 2)
      let unpaused = try await path.database.write { tx in
        try path.schedules.unpause(tx, schedule.id, by: "ada", reason: "It is back.")
      }
      #expect(unpaused.state == .active)
      #expect(try await Self.standing(path).failures == 0)
    }
  }

  @Test func `a start that ends another run keeps the failure that this was`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(
        Self.job(["schedule": "0 * * * *", "pause_after_failures": 3], overlap: "terminate_other"))
      let since = path.clock.now
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: since)
      // Its time is up, and it has not been settled when the next one takes its place.
      try await path.database.write { tx in
        try tx.run("UPDATE runs SET ending = 'timed_out', ending_reason = 'Its time was up.'")
      }
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started", "11:00 schedule started"])
      let schedule = try await Self.schedule(path)
      #expect(schedule.cursor == Timestamp("2026-11-12T11:00:00Z"))
      try await path.settleAccounts()
      #expect(
        try await Self.standing(path) == Schedule.Standing(counts: .init(started: 2, late: 2), failures: 1))
    }
  }

  @Test func `an edit decides what had come under the old text`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["name": "tick", "schedule": "0 * * * *", "jitter": "30m"]))
      path.schedules.watch.set(since: path.clock.now)
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
      path.schedules.watch.set(since: path.clock.now)
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
      _ = try await path.timer.tick(since: path.clock.now)
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick(since: path.clock.now - .seconds(3600))
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

  @Test func `a backfill that came to nothing can be asked for again, and both are on record`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"], overlap: "skip"))
      let id = try await Self.schedule(path).id
      let nine = Timestamp("2026-11-12T09:00:00Z")!
      func backfill() async throws -> Schedules.Backfilled? {
        path.clock.advance(by: .seconds(1))
        return try await path.schedules.backfill(id, from: nine, to: nine, overlap: nil).first
      }
      let run = try await path.started()
      let first = try await backfill()
      #expect(first?.firing.decision == .skipped && first?.isRepeat == false)
      let second = try await backfill()
      #expect(second?.firing.decision == .skipped && second?.isRepeat == false)
      _ = try await path.cancel(run.id)
      let third = try await backfill()
      #expect(third?.firing.decision == .started && third?.isRepeat == false)
      #expect(
        try await backfill() == Schedules.Backfilled(nominal: nine, firing: third!.firing, isRepeat: true))
      #expect(
        try await path.count("firings WHERE trigger_kind = 'backfill' AND decision = 'skipped'") == 2)
      let account = try await path.database.read { tx in
        try path.schedules.account(tx, path.schedules.schedule(tx, id), at: .moment(nine))
      }
      #expect(account.backfill == third?.firing)
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
      _ = try await path.timer.tick(since: since)
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
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["10:00 schedule started"])
    }
  }

  @Test func `a skip that was taken back starts its time, and both are on record`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      let since = path.clock.now
      let id = try await Self.schedule(path).id
      func skip() async throws -> Timestamp {
        path.clock.advance(by: .milliseconds(1))
        return try await path.database.write { tx in
          try path.schedules.skip(tx, id, by: "ada", reason: "A holiday.")
        }
      }
      func unskip(_ asked: String? = nil) async throws -> Timestamp {
        path.clock.advance(by: .milliseconds(1))
        return try await path.database.write { tx in
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
          ": It is next week.")
          && account.sentence.contains(" It was to be skipped; bob took that back at 2026-11-12T09:30:00Z"),
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
      _ = try await path.timer.tick(since: born)
      #expect(try await fault(born) == nil)
    }
  }

  @Test func `what had to wait is counted when it is decided`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await Self.buffered(path, ["schedule": "0 * * * *"])
      func counts() async throws -> Schedule.Counts {
        let counts = try await Self.standing(path).counts
        #expect(try await path.database.read { tx in try path.schedules.totals(tx) } == counts)
        return counts
      }
      #expect(try await counts() == Schedule.Counts(started: 1, late: 1))
      try await Self.cancelOpen(path)
      #expect(try await counts() == Schedule.Counts(started: 2, late: 2))
      let held = try await path.database.read { tx in try path.runs.firings(tx, isHeld: true, limit: 1)[0].id
      }
      _ = try await path.database.write { tx in try path.runs.callOff(tx, held, reason: "Enough.") }
      #expect(try await counts() == Schedule.Counts(started: 2, late: 2, skipped: 1))
    }
  }

  @Test func `what starts at once in place of a run that nobody drives is counted once`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"], overlap: "cancel_other"))
      try await Self.advance(path, hours: 3, since: path.clock.now)
      #expect(try await path.count("runs") == 3)
      #expect(try await Self.standing(path).counts == Schedule.Counts(started: 3, late: 3))
      #expect(try await path.database.read { tx in try path.schedules.totals(tx) }.started == 3)
    }
  }

  @Test func `the counts add up`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(["schedule": "0 * * * *"]))
      path.clock.advance(by: .seconds(4 * 3600))
      _ = try await path.timer.tick(since: path.clock.now)
      let counts = Schedule.Counts(started: 1, late: 1, missed: 3, skipped: 0)
      #expect(try await Self.standing(path).counts == counts)
      #expect(try await path.database.read { tx in try path.schedules.totals(tx) } == counts)
    }
  }
}
