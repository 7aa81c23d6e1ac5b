import Catalog
import JSON
import Primitives
import Store
import TestSupport
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

@Suite struct `An interrupt` {
  static let gone =
    "agent.tool_result error Tool execution was interrupted before completion. Please retry."

  @Test func `stops a request to the model, and a queued message starts the next turn`() async throws {
    let model = ScriptedModel(.silence, .text("Hello."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    try await rig.send(id, .message("Instead."), NewEvent(.userInterrupt))
    try await drive.value
    #expect(
      try await rig.story(id) == TurnStory.opening + [
        "span.model_request_start", "user.interrupt", "span.model_request_end error",
      ] + TurnStory.closing)
    #expect(try await rig.row(id).usage.inputTokens > 0)
    try await rig.drive(id)
    #expect(model.asked[1].messages.count == 1)
    #expect(
      model.asked[1].messages[0]["content"]?.arrayValue?.compactMap { $0["text"]?.stringValue }
        == ["Go.", "Instead."])
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
  }

  @Test func `stops running tools and keeps the results that are there`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "quick"]), ("bash", ["command": "hang"])), .text("Hello."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    let drive = Task { try await rig.drive(id) }
    await rig.hands.beganHanging.wait()
    // The quick one's result is recorded in its own time.
    while try await !rig.story(id).contains("agent.tool_result ran quick") { await Task.yield() }
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.tool_use bash allow", "agent.tool_use bash allow",
        "agent.tool_result ran quick", "user.interrupt", Self.gone, "session.status_idle end_turn",
      ])
    // The interrupt's own wake finds nothing to do.
    try await rig.drive(id)
    #expect(try await rig.item(id) == nil)
    #expect(try await rig.deeds(id).last == "session.status_idle end_turn")
  }

  @Test func `and a refusal leave what the agent has made so far`() async throws {
    let write = ScriptedModel.Line.tools(("write", ["file_path": "brief.md", "content": "# Half"]))
    for isRefused in [false, true] {
      let last: ScriptedModel.Line =
        isRefused
        ? .text("I can't.", stop: "refusal") : .tools(("bash", ["command": "hang"]), id: "second")
      let rig = try await Rig(model: ScriptedModel(write, last))
      let id = try await rig.session()
      let drive = Task { try await rig.drive(id) }
      if !isRefused {
        await rig.hands.beganHanging.wait()
        try await rig.send(id, NewEvent(.userInterrupt))
      }
      try await drive.value
      let idle = try await rig.story(id).last
      #expect(idle == "session.status_idle \(isRefused ? "refusal" : "end_turn")")
      let files = try await rig.database.read { [files = rig.files] tx in try files.list(tx, session: id) }
      #expect(files.map(\.filename) == ["brief.md"])
    }
  }

  @Test func `stops a check and ends the outcome`() async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Done.")))
    let id = try await rig.session(checks: [Check(name: "slow", run: "hang")], inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await rig.hands.beganHanging.wait()
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    #expect(
      try await rig.deeds(id).suffix(4) == [
        "span.outcome_evaluation_start 0", "user.interrupt", "span.outcome_evaluation_end 0 interrupted",
        "session.status_idle end_turn",
      ])
    #expect(try await rig.row(id).outcomes[0].result == .interrupted)
    #expect(try await rig.evaluations(id).map(\.evaluation.result) == [.interrupted])
  }

  @Test func `stops the grader`() async throws {
    let model = ScriptedModel(.text("Done."), .silence)
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    #expect(try await rig.row(id).outcomes[0].result == .interrupted)
  }

  @Test func `before any evaluation ends the outcome without a start`() async throws {
    let model = ScriptedModel(.silence)
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    let end = try await rig.log(id).first { $0.type == .evaluationEnd }
    #expect(end?.body["outcome_evaluation_start_id"] == "")
    #expect(end?.body["result"] == "interrupted")
    #expect(try await rig.evaluations(id).isEmpty)
  }

  @Test func `while a revision is worked on names the evaluation that would have come`() async throws {
    let model = ScriptedModel(.text("Done."), .verdict("needs_revision"), .silence)
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    try await rig.send(id, NewEvent(.userInterrupt))
    try await drive.value
    #expect(
      try await rig.deeds(id).suffix(4) == [
        "span.outcome_evaluation_end 0 needs_revision", "user.interrupt",
        "span.outcome_evaluation_end 1 interrupted", "session.status_idle end_turn",
      ])
  }

  @Test func `stops the wait for another try`() async throws {
    let model = ScriptedModel(.failure(.failed(message: "cut")))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.row(id).status == .rescheduling)
    try await rig.send(id, NewEvent(.userInterrupt))
    try await rig.drive(id)
    #expect(model.asked.count == 1)
    #expect(try await rig.story(id).suffix(4) == (["user.interrupt"] + TurnStory.closing)[...])
  }

  @Test func `of a paused session ends the turn`() async throws {
    let model = ScriptedModel(
      .failure(.overloaded(retryAfter: .seconds(600), message: "busy")))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.outcome()])
    try await rig.drive(id)
    #expect(try await rig.row(id).status == .rescheduling)
    try await rig.send(id, NewEvent(.userInterrupt), .message("later"))
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3) == [
        "user.interrupt", "span.outcome_evaluation_end 0 interrupted", "session.status_idle end_turn",
      ])
    #expect(try await rig.item(id) != nil)
  }

  @Test func `of an idle session changes nothing`() async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Hello."), .text("Again.")))
    let id = try await rig.session()
    try await rig.drive(id)
    let before = try await rig.story(id)
    try await rig.send(id, NewEvent(.userInterrupt))
    try await rig.drive(id)
    #expect(try await rig.story(id) == before + ["user.interrupt"])
    #expect(try await rig.item(id) == nil)
    try await rig.send(id, .message("More."))
    try await rig.drive(id)
    #expect(try await rig.deeds(id).suffix(2) == ["agent.message Again.", "session.status_idle end_turn"])
  }
}

enum TurnStory {
  static let opening = ["user.message Go.", "session.thread_status_running", "session.status_running"]
  static let closing = ["session.thread_status_idle", "session.usage", "session.status_idle end_turn"]
}
