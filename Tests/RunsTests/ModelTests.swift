import JSON
import Jobs
import PathSupport
import Primitives
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

/// What overlap and repeat mean, as simply as it can be said: one line, its runs and what waits.
private struct Model {
  struct Open: Equatable {
    var firing: Int
    var isDriven = false
    var isEnding = false
  }

  var open: [Open] = []
  var held: [(firing: Int, rule: Rule)] = []
  /// By firing; nil while held.
  var decisions: [Int: String] = [:]

  mutating func fire(_ firing: Int, _ rule: Rule) {
    let isFree = open.isEmpty && held.isEmpty
    switch rule {
    case .allowAll: start(firing)
    case .skip, .reject: isFree ? start(firing) : decide(firing, "skipped")
    case .bufferOne:
      if isFree {
        start(firing)
      } else if held.isEmpty {
        held.append((firing, rule))
      } else {
        decide(firing, "skipped")
      }
    case .bufferAll, .enqueue: isFree ? start(firing) : held.append((firing, rule))
    case .cancelOther, .terminateOther:
      for waiting in held where [.bufferOne, .cancelOther].contains(waiting.rule) {
        decide(waiting.firing, "superseded")
      }
      held.removeAll { [.bufferOne, .cancelOther].contains($0.rule) }
      if rule == .terminateOther || open.isEmpty {
        open = []
        start(firing)
      } else {
        held.insert((firing, rule), at: 0)
        for run in open { cancel(run.firing) }
      }
    case .interrupt, .coalesce:
      if let run = open.first, !run.isEnding {
        decide(firing, "joined \(run.firing)")
      } else if isFree {
        start(firing)
      } else {
        held.append((firing, rule))
      }
    }
  }

  mutating func begin(_ firing: Int) {
    for place in open.indices where open[place].firing == firing { open[place].isDriven = true }
  }

  mutating func cancel(_ firing: Int) {
    guard let place = open.firstIndex(where: { $0.firing == firing }) else { return }
    if open[place].isDriven { open[place].isEnding = true } else { end(firing) }
  }

  mutating func end(_ firing: Int) {
    open.removeAll { $0.firing == firing }
    guard open.isEmpty, let next = held.first else { return }
    held.removeFirst()
    start(next.firing)
    for waiting in held where waiting.rule.joins { decide(waiting.firing, "joined \(next.firing)") }
    held.removeAll { $0.rule.joins }
  }

  mutating func callOff(_ firing: Int) {
    held.removeAll { $0.firing == firing }
    decide(firing, "skipped")
  }

  private mutating func start(_ firing: Int) {
    open.append(Open(firing: firing))
    decide(firing, "started")
  }

  private mutating func decide(_ firing: Int, _ decision: String) { decisions[firing] = decision }
}

/// Chance that repeats.
private struct Chance: RandomNumberGenerator {
  var state: UInt64

  // SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Two processes on one database, whose every step may fail before its commit or lose its answer after it.
private struct Trial {
  let fields: [Field]
  var chance: Chance
  var model = Model()
  /// Ids of the firings, in the order of their numbers.
  var firings: [String] = []

  /// Does a step once, whatever fails: a step that was undone is done again, one whose answer was lost is not.
  mutating func step(isRepeatable: Bool = false, _ body: (Field) async throws -> Void) async throws {
    let field = fields.randomElement(using: &chance)!
    switch Int.random(in: 0..<8, using: &chance) {
    case 0, 1:
      field.path.faults.fail([Faults.Point.afterClosure, .beforeCommit].randomElement(using: &chance)!)
      await #expect(throws: (any Error).self) { try await body(field) }
      try await check(field)
      try await body(field)
    case 2:
      field.path.faults.fail(.afterCommit)
      await #expect(throws: (any Error).self) { try await body(field) }
      if isRepeatable { try await body(field) }
    default: try await body(field)
    }
  }

  mutating func fire(_ rules: [Rule]) async throws {
    let number = firings.count
    let rule = rules.randomElement(using: &chance)!
    var id = ""
    try await step(isRepeatable: true) { field in
      let occurrence =
        if let overlap = Overlap(rawValue: rule.rawValue) {
          Occurrence(cause: .request(key: "k\(number)"), trigger: "manual", overlap: overlap)
        } else {
          Occurrence(
            cause: .receipt("rcpt_\(number)"), trigger: rule.rawValue,
            context: ["body": ["id": "a", "text": "it"]])
        }
      id = try await field.fire(occurrence).id
    }
    firings.append(id)
    model.fire(number, rule)
  }

