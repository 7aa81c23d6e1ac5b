import Catalog
import JSON
import Primitives
import Testing

@testable import Hooks
@testable import Jobs

@Suite struct JobTableTests {
  private static func job(_ name: String, _ triggers: [Trigger]) -> [(job: Job, trigger: Trigger)] {
    let job = Job(
      id: name, name: name, origin: .file, agent: "", environment: "",
      triggers: triggers, message: "", files: [], limits: Limits(), callbacks: [], revision: 1,
      createdAt: Timestamp(seconds: 0), updatedAt: Timestamp(seconds: 0))
    return triggers.map { (job, $0) }
  }

  private static func trigger(_ name: String, _ lanes: [Lane], type: String? = nil) -> Trigger {
    var trigger = Trigger(.webhook(source: "s"), name: name)
    trigger.lanes = lanes
    if let type { trigger.match = ["type": [.string(type)]] }
    return trigger
  }

  @Test(arguments: Lane.allCases) func `a job starts for the lanes it names and no other`(lane: Lane) {
    let sets = (1..<16).map { bits in Lane.allCases.enumerated().filter { bits & 1 << $0.0 != 0 }.map(\.1) }
    let table = JobTable(sets.enumerated().flatMap { Self.job("job-\($0)", [Self.trigger("t", $1)]) })
    let plan = table.plan(["type": "x"], actor: Actor(name: "ann", lane: lane))
    #expect(plan.starts.map(\.trigger.lanes) == sets.filter { $0.contains(lane) })
    #expect(plan.starts.count + plan.others == 15)
    #expect(plan.refusals(100).count == plan.others)
  }

  @Test func `of several triggers one that matches is enough, and one speaks for a job that stays`() {
    let table = JobTable(
      Self.job("two", [Self.trigger("a", [.owner], type: "x"), Self.trigger("b", [.owner], type: "y")])
        + Self.job("lane", [Self.trigger("a", [.owner], type: "z"), Self.trigger("b", [.member], type: "y")]))
    let plan = table.plan(["type": "y"], actor: Actor(name: "ann", lane: .owner))
    #expect(plan.starts.map(\.trigger.id) == ["b"])
    #expect(
      plan.refusals(9).map { "\($0.job.name) \($0.trigger) \($0.reason)" } == [
        #"lane b actor.lane: "ann" is owner, and the job takes member only"#
      ])
    let none = table.plan(["type": "w"], actor: Actor(name: "ann", lane: .owner))
    #expect(none.refusals(9).map(\.trigger) == ["a", "a"])
    #expect(none.refusals(1).count == 1)
    #expect(none.refusals(0).isEmpty)
  }

  @Test func `a stored pattern that is none keeps its job away and says so`() {
    var trigger = Self.trigger("a", [.owner])
    trigger.match = ["type": "not a list"]
    let plan = JobTable(Self.job("old", [trigger])).plan(["type": "x"], actor: Actor(name: "a", lane: .owner))
    #expect(plan.starts.isEmpty)
    #expect(
      plan.refusals(1).first?.reason.hasPrefix("match: it is no pattern: type: Expected a list") == true)
  }
}
