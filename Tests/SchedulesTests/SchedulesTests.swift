import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

extension ScheduleTimer {
  /// One round of a timer that has watched since a moment.
  func tick(since: Timestamp) async throws -> Timestamp? {
    schedules.watch.set(since: since)
    return try await tick()
  }
}

@Suite(.timeLimit(.minutes(5))) struct SchedulesTests {
  private static func job(
    _ name: String = "job", _ schedule: String = "0 * * * *", zone: String = "UTC",
    named trigger: String? = nil
  ) -> JobDefinition {
    var object: JSON.Object = ["schedule": .string(schedule), "timezone": .string(zone)]
    if let trigger { object["name"] = .string(trigger) }
    return JobDefinition(name, triggers: [.object(object)], and: ["overlap": "allow_all"])
  }

  /// What the ledger says, oldest first: nominal time and decision.
  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at").map {
        "\(try $0["nominal_at"] as Timestamp) \(try $0["decision"] as String)"
      }
    }
  }

  private static func cursor(_ path: Path) async throws -> Schedule? {
    try await path.database.read { tx in try path.schedules.schedules(tx).first }
  }

  @Test func `each nominal time fires once, on time`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      let since = path.clock.now
      let next = try await path.timer.tick(since: since)
      #expect(next == Timestamp("2026-11-12T10:00:00Z"))
      #expect(try await path.count("firings") == 0)
      for _ in 0..<3 {
        path.clock.advance(by: .seconds(3600))
        _ = try await path.timer.tick(since: since)
        _ = try await path.timer.tick(since: since)
      }
      #expect(
        try await Self.ledger(path) == [
          "2026-11-12T10:00:00Z started", "2026-11-12T11:00:00Z started", "2026-11-12T12:00:00Z started",
        ])
      #expect(try await path.count("runs") == 3)
    }
  }

  @Test func `the loop sleeps until the next time and fires then`() async throws {
    try await withPath(at: "2026-11-12T09:59:55Z") { path in
      try await path.apply(Self.job())
      let loop = Task { try await path.timer.run() }
      await path.clock.sleepers(1)
      path.clock.advance(by: .seconds(4))
      // It looks up now and then, finds nothing, and sleeps again.
      await path.clock.sleepers(1)
      #expect(try await path.count("firings") == 0)
      path.clock.advance(by: .seconds(1))
      try await path.until { try await path.count("firings") == 1 }
      loop.cancel()
      await #expect(throws: CancellationError.self) { try await loop.value }
      #expect(try await Self.ledger(path) == ["2026-11-12T10:00:00Z started"])
    }
  }

  @Test func `an applied job wakes the loop before its sleep ends`() async throws {
    try await withPath(at: "2026-11-12T09:59:50.600Z") { path in
      let loop = Task { try await path.timer.run() }
      await path.clock.sleepers(1)
      // The loop sleeps for a second now; this is due in less than half of one.
      try await path.apply(Self.job("job", "51 59 9 * * *"))
      try await path.until {
        // The old sleep is gone once the loop has looked at the new schedule and sleeps again.
        path.clock.nextEnd == Timestamp("2026-11-12T09:59:51Z")
      }
      path.clock.advance(by: .milliseconds(400))
      try await path.until { try await path.count("firings") == 1 }
      loop.cancel()
      _ = await loop.result
    }
  }

  @Test func `after a downtime the latest time fires and the others are missed`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      path.clock.advance(by: .seconds(3 * 3600 + 60))
      let next = try await path.timer.tick(since: path.clock.now)
      #expect(
        try await Self.ledger(path) == [
          "2026-11-12T10:00:00Z missed", "2026-11-12T11:00:00Z missed", "2026-11-12T12:00:00Z started",
        ])
      #expect(next == Timestamp("2026-11-12T13:00:00Z"))
      let missed = try await path.database.read { tx in
        try path.runs.firings(tx, decision: .missed, limit: 10).map(\.reason)
      }
      #expect(
        missed.contains(
          "Nobody was running at this time; a later one is made up for instead (catch_up: latest)."))
    }
  }

  @Test(arguments: [Faults.Point.afterClosure, .beforeCommit, .afterCommit])
  func `a crash at any point of the decision neither loses nor doubles a time`(
    point: Faults.Point
  ) async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      let since = path.clock.now
      path.clock.advance(by: .seconds(3600))
      path.faults.fail(point)
      _ = try await path.timer.tick(since: since)
      // Whoever comes after the crash.
      let other = try await Path(sharing: path)
      _ = try await other.timer.tick(since: path.clock.now)
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["2026-11-12T10:00:00Z started"])
      #expect(try await path.count("runs") == 1)
      #expect(try await Self.cursor(path)?.cursor == Timestamp("2026-11-12T10:00:00Z"))
      await other.close()
    }
  }

  @Test func `a refused write is tried again after a second, not after the usual sleep`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      path.clock.advance(by: .seconds(3600))
      path.faults.fail(.beforeCommit)
      #expect(try await path.timer.tick(since: path.clock.now) == path.clock.now + .seconds(1))
    }
  }

  @Test func `two loops on one database fire each time once`() async throws {
    try await withPath(at: "2026-11-12T09:00:00Z") { path in
      try await path.apply(Self.job("a", "* * * * *"), Self.job("b", "*/2 * * * *"))
      let other = try await Path(sharing: path)
      let since = path.clock.now
      for _ in 0..<10 {
        path.clock.advance(by: .seconds(60))
        async let one = path.timer.tick(since: since)
        async let two = other.timer.tick(since: since)
        _ = try await (one, two)
      }
      #expect(try await path.count("firings WHERE job_name = 'a'") == 10)
      #expect(try await path.count("firings WHERE job_name = 'b'") == 5)
      #expect(try await path.count("runs") == 15)
      await other.close()
    }
  }

  @Test func `an edit elsewhere in the job keeps the cursor`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job())
      let before = try await Self.cursor(path)
      path.clock.advance(by: .seconds(3600))
      var edited = Self.job()
      edited.files["prompt.md"] = Array("Do it well.".utf8)
      try await path.apply(edited)
      #expect(try await Self.cursor(path) == before)
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(try await Self.ledger(path) == ["2026-11-12T10:00:00Z started"])
    }
  }

  @Test func `a changed schedule starts from now, and an earlier time of it is no occurrence`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job(named: "hourly"))
      try await path.apply(Self.job("job", "15 * * * *", named: "hourly"))
      let schedule = try await Self.cursor(path)
      #expect(schedule?.spec.words == "15 * * * *")
      #expect(schedule?.nextAt == Timestamp("2026-11-12T10:15:00Z"))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(try await path.count("firings") == 0)
    }
  }

  @Test func `removed triggers and archived jobs leave no schedule`() async throws {
    try await withPath { path in
      try await path.apply(Self.job("a"), Self.job("b"))
      #expect(try await path.count("schedules") == 2)
      try await path.apply(JobDefinition("a"), Self.job("b"))
      #expect(try await path.count("schedules") == 1)
      try await path.apply(JobDefinition("a"), prune: true)
      #expect(try await path.count("schedules") == 0)
    }
  }

  @Test func `a clock that is set forward misses what it passed over, but for the latest`() async throws {
    try await withPath(at: "2026-11-12T09:59:55Z") { path in
      try await path.apply(Self.job())
      let loop = Task { try await path.timer.run() }
      await path.clock.sleepers(1)
      path.clock.step(by: .seconds(4 * 3600 + 60))
      path.clock.advance(by: .seconds(5))
      try await path.until { try await path.count("firings") == 5 }
      loop.cancel()
      _ = await loop.result
      #expect(
        try await Self.ledger(path) == [
          "2026-11-12T10:00:00Z missed", "2026-11-12T11:00:00Z missed", "2026-11-12T12:00:00Z missed",
          "2026-11-12T13:00:00Z missed", "2026-11-12T14:00:00Z started",
        ])
    }
  }

  @Test func `a clock that is set back fires nothing twice`() async throws {
    try await withPath(at: "2026-11-12T09:59:00Z") { path in
      try await path.apply(Self.job())
      let since = path.clock.now
      path.clock.advance(by: .seconds(120))
      _ = try await path.timer.tick(since: since)
      path.clock.step(by: .seconds(-600))
      #expect(
        try await path.timer.tick(since: since) == Timestamp("2026-11-12T11:00:00Z"))
      path.clock.advance(by: .seconds(600))
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["2026-11-12T10:00:00Z started"])
    }
  }

  @Test func `a time that the clock change skips fires once all the same`() async throws {
    // 02:30 does not exist on 29 March 2026 in Berlin; the schedule fires at the end of the gap.
    try await withPath(at: "2026-03-28T12:00:00Z") { path in
      try await path.apply(Self.job("job", "30 2 * * *", zone: "Europe/Berlin"))
      let since = path.clock.now
      path.clock.advance(by: .seconds(3 * 86_400))
      _ = try await path.timer.tick(since: since)
      let ledger = try await Self.ledger(path)
      #expect(ledger.count == 3)
      #expect(ledger.first?.hasPrefix("2026-03-29T01:") == true)
      #expect(ledger.dropFirst() == ["2026-03-30T00:30:00Z started", "2026-03-31T00:30:00Z started"])
    }
  }

  @Test func `a time that comes twice fires once`() async throws {
    // 02:30 comes twice on 25 October 2026 in Berlin.
    try await withPath(at: "2026-10-24T12:00:00Z") { path in
      try await path.apply(Self.job("job", "30 2 * * *", zone: "Europe/Berlin"))
      let since = path.clock.now
      path.clock.advance(by: .seconds(86_400))
      _ = try await path.timer.tick(since: since)
      #expect(try await Self.ledger(path) == ["2026-10-25T00:30:00Z started"])
    }
  }

  @Test func `H stands for a time of the job's own`() async throws {
    try await withPath(at: "2026-11-12T00:00:00Z") { path in
      try await path.apply(Self.job("a", "H H * * *"), Self.job("b", "H H * * *"))
      let next = try await path.database.read { tx in try path.schedules.schedules(tx).map(\.nextAt) }
      #expect(next.count == 2)
      #expect(next[0] != next[1])
      let since = path.clock.now
      path.clock.advance(by: .seconds(86_400))
      _ = try await path.timer.tick(since: since)
      #expect(Set(try await Self.ledger(path)) == Set(next.map { "\($0!) started" }))
    }
  }

  @Test func `a schedule that cannot be computed any more holds up no other`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job("a"), Self.job("b"), Self.job("c"))
      // As when the system's zone data lost a zone.
      try await path.database.write { tx in
        try tx.run(
          "UPDATE schedules SET spec = replace(spec, 'UTC', 'Nowhere/Atlantis') WHERE job_name = 'a'")
      }
      path.clock.advance(by: .seconds(3600))
      let next = try await path.timer.tick(since: path.clock.now)
      // It is tried again before the next time of the others.
      #expect(next == path.clock.now + .seconds(60))
      #expect(try await path.count("firings WHERE job_name = 'a'") == 0)
      #expect(try await path.count("firings") == 2)
    }
  }

  @Test func `a job that cannot start is on record, and its schedule goes on`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      var job = Self.job()
      job.files["prompt.md"] = Array("{{trigger.body.title}}".utf8)
      try await path.apply(job)
      let since = path.clock.now
      path.clock.advance(by: .seconds(2 * 3600))
      _ = try await path.timer.tick(since: since)
      #expect(
        try await Self.ledger(path) == [
          "2026-11-12T10:00:00Z failed_to_start", "2026-11-12T11:00:00Z failed_to_start",
        ])
    }
  }

  @Test func `a long downtime of a busy schedule ends in one run`() async throws {
    try await withPath(at: "2026-11-12T09:00:00Z") { path in
      try await path.apply(Self.job("job", "* * * * *"))
      path.clock.advance(by: .seconds(86_430))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(try await path.count("runs") == 1)
      let rows = try await path.count("firings WHERE decision = 'missed'")
      let spans = try await path.database.read { tx in
        try path.schedules.spans(tx, path.schedules.schedules(tx)[0])
      }
      #expect(spans.map(\.decision) == [.missed])
      #expect(rows + (spans[0].times ?? 0) == 1439)
    }
  }
}