  mutating func act() async throws {
    let run = model.open.randomElement(using: &chance)
    switch Int.random(in: 0..<5, using: &chance) {
    case 0:
      guard let run, !run.isDriven else { return }
      let id = firings[run.firing]
      try await step { field in try await field.begin(field.firing(id).run ?? "") }
      model.begin(run.firing)
    case 1:
      guard let run, !run.isEnding else { return }
      let id = firings[run.firing]
      try await step { field in try await field.cancel(field.firing(id).run ?? "") }
      model.cancel(run.firing)
    case 2:
      guard let waiting = model.held.randomElement(using: &chance) else { return }
      let id = firings[waiting.firing]
      try await step { field in
        _ = try await field.path.database.write { [runs = field.path.runs] tx in
          try runs.callOff(tx, id, reason: "Not needed.")
        }
      }
      model.callOff(waiting.firing)
    case 3:
      // A glance at something that waits changes nothing.
      guard let waiting = model.held.randomElement(using: &chance) else { return }
      let id = firings[waiting.firing]
      try await step { field in try await field.look(id) }
    default:
      guard let run else { return }
      let id = firings[run.firing]
      try await step { field in
        try await field.settle(field.firing(id).run ?? "", run.isEnding ? .interrupted : .idle(.endTurn))
      }
      model.end(run.firing)
    }
  }

  func check(_ field: Field) async throws {
    let numbers = Dictionary(uniqueKeysWithValues: firings.enumerated().map { ($1, $0) })
    let open = try await field.open().compactMap { numbers[$0.firing] }
    #expect(Set(open) == Set(model.open.map(\.firing)))
    let rows = try await field.path.database.read { [runs = field.path.runs] tx in
      (
        held: try tx.rows("SELECT firing_id FROM held ORDER BY position").map {
          try $0["firing_id"] as String
        },
        items: try tx.rows("SELECT ref FROM items WHERE kind = 'start'").map { try $0["ref"] as String },
        firings: try runs.firings(tx, limit: 1000)
      )
    }
    #expect(rows.held.compactMap { numbers[$0] } == model.held.map(\.firing))
    // What waits can always be found again.
    #expect(Set(rows.items) == Set(rows.held))
    let leaders = Dictionary(
      rows.firings.filter { $0.decision == .started }.map { ($0.run ?? "", $0.id) }, uniquingKeysWith: { $1 })
    for firing in rows.firings {
      guard let number = numbers[firing.id] else { continue }
      var decision = firing.decision?.rawValue
      if firing.decision == .joined, let leader = leaders[firing.run ?? ""].flatMap({ numbers[$0] }) {
        decision = "joined \(leader)"
      }
      #expect(decision == model.decisions[number], "firing \(number)")
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct ModelTests {
  @Test(arguments: 1...8)
  func `random firings, ends, cancellations and failures agree with the model`(seed: UInt64) async throws {
    // Overlap and repeat are one table over two kinds of lines.
    let rules: [Rule] =
      seed % 2 == 0
      ? [.skip, .bufferOne, .bufferAll, .cancelOther, .terminateOther, .allowAll]
      : [.reject, .enqueue, .interrupt, .coalesce]
    let first = try await Path()
    let second = try await Path(sharing: first)
    let triggers = [Rule.reject, .enqueue, .interrupt, .coalesce].map { rule -> JSON in
      [
        "webhook": "desk", "name": .string(rule.rawValue), "key": "{{trigger.body.id}}",
        "repeat": .string(rule.rawValue),
      ]
    }
    try await first.apply(
      JobDefinition(
        "job", message: "Look.", triggers: triggers, and: ["overlap": "skip", "limits": ["attempts": 1]]))
    var trial = Trial(
      fields: [Field(on: first), Field(on: second)], chance: Chance(state: seed))
    for _ in 0..<120 {
      if Int.random(in: 0..<5, using: &trial.chance) < 2 {
        try await trial.fire(rules)
      } else {
        try await trial.act()
      }
      try await trial.check(trial.fields[0])
    }
    // Everything comes to its end, and nothing is left waiting.
    while let run = trial.model.open.first {
      let id = try await trial.fields[1].firing(trial.firings[run.firing]).run ?? ""
      try await trial.fields[1].settle(id, run.isEnding ? .interrupted : .idle(.endTurn))
      trial.model.end(run.firing)
    }
    try await trial.check(trial.fields[0])
    #expect(trial.model.held.isEmpty)
    #expect(trial.model.decisions.count == trial.firings.count)
    await second.close()
    await first.close()
  }
}
