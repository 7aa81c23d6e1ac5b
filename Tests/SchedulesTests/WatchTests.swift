import JSON
import Jobs
import PathSupport
import Primitives
import Queue
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

/// Whether a time was seen when it came: by the timer of this process, or by that of another.
@Suite(.timeLimit(.minutes(5))) struct WatchTests {
  private static let job = JobDefinition(
    "job", triggers: [["schedule": "0 * * * *", "catch_up": "none"]], and: ["overlap": "allow_all"])

  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at").map {
        "\(String("\(try $0["nominal_at"] as Timestamp)".dropFirst(11).prefix(5))) \(try $0["decision"] as String)"
      }
    }
  }

  /// The mark of a timer that runs in another process.
  private static func watch(_ path: Path, _ id: String, since: Timestamp) async throws -> LifeLock {
    let life = try LifeLock(of: id, in: "\(path.folder.path)/timers")
    try await path.database.write { tx in
      try tx.run("INSERT INTO schedule_watches (id, since_at) VALUES ($1, $2)", id, since)
    }
    return life
  }

  @Test(arguments: [true, false])
  func `what another timer was there to see is started, however late`(lives: Bool) async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job)
      let life = try await Self.watch(path, "timer_1", since: path.clock.now)
      if !lives { life.release() }
      // Ten o'clock comes, the other is slow, and this one begins only now.
      path.clock.advance(by: .seconds(1805))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(try await Self.ledger(path) == [lives ? "10:00 started" : "10:00 missed"])
      #expect(try await path.count("schedule_watches") == (lives ? 1 : 0))
      if lives { life.release() }
    }
  }

  @Test func `an edit by a process without a timer asks those that have one`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          "job", triggers: [["schedule": "0 * * * *", "name": "tick", "catch_up": "none"]],
          and: ["overlap": "allow_all"]))
      let life = try await Self.watch(path, "timer_1", since: path.clock.now)
      path.clock.advance(by: .seconds(1860))
      try await path.apply(
        JobDefinition(
          "job", triggers: [["schedule": "15 * * * *", "name": "tick"]], and: ["overlap": "allow_all"]))
      #expect(try await Self.ledger(path) == ["10:00 started"])
      life.release()
    }
  }

  @Test func `an edit while nothing ran does not make up for what nobody saw`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(
        JobDefinition(
          "job", triggers: [["schedule": "*/1 * * * * *", "name": "tick", "catch_up": "none"]],
          and: ["overlap": "allow_all"]))
      path.clock.advance(by: .seconds(5))
      // As a server does that begins: the files first, then the timer.
      try await path.apply(
        JobDefinition(
          "job", triggers: [["schedule": "15 * * * *", "name": "tick", "catch_up": "none"]],
          and: ["overlap": "allow_all"]))
      let ledger = try await Self.ledger(path)
      #expect(ledger.dropLast().allSatisfy { $0 == "09:30 missed" } && ledger.count == 5, "\(ledger)")
    }
  }

  @Test func `what a machine slept through nobody saw, whichever timer looks first`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.job)
      let life = try await Self.watch(path, "timer_1", since: path.clock.now)
      path.schedules.watch.set(since: path.clock.now)
      let asleep = path.clock.now
      path.clock.advance(by: .seconds(1900))
      await path.schedules.watch.noticeGap(asleep: asleep, sleep: .seconds(1))
      _ = try await path.timer.tick()
      #expect(try await Self.ledger(path) == ["10:00 missed"])
      life.release()
    }
  }

  @Test func `a timer that runs is on record, and one that has stopped is not`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      let loop = Task { try await path.timer.run() }
      await path.clock.sleepers(1)
      let running = try await path.count("schedule_watches")
      loop.cancel()
      _ = await loop.result
      let stopped = try await path.count("schedule_watches")
      #expect(running == 1 && stopped == 0)
      #expect(path.schedules.watch.awake == nil)
    }
  }
}
