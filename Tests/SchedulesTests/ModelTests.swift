import Cron
import JSON
import Jobs
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Schedules

/// What a schedule should have decided, by rules that fit on a page: a list of all its times with what became of
/// each, kept by walking second by second.
private struct Reference {
  var period: Int64
  var catchUp: CatchUp.Policy
  /// Everything up to here is decided.
  var cursor: Int64
  var isPaused = false
  /// The time that nobody will start.
  var skips: Set<Int64> = []
  var decided: [Int64: String] = [:]

  mutating func tick(now: Int64, since: Int64) {
    guard !isPaused, now > cursor else { return }
    let times = (cursor + 1...now).filter { $0 % period == 0 }
    let unseen = times.filter { $0 < since }
    let candidates = unseen.filter { !skips.contains($0) && $0 >= now - 86_400 }
    let made: Set<Int64> =
      switch catchUp {
      case .none: []
      case .latest: Set(candidates.suffix(1))
      case .all: Set(candidates.suffix(100))
      }
    for time in times {
      decided[time] =
        skips.contains(time) ? "skipped" : time >= since || made.contains(time) ? "started" : "missed"
    }
    cursor = max(cursor, times.last ?? cursor)
  }

  mutating func pause() { isPaused = true }

  mutating func unpause(now: Int64) {
    guard isPaused else { return }
    isPaused = false
    if now > cursor {
      for time in cursor + 1...now where time % period == 0 { decided[time] = "skipped" }
    }
    cursor = max(cursor, now)
  }

  /// - Returns: whether there was a time to skip.
  mutating func skip() {
    guard !isPaused else { return }
    var time = cursor - cursor % period + period
    if cursor < 0 { time = 0 }
    while skips.contains(time) { time += period }
    skips.insert(time)
  }

  mutating func edit(now: Int64, since: Int64, period: Int64, catchUp: CatchUp.Policy) {
    if isPaused {
      if now > cursor {
        for time in cursor + 1...now where time % self.period == 0 { decided[time] = "skipped" }
      }
    } else {
      tick(now: now, since: since)
    }
    self.period = period
    self.catchUp = catchUp
    cursor = max(cursor, now)
  }
}

