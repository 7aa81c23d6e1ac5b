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

/// A clock that was far ahead, and is put right.
@Suite(.timeLimit(.minutes(5))) struct ClockTests {
  private static let hourly = JobDefinition(
    "job", triggers: [["schedule": "0 * * * *", "name": "tick"]], and: ["overlap": "allow_all"])

  private static func ledger(_ path: Path) async throws -> [String] {
    try await path.database.read { tx in
      try tx.rows("SELECT * FROM firings ORDER BY nominal_at").map {
        "\(try $0["nominal_at"] as Timestamp) \(try $0["decision"] as String)"
      }
    }
  }

  private static func schedule(_ path: Path) async throws -> Schedule? {
    try await path.database.read { tx in try path.schedules.schedules(tx).first }
  }

  @Test func `a schedule that was made under a clock 400 days ahead fires again once that is right`()
    async throws
  {
    try await withPath(at: "2027-12-17T09:30:00Z") { path in
      try await path.apply(Self.hourly)
      path.clock.step(by: .seconds(-400 * 86_400))
      _ = try await path.timer.tick(since: path.clock.now)
      await path.timer.putClockRight(all: true)
      let schedule = try #require(try await Self.schedule(path))
      #expect(schedule.cursor == Timestamp("2026-11-12T09:30:00Z"))
      #expect(schedule.nextAt == Timestamp("2026-11-12T10:00:00Z"))
      #expect(schedule.since == Timestamp("2026-11-12T09:30:00Z"))
      path.clock.advance(by: .seconds(1800))
      _ = try await path.timer.tick()
      #expect(try await Self.ledger(path) == ["2026-11-12T10:00:00Z started"])
    }
  }

  @Test func `what has run does not run again, and what was passed over does`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.hourly)
      // Three hours ahead: two times are missed, one is made up for.
      path.clock.step(by: .seconds(3 * 3600))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(
        try await Self.ledger(path).map { $0.dropFirst(11) } == [
          "10:00:00Z missed", "11:00:00Z missed", "12:00:00Z started",
        ])
      path.clock.step(by: .seconds(-3 * 3600))
      await path.timer.putClockRight(all: true)
      path.schedules.watch.set(since: path.clock.now)
      for _ in 0..<4 {
        path.clock.advance(by: .seconds(3600))
        _ = try await path.timer.tick()
      }
      #expect(
        try await Self.ledger(path).map { $0.dropFirst(11) } == [
          "10:00:00Z started", "11:00:00Z started", "12:00:00Z started", "13:00:00Z started",
        ])
      #expect(try await path.count("runs") == 4)
    }
  }

  @Test func `a long stretch that was missed under the wrong clock is not missed`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(Self.hourly)
      path.clock.step(by: .seconds(400 * 86_400))
      _ = try await path.timer.tick(since: path.clock.now)
      #expect(try await path.count("schedule_spans") == 1)
      path.clock.step(by: .seconds(-400 * 86_400))
      await path.timer.putClockRight(all: true)
      path.schedules.watch.set(since: path.clock.now)
      path.clock.advance(by: .seconds(3600))
      _ = try await path.timer.tick()
      #expect(try await Self.ledger(path).first == "2026-11-12T10:00:00Z started")
      let account = try await path.database.read { tx in
        try path.schedules.account(
          tx, path.schedules.schedules(tx)[0], at: .moment(try #require(Timestamp("2026-12-24T10:00:00Z"))))
      }
      #expect(account.sentence == "It is still to come.")
    }
  }

  @Test func `a clock that is put right by a little changes nothing`() async throws {
    try await withPath(at: "2026-11-12T10:00:20Z") { path in
      try await path.apply(Self.hourly)
      path.clock.step(by: .seconds(-30))
      await path.timer.putClockRight(all: true)
      #expect(try await Self.schedule(path)?.cursor == Timestamp("2026-11-12T10:00:20Z"))
    }
  }

  @Test func `the timer notices by itself`() async throws {
    try await withPath(at: "2026-11-12T09:59:00Z") { path in
      try await path.apply(Self.hourly)
      let loop = Task { try await path.timer.run() }
      await path.clock.sleepers(1)
      path.clock.step(by: .seconds(86_400))
      path.clock.advance(by: .seconds(1))
      try await path.until {
        try await Self.schedule(path)?.cursor ?? .init(seconds: 0) > path.clock.now - .seconds(7200)
      }
      await path.clock.sleepers(1)
      path.clock.step(by: .seconds(-86_400))
      path.clock.advance(by: .seconds(1))
      try await path.until { try await Self.schedule(path)?.nextAt == Timestamp("2026-11-12T10:00:00Z") }
      loop.cancel()
      _ = await loop.result
    }
  }

  @Test func `what waits in the queue waits as long as was meant`() async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      let (kind, delivery) = (ItemKind(rawValue: "thing"), ItemKind(rawValue: "delivery"))
      let (queue, now) = (Queue(database: path.database, time: path.clock.time), path.clock.now)
      try await path.database.write { tx in
        try queue.push(tx, kind, "right", due: now + .seconds(400 * 86_400))
        try queue.push(tx, delivery, "far", due: now + .seconds(300 * 86_400))
        try queue.push(tx, delivery, "near", due: now + .seconds(7200))
      }
      path.clock.step(by: .seconds(400 * 86_400))
      let ahead = path.clock.now
      try await path.database.write { tx in try queue.push(tx, kind, "ahead", due: ahead + .seconds(600)) }
      path.clock.step(by: .seconds(-400 * 86_400))
      try await path.database.write { tx in try queue.push(tx, kind, "after", due: now + .seconds(300)) }
      await path.timer.putClockRight(all: true)
      await path.timer.putClockRight(all: true)
      for (kind, ref, due) in [
        (kind, "right", now + .seconds(400 * 86_400)), (kind, "ahead", now + .seconds(600)),
        (kind, "after", now + .seconds(300)), (delivery, "far", now),
        (delivery, "near", now + .seconds(7200)),
      ] {
        #expect(try await path.item(kind, ref)?.due == due, "\(ref)")
      }
    }
  }
}
