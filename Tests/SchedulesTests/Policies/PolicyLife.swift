import JSON
import Jobs
import PathSupport
import Primitives
import Sessions
import Store
import TestSupport

@testable import Runs
@testable import Schedules

/// Something that happens to a schedule. Numbers that choose among what is there count round.
enum Step {
  case advance(milliseconds: Int64)
  case tick
  case suspend(milliseconds: Int64)
  case setClock(milliseconds: Int64)
  case crash(Faults.Point, down: Int64)
  case pause
  case unpause
  case skip
  case unskip(Int)
  case edit(Policy)
  case byHand(Overlap?)
  case backfill(ago: Int64, length: Int64, Overlap?)
  case begin(Int)
  case end(Int, fails: Bool)
  case cancel(Int)
  case work
}

extension Step {
  /// A life by chance. It begins with one text and may go on with others.
  static func life(_ chance: inout some RandomNumberGenerator, of policy: Policy, steps: Int) -> [Step] {
    var policy = policy
    return (0..<steps).map { _ in step(&chance, &policy) }
  }

  private static func step(_ chance: inout some RandomNumberGenerator, _ policy: inout Policy) -> Step {
    let overlap = Bool.random(using: &chance) ? nil : Overlap.allCases.randomElement(using: &chance)
    switch Int.random(in: 0..<30, using: &chance) {
    case 0..<5: return .advance(milliseconds: .random(in: 0...200_000, using: &chance))
    case 5..<11: return .tick
    case 11: return .suspend(milliseconds: .random(in: 0...1_500_000, using: &chance))
    case 12: return .setClock(milliseconds: .random(in: -400_000...400_000, using: &chance))
    case 13:
      return .crash(
        [.afterClosure, .beforeCommit, .afterCommit].randomElement(using: &chance)!,
        down: .random(in: 0...600_000, using: &chance))
    case 14: return .pause
    case 15, 16: return .unpause
    case 17: return .skip
    case 18: return .unskip(.random(in: 0..<8, using: &chance))
    case 19:
      change(&policy, &chance)
      return .edit(policy)
    case 20: return .byHand(overlap)
    case 21:
      return .backfill(
        ago: .random(in: 0...1200, using: &chance), length: .random(in: 0...400, using: &chance), overlap)
    case 22, 23: return .begin(.random(in: 0..<8, using: &chance))
    case 24..<28:
      return .end(.random(in: 0..<8, using: &chance), fails: Int.random(in: 0..<3, using: &chance) == 0)
    case 28: return .cancel(.random(in: 0..<8, using: &chance))
    default: return .work
    }
  }

  private static func change(_ policy: inout Policy, _ chance: inout some RandomNumberGenerator) {
    switch Int.random(in: 0..<7, using: &chance) {
    case 0: policy.period = [30, 60, 90, 600].randomElement(using: &chance)!
    case 1: policy.jitter = [0, 20, 3600].randomElement(using: &chance)!
    case 2: policy.catchUp = CatchUp.Policy.allCases.randomElement(using: &chance)!
    case 3: (policy.window, policy.limit) = ([300, 86_400].randomElement(using: &chance)!, 3)
    case 4: policy.overlap = Overlap.allCases.randomElement(using: &chance)!
    case 5: policy.expires = [nil, 45, 400].randomElement(using: &chance)!
    default: policy.starts = [nil, 1, 5, 9].randomElement(using: &chance)!
    }
  }
}

/// A schedule with a real service around it, and the rules that say what should become of it.
final class PolicyLife {
  /// Keeps the database's folder while services come and go.
  private let keeper: Path
  private var service: Path
  private var rules: PolicyRules
  private let schedule: String
  private var starts = 0

  private init(_ keeper: Path, _ service: Path, _ rules: PolicyRules, _ schedule: String) {
    self.keeper = keeper
    self.service = service
    self.rules = rules
    self.schedule = schedule
  }