/// Random lives of a schedule: the timer in one process or the other, downtimes, steps of the clock, edits,
/// pauses, skips, crashes at every point of a commit. The ledger must say what the reference says.
@Suite(.timeLimit(.minutes(5))) struct ModelTests {
  private static func definition(_ period: Int64, _ catchUp: CatchUp.Policy) -> JobDefinition {
    JobDefinition(
      "job",
      triggers: [
        ["name": "tick", "every": .string("\(period)s"), "catch_up": .string(catchUp.rawValue)]
      ], and: ["overlap": "allow_all"])
  }

  @Test(arguments: 1...12)
  func `random lives leave the ledger that the rules say`(seed: Int) async throws {
    try await withPath(at: "2026-11-12T09:00:00Z") { path in
      let other = try await Path(sharing: path)
      do {
        try await Self.live(path, other, Randomness.seeded(UInt64(seed)))
      } catch {
        await other.close()
        throw error
      }
      await other.close()
    }
  }

  private static func live(_ path: Path, _ other: Path, _ randomness: Randomness) async throws {
    let draw = { (limit: Int) in randomness.bytes(4).reduce(0) { $0 << 8 | Int($1) } % limit }
    let origin = path.clock.now.seconds
    var reference = Reference(period: 60, catchUp: .latest, cursor: origin)
    try await path.apply(definition(60, .latest))
    let id = try await path.database.read { tx in try path.schedules.schedules(tx)[0].id }
    // From when on the timers watch, before the slack that they allow themselves.
    var since = path.clock.now
    let slack = Int64(1)
    func seen() -> Int64 {
      since = min(since, path.clock.now)
      return since.seconds - slack
    }
    for _ in 0..<60 {
      switch draw(10) {
      case 0...3:
        path.clock.advance(by: .seconds(Int64(draw(300))))
        fallthrough
      case 4:
        let process = draw(2) == 0 ? path : other
        _ = try await process.timer.tick(since: since)
        reference.tick(now: path.clock.now.seconds, since: seen())
      case 5:
        // A downtime, or a machine that slept, or a clock set forward.
        path.clock.advance(by: .seconds(Int64(draw(20_000))))
        since = path.clock.now
      case 6:
        path.clock.step(by: .seconds(-Int64(draw(600))))
      case 7:
        let period = Int64([30, 60, 90, 3600][draw(4)])
        let policy = CatchUp.Policy.allCases[draw(3)]
        path.schedules.watch.set(since: since)
        let before = reference
        try await path.apply(definition(period, policy))
        if before.period != period || before.catchUp != policy {
          reference.edit(now: path.clock.now.seconds, since: seen(), period: period, catchUp: policy)
        }
      case 8:
        let pauses = !reference.isPaused
        let moment = path.clock.now.seconds
        try await path.database.write { tx in
          _ =
            pauses
            ? try path.schedules.pause(tx, id, by: "tester", reason: "A test.")
            : try path.schedules.unpause(tx, id, by: "tester", reason: "A test.")
        }
        if pauses { reference.pause() } else { reference.unpause(now: moment) }
      default:
        if draw(2) == 0 {
          if !reference.isPaused {
            _ = try await path.database.write { tx in
              try path.schedules.skip(tx, id, by: "tester", reason: "A test.")
            }
            reference.skip()
          }
        } else {
          // A crash at some point of the commit, then whoever comes next.
          path.faults.fail([.afterClosure, .beforeCommit, .afterCommit][draw(3)])
          do {
            _ = try await path.timer.tick(since: since)
          } catch is StoreError {}
          path.faults.fail(.beforeCommit, times: 0)
          path.faults.fail(.afterClosure, times: 0)
          path.faults.fail(.afterCommit, times: 0)
          _ = try await other.timer.tick(since: since)
          reference.tick(now: path.clock.now.seconds, since: seen())
        }
      }
    }
    // The account is closed: nothing is left undecided.
    if reference.isPaused {
      let moment = path.clock.now.seconds
      try await path.database.write { tx in
        _ = try path.schedules.unpause(tx, id, by: "tester", reason: "The end.")
      }
      reference.unpause(now: moment)
    }
    _ = try await path.timer.tick(since: since)
    reference.tick(now: path.clock.now.seconds, since: seen())
    try await compare(path, reference, id)
  }

  /// Every time of the reference has exactly one decision, in a row of its own or in a span, and the same.
  private static func compare(_ path: Path, _ reference: Reference, _ id: String) async throws {
    let (rows, spans, cursor) = try await path.database.read { tx in
      let rows = try tx.rows("SELECT nominal_at, decision FROM firings ORDER BY nominal_at").map {
        (try $0["nominal_at"] as Timestamp, try $0["decision"] as String)
      }
      let schedule = try path.schedules.schedule(tx, id)
      return (rows, try path.schedules.spans(tx, schedule, limit: 1000), schedule.cursor)
    }
    #expect(Set(rows.map(\.0)).count == rows.count)
    #expect(spans.allSatisfy { $0.until != nil })
    let own = Dictionary(uniqueKeysWithValues: rows.map { ($0.0.seconds, $0.1) })
    for (time, decision) in reference.decided {
      let holding = spans.filter { $0.after.seconds < time && time <= $0.until!.seconds }
      if let found = own[time] {
        #expect(found == decision, "\(time)")
        #expect(holding.isEmpty, "\(time) has a row and a span")
      } else {
        #expect(holding.map(\.decision.rawValue) == [decision], "\(time)")
      }
    }
    #expect(own.keys.allSatisfy { reference.decided[$0] != nil })
    #expect(cursor.seconds >= reference.cursor - 3600)
  }
}
