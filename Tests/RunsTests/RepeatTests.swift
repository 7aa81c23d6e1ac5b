import JSON
import Jobs
import PathSupport
import Primitives
import Queue
import Sessions
import Store
import TestSupport
import Testing

@testable import Runs

@Suite(.timeLimit(.minutes(5))) struct RepeatTests {
  private static func repeats(_ policy: String, window: String? = nil) -> JSON.Object {
    var object: JSON.Object = ["key": "{{trigger.body.id}}", "repeat": .string(policy)]
    if let window { object["window"] = .string(window) }
    return object
  }

  @Test func `without a key every webhook starts a run`() async throws {
    try await withField { field in
      let first = try await field.hook("rcpt_1")
      #expect(first.decision == .started)
      #expect(try await field.hook("rcpt_2").decision == .started)
    }
  }

  @Test func `two webhooks about one bug make one run, and one about another makes another`() async throws {
    try await withField(repeats: RepeatTests.repeats("reject")) { field in
      let opened = try await field.hook("rcpt_1", about: "octo/repo#12")
      #expect(opened.key == "octo/repo#12")
      let labeled = try await field.hook("rcpt_2", about: "octo/repo#12")
      #expect(labeled.decision == .skipped)
      let run = try await field.run(of: opened).id
      #expect(labeled.reason == "Run \(run) is queued, and “reject” starts nothing meanwhile.")
      #expect(try await field.hook("rcpt_3", about: "octo/repo#13").decision == .started)
      try await field.settle(run)
      #expect(try await field.hook("rcpt_4", about: "octo/repo#12").decision == .started)
    }
  }

  @Test func `enqueue holds what comes and starts it in order`() async throws {
    try await withField(repeats: RepeatTests.repeats("enqueue")) { field in
      let first = try await field.hook("rcpt_1", "one")
      let others = [try await field.hook("rcpt_2", "two"), try await field.hook("rcpt_3", "three")]
      #expect(others.allSatisfy { $0.decision == nil })
      try await field.settle(field.run(of: first).id)
      #expect(try await field.decision(others[0]) == .started)
      #expect(try await field.decision(others[1]) == nil)
      // What came with the webhook is in its own run.
      let second = try await field.run(of: others[0])
      #expect(second.snapshot.message.contains("two"))
      #expect(second.snapshot.trigger["receipt_id"] == "rcpt_2")
      try await field.settle(second.id)
      #expect(try await field.run(of: others[1]).snapshot.message.contains("three"))
    }
  }

  @Test func `coalesce tells the run that is there`() async throws {
    try await withField(repeats: RepeatTests.repeats("coalesce")) { field in
      let first = try await field.hook("rcpt_1", "one")
      let run = try await field.run(of: first)
      let second = try await field.hook("rcpt_2", "two")
      #expect(second.decision == .joined)
      #expect(second.run == run.id)
      try await field.begin(run.id)
      let third = try await field.hook("rcpt_3", "three")
      #expect(third.decision == .joined)
      let inputs = try await field.inputs(run.id)
      #expect(inputs.count == 3)
      #expect(inputs[1].hasPrefix("More has come for this errand (firing \(second.id))."))
      #expect(inputs[1].contains("two"))
      #expect(inputs[2].contains("three"))
      // A second attempt is told everything again.
      try await field.settle(run.id, .terminated("It broke."))
      #expect(try await field.inputs(run.id).count == 3)
    }
  }

  @Test func `coalesce collects for its window, then starts one run with everything`() async throws {
    try await withField(
      repeats: RepeatTests.repeats("coalesce", window: "30s"), ["outcome": JobDefinition.outcome()]
    ) { field in
      let clock = field.path.clock
      let first = try await field.hook("rcpt_1", "one")
      #expect(first.decision == nil)
      #expect(first.reason == "More may come: it collects for 30s.")
      #expect(try await field.path.item(.start, first.id)?.due == clock.now + .seconds(30))
      clock.step(by: .seconds(20))
      let second = try await field.hook("rcpt_2", "two")
      #expect(second.reason == "It goes with firing \(first.id), which starts soon.")
      let other = try await field.hook("rcpt_9", about: "b")
      try await field.look(first.id)
      #expect(try await field.decision(first) == nil)
      clock.step(by: .seconds(10))
      try await field.look(first.id)
      let run = try await field.run(of: first)
      #expect(try await field.decision(second) == .joined)
      #expect(try await field.firing(second.id).run == run.id)
      #expect(try await field.decision(other) == nil)
      let inputs = try await field.inputs(run.id)
      #expect(inputs.count == 3)
      #expect(inputs[0].contains("one"))
      #expect(inputs[1] == "user.define_outcome")
      #expect(inputs[2].contains("two"))
      #expect(try await field.path.item(.start, second.id) == nil)
    }
  }

  @Test func `interrupt stops what the agent does and tells it`() async throws {
    try await withField(
      repeats: RepeatTests.repeats("interrupt"), ["outcome": JobDefinition.outcome()]
    ) { field in
      let run = try await field.run(of: field.hook("rcpt_1", "one"))
      // Nothing is at work yet, so there is nothing to stop.
      #expect(try await field.hook("rcpt_2", "two").decision == .joined)
      let inputs = try await field.inputs(run.id)
      #expect(!inputs.contains("user.interrupt"))
      let driver = field.path.driver
      driver.play(
        { session in
          _ = try await session.take()
          _ = try await field.hook("rcpt_3", "three")
          try await session.interruption()
          _ = try await session.take()
          let id = try await session.session().outcomes.last?.id ?? ""
          try await session.record([
            NewEvent(
              .evaluationEnd,
              ["outcome_id": .string(id), "iteration": 0, "result": "interrupted", "explanation": "Stopped."])
          ])
          return .interrupted
        },
        ScriptedDriver.outcome(.satisfied))
      try await field.path.work()
      let ended = try await field.path.run(run.id)
      // The aim is the same after the interrupt as before it.
      #expect(ended.state == .succeeded)
      let outcomes = try await field.path.session(run.session).outcomes
      #expect(outcomes.map(\.result) == [.interrupted, .satisfied])
    }
  }

  @Test func `a run that is ending takes no messages; what comes waits for its end`() async throws {
    for policy in ["interrupt", "coalesce"] {
      try await withField(repeats: RepeatTests.repeats(policy)) { field in
        let run = try await field.run(of: field.hook("rcpt_1"))
        try await field.begin(run.id)
        try await field.cancel(run.id)
        let second = try await field.hook("rcpt_2")
        let third = try await field.hook("rcpt_3")
        #expect(second.reason == "Run \(run.id) is ending and takes no messages; it starts the next one.")
        try await field.settle(run.id, .interrupted)
        #expect(try await field.decision(second) == .started)
        #expect(try await field.decision(third) == .joined)
        let next = try await field.run(of: second).id
        #expect(try await field.firing(third.id).run == next)
      }
    }
  }

  @Test func `a run takes in a bounded number of messages`() async throws {
    try await withField(repeats: RepeatTests.repeats("coalesce")) { field in
      let run = try await field.run(of: field.hook("rcpt_0"))
      for number in 1...Runs.joinLimit { _ = try await field.hook("rcpt_\(number)") }
      let over = try await field.hook("rcpt_over")
      #expect(over.decision == .skipped)
      #expect(over.reason == "Run \(run.id) has taken in 100 others, and no more fits into it.")
    }
  }

  @Test func `a key that cannot be made starts nothing and says why`() async throws {
    try await withField(repeats: ["key": "{{trigger.body.number}}"]) { field in
      let firing = try await field.hook("rcpt_1")
      #expect(firing.decision == .failedToStart)
      #expect(firing.reason?.hasPrefix("No key: ") == true)
    }
    try await withField(repeats: RepeatTests.repeats("reject")) { field in
      let empty = try await field.hook("rcpt_1", about: "")
      #expect(empty.decision == .failedToStart)
      #expect(
        try await field.hook("rcpt_2", about: String(repeating: "k", count: 300)).decision == .failedToStart)
    }
  }

  @Test func `the same webhook twice is one firing, whatever the policy`() async throws {
    for policy in ["reject", "enqueue", "interrupt", "coalesce"] {
      try await withField(repeats: RepeatTests.repeats(policy)) { field in
        let first = try await field.hook("rcpt_1")
        #expect(try await field.hook("rcpt_1").id == first.id)
        let second = try await field.hook("rcpt_2")
        #expect(try await field.hook("rcpt_2") == second)
        #expect(try await field.path.count("firings") == 2)
      }
    }
  }

  @Test(arguments: ["reject", "enqueue", "coalesce"])
  func `many webhooks about one thing at once leave one run`(policy: String) async throws {
    try await withField(repeats: RepeatTests.repeats(policy)) { field in
      let firings = try await withThrowingTaskGroup(of: Firing.self) { group in
        for number in 0..<40 { group.addTask { try await field.hook("rcpt_\(number)") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(firings.count { $0.decision == .started } == 1)
      #expect(try await field.open().count == 1)
      let others = firings.filter { $0.decision != .started }
      let expected: Firing.Decision? =
        switch policy {
        case "reject": .skipped
        case "coalesce": .joined
        default: nil
        }
      #expect(others.allSatisfy { $0.decision == expected })
    }
  }

  @Test func `a worker starts what was collected when its window ends`() async throws {
    try await withField(repeats: RepeatTests.repeats("coalesce", window: "30s")) { field in
      let first = try await field.hook("rcpt_1")
      field.path.clock.step(by: .seconds(31))
      try await field.path.work()
      #expect(try await field.run(of: first).state == .succeeded)
    }
  }
}