  /// Lives a life.
  /// - Returns: where the service departed from the rules first; nil when it never did.
  static func problem(_ policy: Policy, _ steps: [Step]) async throws -> String? {
    let keeper = try await Path(at: "2026-11-12T09:00:00Z")
    let service = try await Path(sharing: keeper)
    try await service.apply(definition(policy))
    let id = try await service.database.read { [service] tx in try service.schedules.schedules(tx)[0].id }
    service.schedules.watch.set(since: keeper.clock.now)
    let rules = PolicyRules(policy, seed: id, now: keeper.clock.now.microseconds / 1000)
    let life = PolicyLife(keeper, service, rules, id)
    var problem: String?
    for (number, step) in steps.enumerated() where problem == nil {
      do {
        try await life.live(step)
        problem = try await life.difference()
      } catch {
        problem = "it failed: \(error)"
      }
      problem = problem.map { "After step \(number + 1), \(step): \($0)" }
    }
    if problem == nil { problem = try await life.end() }
    await life.service.close()
    await keeper.close()
    return problem
  }

  private static func definition(_ policy: Policy) -> JobDefinition {
    var trigger: JSON.Object = [
      "name": "tick", "every": .string("\(policy.period)s"),
      "catch_up": [
        "policy": .string(policy.catchUp.rawValue), "window": .string("\(policy.window)s"),
        "limit": .integer(Int64(policy.limit)),
      ],
    ]
    if policy.jitter > 0 { trigger["jitter"] = .string("\(policy.jitter)s") }
    if let starts = policy.starts { trigger["starts"] = .integer(Int64(starts)) }
    if let failures = policy.pauseAfter { trigger["pause_after_failures"] = .integer(Int64(failures)) }
    var job: JSON.Object = [
      "overlap": .string(policy.overlap.rawValue), "limits": ["attempts": 1],
    ]
    if let expires = policy.expires { job["expires"] = .string("\(expires)s") }
    return JobDefinition("job", triggers: [.object(trigger)], and: job)
  }

  // MARK: Steps

  private func live(_ step: Step) async throws {
    let (clock, schedules, database) = (keeper.clock, service.schedules, service.database)
    let id = schedule
    switch step {
    case .advance(let milliseconds): clock.advance(by: .milliseconds(milliseconds))
    case .tick: _ = try await service.timer.tick()
    case .suspend(let milliseconds), .setClock(let milliseconds):
      let asleep = clock.now
      if case .suspend = step {
        clock.advance(by: .milliseconds(milliseconds))
      } else {
        clock.step(by: .milliseconds(milliseconds))
      }
      await schedules.watch.noticeGap(asleep: asleep, sleep: .seconds(1))
      let now = clock.now.microseconds / 1000
      // What comes again after the clock was set back is seen.
      rules.since = milliseconds > 11_000 ? now : min(rules.since, now)
    case .crash(let point, let down): try await crash(point, down: down)
    case .pause:
      _ = try await database.write { tx in try schedules.pause(tx, id, by: "tester", reason: "A test.") }
    case .unpause:
      _ = try await database.write { tx in try schedules.unpause(tx, id, by: "tester", reason: "A test.") }
    case .skip:
      guard rules.isActive else { return }
      _ = try await database.write { tx in try schedules.skip(tx, id, by: "tester", reason: "A test.") }
    case .unskip(let number):
      guard let time = pick(rules.coming, number) else { return }
      _ = try await database.write { tx in
        try schedules.unskip(
          tx, id, at: .moment(Timestamp(seconds: time)), by: "tester", reason: "A test.")
      }
      rules.skips.remove(time)
    case .edit(let policy): try await service.apply(PolicyLife.definition(policy))
    case .byHand(let overlap): try await byHand(overlap)
    case .backfill(let ago, let length, let overlap):
      try await backfill(from: clock.now.seconds - ago, length: length, overlap)
    case .begin(let number):
      guard let run = pick(rules.open.filter { !$0.isDriven }, number) else { return }
      try await begin(run.entry)
    case .end(let number, let fails):
      guard let run = pick(rules.open, number) else { return }
      try await end(run, fails: fails)
    case .cancel(let number):
      guard let run = pick(rules.open.filter { !$0.isEnding }, number) else { return }
      _ = try await service.waking { try await service.cancel(self.run(run.entry)) }
      rules.now = clock.now.microseconds / 1000
      rules.cancel(run.entry)
    case .work: try await work()
    }
    rules.now = clock.now.microseconds / 1000
    follow(step)
  }

