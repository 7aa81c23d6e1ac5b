import Catalog
import JSON
import Primitives
import Store
import TestSupport
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

@Suite struct `The outcome loop` {
  static let check = Check(name: "headings", run: "headings")

  static func write(_ text: String, id: String = "toolu") -> ScriptedModel.Line {
    .tools(("write", ["file_path": "brief.md", "content": .string(text)]), id: id)
  }

  @Test func `checks, grades, sends back and ends satisfied`() async throws {
    let model = ScriptedModel(
      Self.write("draft"), .text("Written."), .text("Revised."),
      .verdict("needs_revision", [["criterion": "short", "met": false, "evidence": "3 pages"]]),
      .text("Shortened."),
      .verdict("satisfied", [["criterion": "short", "met": true, "evidence": "1 page"]]))
    let rig = try await Rig(model: model, hands: ScriptedHands(checks: ["headings": [1, 0, 0]]))
    let id = try await rig.session(checks: [Self.check], inputs: [.outcome(5)])
    try await rig.drive(id)
    #expect(
      try await rig.story(id) == [
        "user.define_outcome", "session.thread_status_running", "session.status_running",
        "span.model_request_start", "agent.tool_use write allow", "span.model_request_end",
        "agent.tool_result Written.", "span.model_request_start", "agent.message Written.",
        "span.model_request_end", "span.outcome_evaluation_start 0",
        "span.outcome_evaluation_end 0 needs_revision", "span.model_request_start",
        "agent.message Revised.", "span.model_request_end", "span.outcome_evaluation_start 1",
        "span.outcome_evaluation_end 1 needs_revision", "span.model_request_start",
        "agent.message Shortened.", "span.model_request_end", "span.outcome_evaluation_start 2",
        "span.outcome_evaluation_end 2 satisfied", "session.thread_status_idle", "session.usage",
        "session.status_idle end_turn",
      ])
    let purposes = model.asked.map(\.purpose)
    #expect(
      purposes == [
        .turn, .turn, .turn, .evaluation(iteration: 1, call: 0), .turn, .evaluation(iteration: 2, call: 1),
      ])
    // The agent hears of the failed check, and later of the criterion.
    let afterCheck = model.asked[2].messages.last?["content"]?[0]?["text"]?.stringValue ?? ""
    #expect(afterCheck.contains("Failed check “headings” (exit code 1). The end of its output:\nno heading"))
    let afterGrader = model.asked[4].messages.last?["content"]?[0]?["text"]?.stringValue ?? ""
    #expect(afterGrader.contains("- short: 3 pages"))
    // The grader sees the deliverable and the final message, and must use its tool.
    let question = model.asked[3].messages[0]["content"]?[0]?["text"]?.stringValue ?? ""
    #expect(question.contains("brief.md, 5 bytes\ndraft\n"))
    #expect(question.contains("Revised."))
    #expect(model.asked[3].forcedTool == "submit_evaluation")

    let stored = try await rig.evaluations(id)
    #expect(stored.map(\.iteration) == [0, 1, 2])
    #expect(stored.map(\.evaluation.result) == [.needsRevision, .needsRevision, .satisfied])
    #expect(stored.map(\.evaluation.isGraded) == [false, true, true])
    #expect(stored[0].evaluation.checks[0].result == CheckResult(exitCode: 1, tail: "no heading"))
    #expect(stored[1].evaluation.criteria == [Criterion("short", met: false, evidence: "3 pages")])
    #expect(stored[2].evaluation.usage == Usage(input: 10, output: 5))
    let outcome = try await rig.row(id).outcomes[0]
    #expect(outcome.result == .satisfied)
    #expect(outcome.iteration == 2)
  }

  @Test func `asks nobody for a verdict when the checks alone decide`() async throws {
    // What is not scripted is not answered: a question to the grader would fail the drive.
    let model = ScriptedModel(Self.write("draft"), .text("Written."), .text("Revised."))
    let rig = try await Rig(model: model, hands: ScriptedHands(checks: ["headings": [1, 0]]))
    var outcome = NewEvent.outcome(3, rubric: "Each of these checks passes.")
    outcome.hidden = Outcome.ungraded
    let id = try await rig.session(checks: [Self.check], inputs: [outcome])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(6) == [
        "span.outcome_evaluation_start 0", "span.outcome_evaluation_end 0 needs_revision",
        "agent.message Revised.", "span.outcome_evaluation_start 1",
        "span.outcome_evaluation_end 1 satisfied", "session.status_idle end_turn",
      ])
    #expect(model.asked.map(\.purpose) == [.turn, .turn, .turn])
    let stored = try await rig.evaluations(id)
    #expect(stored.map(\.evaluation.isGraded) == [false, false])
    #expect(stored[1].evaluation.usage == Usage())
    // Its end has every field that clients of the wire read.
    let end = try #require(try await rig.log(id).last { $0.type == .evaluationEnd })
    #expect(end.json["explanation"] == "The check “headings” passed.")
    #expect(end.json["usage"]?["input_tokens"] == 0)
    #expect(end.json["graded"] == nil)
    let row = try await rig.row(id)
    #expect(row.outcomes.map(\.isGraded) == [false])
    // An outcome that somebody sets afterwards is judged by its rubric.
    try await rig.send(id, .outcome())
    #expect(try await rig.row(id).outcomes.map(\.isGraded) == [false, true])
  }

  @Test func `ends with an acknowledgement after the last iteration`() async throws {
    let model = ScriptedModel(
      .text("One."), .verdict("needs_revision"), .text("Two."), .verdict("needs_revision"), .text("I see."))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome(2)])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id) == [
        "user.define_outcome", "agent.message One.", "span.outcome_evaluation_start 0",
        "span.outcome_evaluation_end 0 needs_revision", "agent.message Two.",
        "span.outcome_evaluation_start 1", "span.outcome_evaluation_end 1 max_iterations_reached",
        "agent.message I see.", "session.status_idle end_turn",
      ])
    #expect(
      model.asked[4].messages.last?["content"]?[0]?["text"]?.stringValue?.contains("no further evaluation")
        == true)
  }

  @Test func `asks a grader again that answers nonsense, and not the agent`() async throws {
    let model = ScriptedModel(
      .text("Done."), .text("Looks good!"), .verdict("excellent"), .verdict("satisfied"))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id) == [
        "user.define_outcome", "agent.message Done.", "span.outcome_evaluation_start 0",
        "span.outcome_evaluation_end 0 satisfied", "session.status_idle end_turn",
      ])
    // All three requests are paid for.
    #expect(try await rig.evaluations(id)[0].evaluation.usage == Usage(input: 30, output: 15))
    #expect(try await rig.row(id).usage == Usage(input: 40, output: 20))
  }

  @Test func `never takes a silent or confused grader for a satisfied one`() async throws {
    let model = ScriptedModel(.text("Done."), .text("a"), .text("b"), .text("c"))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3) == [
        "session.error model_request_failed_error exhausted", "span.outcome_evaluation_end 0 failed",
        "session.status_idle retries_exhausted",
      ])
    let outcome = try await rig.row(id).outcomes[0]
    #expect(outcome.result == .failed)
    #expect(outcome.explanation?.hasSuffix("It was asked often enough.") == true)
    #expect(try await rig.evaluations(id).map(\.evaluation.result) == [.failed])
  }

  @Test func `ends failed when the grader cannot be asked, and the next outcome may come`() async throws {
    let model = ScriptedModel(
      .text("Done."), .failure(.refused(status: 400, message: "bad")), .text("Better."), .verdict("satisfied")
    )
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3) == [
        "session.error model_request_failed_error exhausted", "span.outcome_evaluation_end 0 failed",
        "session.status_idle retries_exhausted",
      ])
    try await rig.send(id, .outcome())
    try await rig.drive(id)
    #expect(try await rig.row(id).outcomes.map(\.result) == [.failed, .satisfied])
  }

  @Test func `lets a message steer that came while the agent worked, before anything is graded`() async throws
  {
    let model = ScriptedModel(.held("It is red."), .text("It is blue."), .verdict("satisfied"))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    try await rig.send(id, .message("Make it blue."))
    model.released.raise()
    try await drive.value
    #expect(
      try await rig.deeds(id) == [
        "user.define_outcome", "agent.message It is red.", "user.message Make it blue.",
        "agent.message It is blue.", "span.outcome_evaluation_start 0",
        "span.outcome_evaluation_end 0 satisfied", "session.status_idle end_turn",
      ])
  }

  @Test func `fails when the rubric does not fit`() async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Done."), .verdict("failed")))
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    #expect(try await rig.row(id).outcomes[0].result == .failed)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
  }

  @Test func `fails an outcome without a rubric instead of judging by nothing`() async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Done.")))
    let id = try await rig.session(inputs: [.outcome(3, rubric: "  ")])
    try await rig.drive(id)
    let outcome = try await rig.row(id).outcomes[0]
    #expect(outcome.result == .failed)
    #expect(outcome.explanation?.hasPrefix("The rubric is empty.") == true)
  }

  @Test func `counts the next outcome's iterations from 0`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(.text("One."), .verdict("satisfied"), .text("Two."), .verdict("satisfied")))
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    try await rig.send(id, .outcome())
    try await rig.drive(id)
    #expect(try await rig.evaluations(id).map(\.iteration) == [0, 0])
    #expect(try await rig.row(id).outcomes.map(\.result) == [.satisfied, .satisfied])
  }

  @Test func `collects the deliverables before a turn without an outcome ends`() async throws {
    let rig = try await Rig(model: ScriptedModel(Self.write("text"), .text("Done.")))
    let id = try await rig.session()
    try await rig.drive(id)
    let files = try await rig.database.read { [files = rig.files] tx in try files.list(tx, session: id) }
    #expect(files.map(\.filename) == ["brief.md"])
  }

  @Test func `ends the evaluation and the session when a check has no sandbox`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(.text("Done.")), hands: ScriptedHands(broken: "bubblewrap is missing."))
    let id = try await rig.session(checks: [Self.check], inputs: [.outcome()])
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(4) == [
        "span.outcome_evaluation_start 0", "session.error unknown_error terminal",
        "span.outcome_evaluation_end 0 failed", "session.status_terminated",
      ])
  }

  @Test func `says now and then that a long evaluation goes on`() async throws {
    let model = ScriptedModel(.text("Done."), .silence)
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    for _ in 0..<2 {
      await rig.clock.sleepers(1)
      rig.clock.advance(by: EmbeddedDriver.evaluationBeat)
    }
    // It sleeps again once the second beat is in the log.
    await rig.clock.sleepers(1)
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    let log = try await rig.log(id)
    let start = try #require(log.first { $0.type == .evaluationStart })
    let beats = log.filter { $0.type == .evaluationOngoing }
    #expect(beats.count == 2)
    #expect(
      beats.allSatisfy { $0.body["outcome_id"] == start.body["outcome_id"] && $0.body["iteration"] == 0 })
    #expect(try await rig.deeds(id).last == "session.status_idle end_turn")
  }
}
