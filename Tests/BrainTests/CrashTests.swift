import JSON
import Primitives
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

/// A process that dies at any commit: right before it is on the disk, and right after, when nobody heard.
@Suite struct `After a crash` {
  /// Answers by the conversation alone, as a rehearsal does: it may be asked by any process.
  static let rehearsal: JSON = [
    "turns": [
      [
        "thinking": "hm", "text": "Writing.",
        "tools": [
          ["name": "write", "input": ["file_path": "brief.md", "content": "Shipped"]],
          ["name": "bash", "input": ["command": "look"]],
        ],
      ],
      ["text": "Drafted."],
      [
        "text": "Revising.",
        "tools": [["name": "write", "input": ["file_path": "brief.md", "content": "Shipped Next"]]],
      ],
      ["text": "Revised."],
      ["text": "Longer."],
    ],
    "evaluations": [
      ["result": "needs_revision", "explanation": "Too short."],
      ["result": "satisfied", "explanation": "Good."],
    ],
  ]

  private func run(dyingAt commit: Int, afterCommit: Bool) async throws -> (rig: Rig, id: String, died: Bool)
  {
    let rig = try await Rig(model: RehearsalModel(Self.rehearsal))
    let id = try await rig.session(checks: [Check(name: "headings", run: "has Next")], inputs: [.outcome(5)])
    rig.faults.die(at: commit, afterCommit: afterCommit)
    // How it died is no matter: the process is gone.
    try? await rig.drive(id)
    let died = rig.faults.isDead
    rig.faults.revive()
    if try await rig.item(id) != nil { try await rig.drive(id) }
    return (rig, id, died)
  }

  @Test(arguments: [false, true])
  func `at any commit, the next process ends the session rightly and repeats no tool call`(
    afterCommit: Bool
  ) async throws {
    var commit = 1
    var died = true
    while died {
      let (rig, id, diedNow) = try await run(dyingAt: commit, afterCommit: afterCommit)
      died = diedNow
      let log = try await rig.log(id)
      let place = Comment("at commit \(commit)")
      let row = try await rig.row(id)
      #expect(row.status == .idle, place)
      // A rehearsed agent does not try again what was interrupted, and is judged by what is there.
      let result: Outcome.Result = rig.hands.wrote("Next") ? .satisfied : .maxIterationsReached
      #expect(row.outcomes[0].result == result, place)
      #expect(try await rig.item(id) == nil, place)
      // Every request and evaluation that began has one end; every call one result.
      let starts = log.filter { $0.type == .modelRequestStart }.map(\.id)
      let ends = log.filter { $0.type == .modelRequestEnd }.compactMap {
        $0.body["model_request_start_id"]?.stringValue
      }
      #expect(starts == ends, place)
      #expect(log.filter { $0.type == .modelRequestEnd && $0.body["is_error"] == true }.count <= 1, place)
      let begun = log.filter { $0.type == .evaluationStart }.map(\.id)
      let ended = log.filter { $0.type == .evaluationEnd }.compactMap {
        $0.body["outcome_evaluation_start_id"]?.stringValue
      }
      #expect(begun == ended, place)
      let evaluations = try await rig.evaluations(id)
      #expect(evaluations.map(\.iteration) == Array(0..<evaluations.count), place)
      #expect(evaluations.last?.evaluation.result == result, place)
      #expect(evaluations.count == ended.count, place)
      let uses = log.filter { $0.type == .agentToolUse }.map(\.id)
      let results = log.filter { $0.type == .agentToolResult }.compactMap {
        $0.body["tool_use_id"]?.stringValue
      }
      #expect(uses.sorted() == results.sorted(), place)
      // A call is made once at most, although it may count as interrupted.
      let counted = Dictionary(grouping: rig.hands.calls.filter { !$0.hasPrefix("check") }) { $0 }
      #expect(counted["look"]?.count ?? 0 <= 1, place)
      #expect(counted["write brief.md"]?.count ?? 0 <= 2, place)
      // And the conversation is one the Messages API takes.
      checkAlternation(Conversation.messages(log), place)
      if !diedNow {
        #expect(rig.hands.calls.filter { $0.hasPrefix("write") }.count == 2)
        #expect(evaluations.count == 3)
      }
      commit += 1
      try #require(commit < 100)
    }
    #expect(commit > 15)
  }

  /// The first message is the user's, and the roles alternate.
  private func checkAlternation(_ messages: [JSON], _ place: Comment) {
    for (number, message) in messages.enumerated() {
      #expect(message["role"] == (number % 2 == 0 ? "user" : "assistant"), place)
    }
  }

  @Test func `a call that was running counts as interrupted, and is not made again`() async throws {
    let model = ScriptedModel(.tools(("bash", ["command": "hang"])), .text("Then not."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    let drive = Task { try await rig.drive(id) }
    await rig.hands.beganHanging.wait()
    drive.cancel()
    await #expect(throws: CancellationError.self) { try await drive.value }
    try await rig.drive(id)
    #expect(rig.hands.calls == ["hang"])
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.tool_use bash allow", `An interrupt`.gone, "agent.message Then not.",
        "session.status_idle end_turn",
      ])
  }

  @Test func `an open request is charged, and asked again`() async throws {
    let model = ScriptedModel(.silence, .text("Hello."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    let drive = Task { try await rig.drive(id) }
    await model.beganSilence.wait()
    drive.cancel()
    await #expect(throws: CancellationError.self) { try await drive.value }
    try await rig.drive(id)
    #expect(
      try await rig.story(id) == TurnStory.opening + [
        "span.model_request_start", "span.model_request_end error", "span.model_request_start",
        "agent.message Hello.", "span.model_request_end",
      ] + TurnStory.closing)
    #expect(try await rig.row(id).usage.inputTokens > 10)
  }

  @Test func `a call that was allowed but not answered is not made`() async throws {
    let rig = try await Rig(model: ScriptedModel(.tools(("bash", ["command": "hang"])), .text("Done.")))
    let id = try await rig.session(agent: `Calls that need somebody`.asking)
    try await rig.drive(id)
    let use = try await rig.row(id).blocked[0]
    try await rig.send(
      id, NewEvent(.userToolConfirmation, ["tool_use_id": .string(use), "result": "allow"]))
    let drive = Task { try await rig.drive(id) }
    await rig.hands.beganHanging.wait()
    drive.cancel()
    await #expect(throws: CancellationError.self) { try await drive.value }
    try await rig.drive(id)
    #expect(rig.hands.calls == ["hang"])
    #expect(try await rig.story(id).contains(`An interrupt`.gone))
  }

  @Test func `an interrupt of a waiting session that was taken but not applied is applied`() async throws {
    let rig = try await Rig(model: ScriptedModel(.tools(("bash", ["command": "a"]))))
    let id = try await rig.session(agent: `Calls that need somebody`.asking)
    try await rig.drive(id)
    try await rig.send(id, NewEvent(.userInterrupt))
    // The first commit takes the interrupt; the next would close the call.
    for commit in 1...6 {
      rig.faults.die(at: commit, afterCommit: true)
      // The process is gone at that commit.
      try? await rig.drive(id)
      rig.faults.revive()
      if try await rig.item(id) == nil { break }
    }
    if try await rig.item(id) != nil { try await rig.drive(id) }
    #expect(try await rig.deeds(id).filter { $0 == `An interrupt`.gone }.count == 1)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
    #expect(try await rig.row(id).blocked.isEmpty)
  }
}