  /// The rules' part of those steps that need nothing from the service.
  private func follow(_ step: Step) {
    switch step {
    case .tick: rules.tick()
    case .pause: rules.pause()
    case .unpause: rules.unpause()
    case .skip: rules.skip()
    case .edit(let policy): rules.edit(to: policy)
    case .work: rules.work()
    default: break
    }
  }

  private func pick<Element>(_ all: [Element], _ number: Int) -> Element? {
    all.isEmpty ? nil : all[number % all.count]
  }

  /// The service dies while it decides, and another takes its place after a while.
  private func crash(_ point: Faults.Point, down: Int64) async throws {
    service.faults.fail(point)
    _ = try? await service.timer.tick()
    rules.now = keeper.clock.now.microseconds / 1000
    if point == .afterCommit { rules.tick() }
    await service.close()
    keeper.clock.advance(by: .milliseconds(down))
    service = try await Path(sharing: keeper)
    service.schedules.watch.set(since: keeper.clock.now)
    rules.since = keeper.clock.now.microseconds / 1000
  }

  private func byHand(_ overlap: Overlap?) async throws {
    let occurrence = Occurrence(
      cause: .request(key: "\(starts)"), trigger: "manual", overlap: overlap)
    _ = try await service.database.write { [service] tx in
      try service.runs.start(tx, service.jobs.job(tx, named: "job"), occurrence)
    }
    rules.now = keeper.clock.now.microseconds / 1000
    rules.byHand(starts, overlap)
    starts += 1
  }

  private func backfill(from: Int64, length: Int64, _ overlap: Overlap?) async throws {
    let to = min(from + length, keeper.clock.now.seconds)
    rules.now = keeper.clock.now.microseconds / 1000
    let isSomething = rules.backfill(from: from, to: to, overlap)
    do {
      _ = try await service.schedules.backfill(
        schedule, from: Timestamp(seconds: from), to: Timestamp(seconds: to), overlap: overlap)
    } catch let error as SchedulesError where !isSomething {
      switch error {
      case .noTime, .undecided: break
      default: throw error
      }
    }
  }

  private func begin(_ entry: Entry) async throws {
    let run = try await run(entry)
    try await service.database.write { [service] tx in
      let id = try service.runs.run(tx, run).session
      try service.sessions.edit(tx, id) { try service.runs.began($0) }
      try tx.run("UPDATE items SET worker = 'w', fence = 1 WHERE kind = 'session' AND ref = $1", id)
    }
    rules.begin(entry)
  }

  private func end(_ run: PolicyRules.Open, fails: Bool) async throws {
    let id = try await self.run(run.entry)
    let settlement: Settlement =
      run.isEnding ? .interrupted : fails ? .terminated("It broke.") : .idle(.endTurn)
    try await service.waking {
      try await service.database.write { [service] tx in
        try service.sessions.edit(tx, service.runs.run(tx, id).session) { try $0.settleUndriven(settlement) }
      }
    }
    rules.now = keeper.clock.now.microseconds / 1000
    rules.end(run.entry, fails: fails)
  }

  /// What a worker does with items that are due.
  private func work() async throws {
    let now = keeper.clock.now
    let held = try await refs(
      "SELECT ref FROM items JOIN held ON firing_id = ref WHERE kind = 'start' AND due <= $1 ORDER BY held.position",
      now)
    for id in held { try await service.database.write { [service] tx in try service.runs.look(tx, id) } }
    let clocks = try await refs(
      "SELECT ref FROM items WHERE kind = 'timer' AND ref LIKE '%:expiry' AND due <= $1 ORDER BY ref", now)
    for ref in clocks {
      try await service.waking {
        try await service.database.write { [service] tx in try service.runs.ring(tx, ref) }
      }
    }
  }

  private func refs(_ sql: String, _ now: Timestamp) async throws -> [String] {
    try await service.database.read { tx in try tx.rows(sql, now).map { try $0["ref"] } }
  }

  // MARK: Looking

  /// The ledger's rows by what they are about, with the id of the run; of several backfills the latest.
  private func rows() async throws -> [Entry: (decision: String, run: String?)] {
    let rows = try await service.database.read { tx in
      try tx.rows(
        "SELECT trigger_kind, nominal_at, idempotency_key, decision, run_id FROM firings ORDER BY rowid"
      ).map {
        row -> (Entry, String, String?) in
        let time = (try row["nominal_at"] as Timestamp?)?.seconds ?? 0
        let entry: Entry =
          switch try row["trigger_kind"] as String {
          case "schedule": .schedule(time)
          case "backfill": .backfill(time)
          default: .manual(Int(try row["idempotency_key"] as String? ?? "") ?? -1)
          }
        return (entry, try row["decision"] as String? ?? "held", try row["run_id"])
      }
    }
    return Dictionary(rows.map { ($0.0, ($0.1, $0.2)) }) { $1 }
  }

  private func run(_ entry: Entry) async throws -> String {
    guard let run = try await rows()[entry]?.run else { throw Missing("run of \(entry)") }
    return run
  }

  /// What the service says against what the rules say; nil when they agree.
  private func difference() async throws -> String? {
    let rows = try await rows()
    let id = schedule
    let (stored, spans, open) = try await service.database.read { [service] tx in
      let schedule = try service.schedules.schedule(tx, id)
      return (
        schedule, try service.schedules.spans(tx, schedule, limit: 1000),
        try tx.rows("SELECT firing_id FROM runs WHERE ended_at IS NULL").count
      )
    }
    for (entry, decision) in rules.ledger {
      if case .schedule(let time) = entry, rules.spanned.contains(time) {
        let holding = spans.filter { span in
          span.until.map { span.after.seconds < time && time <= $0.seconds } ?? false
        }
        if rows[entry] != nil || holding.map(\.decision.rawValue) != [decision] {
          return
            "\(entry) should be \(decision) in one span; spans: \(holding), row: \(rows[entry]?.decision ?? "none")"
        }
      } else if rows[entry]?.decision != decision {
        return "\(entry) should be \(decision) and is \(rows[entry]?.decision ?? "not there")"
      }
    }
    if let extra = rows.first(where: { rules.ledger[$0.key] == nil }) {
      return "\(extra.key) is \(extra.value.decision) and should not be there"
    }
    let counted = spans.compactMap { $0.until == nil ? nil : $0.times }.reduce(0, +)
    if counted != rules.spanned.count { return "spans hold \(counted) times, not \(rules.spanned.count)" }
    if open != rules.open.count { return "\(open) runs are open, not \(rules.open.count)" }
    if stored.cursor.seconds != rules.cursor {
      return "the cursor is at \(stored.cursor.seconds), not \(rules.cursor)"
    }
    if (stored.pause != nil) != rules.isPaused { return "paused: \(stored.pause != nil)" }
    if stored.nextAt?.seconds != rules.next {
      return "next is \(String(describing: stored.nextAt?.seconds)), not \(String(describing: rules.next))"
    }
    return nil
  }

  /// Everything comes to its end, and nothing is left waiting.
  private func end() async throws -> String? {
    for step in [Step.unpause, .tick, .work] {
      try await live(step)
      if let problem = try await difference() { return "At the end, after \(step): \(problem)" }
    }
    while let run = rules.open.first { try await end(run, fails: false) }
    if let problem = try await difference() { return "At the end: \(problem)" }
    return rules.ledger.values.contains("held") ? "At the end something is still held." : nil
  }
}
