import JSON
import Primitives
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

@Suite struct `A conversation that grows too long` {
  /// Answers by how far the conversation has come, and holds every request against the rules of the Messages API.
  final class StrictModel: Model {
    private let window: Int?
    private let turns: Int
    private let bytes: Int
    private let state = Lock<(problems: [String], asked: [ModelRequest])>(([], []))

    /// - Parameters:
    ///   - window: the most tokens of a request and its reply; nil is no limit.
    ///   - turns: how many tool calls come before the last reply.
    ///   - bytes: how long each call is.
    init(window: Int?, turns: Int, bytes: Int) {
      self.window = window
      self.turns = turns
      self.bytes = bytes
    }

    var problems: [String] { state.withLock { $0.problems } }
    var asked: [ModelRequest] { state.withLock { $0.asked } }

    func reply(to request: ModelRequest) async throws -> ModelReply {
      let number = request.summarised + request.messages.count { $0["role"]?.stringValue == "assistant" }
      state.withLock { state in
        state.asked.append(request)
        state.problems += Self.problems(of: request).map { "Reply \(number): \($0)" }
        let size = Self.tokens(of: request)
        if let window, size + request.maxTokens > window {
          state.problems.append("Reply \(number): \(size) tokens do not fit.")
        }
      }
      let usage = Usage(input: Self.tokens(of: request), output: bytes * 2 / 7)
      if request.purpose == .summary {
        return ModelReply(
          content: [["type": "text", "text": "All is well so far."]], stopReason: "end_turn", usage: usage)
      }
      guard number < turns else {
        return ModelReply(content: [["type": "text", "text": "Done."]], stopReason: "end_turn", usage: usage)
      }
      return ModelReply(
        content: [
          ["type": "thinking", "thinking": "hm", "signature": "s"],
          [
            "type": "tool_use", "id": .string("toolu_\(number)"), "name": "bash",
            "input": ["command": .string("\(number) " + String(repeating: "x", count: bytes))],
          ],
        ], stopReason: "tool_use", usage: usage)
    }

    static func tokens(of request: ModelRequest) -> Int {
      let bytes = request.system.utf8.count + JSON.array(request.tools + request.messages).bytes.count
      return bytes * 2 / 7
    }

    /// What the Messages API would refuse.
    private static func problems(of request: ModelRequest) -> [String] {
      var problems: [String] = []
      var open: [String] = []
      var previous = "assistant"
      for message in request.messages {
        let role = message["role"]?.stringValue ?? ""
        if role == previous { problems.append("Two messages of the \(role) in a row.") }
        previous = role
        let blocks = message["content"]?.arrayValue ?? []
        let results = blocks.compactMap { $0["tool_use_id"]?.stringValue }
        if results != open { problems.append("Results of \(results) for calls of \(open).") }
        open = blocks.filter { $0["type"] == "tool_use" }.compactMap { $0["id"]?.stringValue }
      }
      if previous != "user" { problems.append("The last message is not the user's.") }
      return problems
    }
  }

  private func limits(window: Int?) -> EmbeddedDriver.Limits {
    var limits = EmbeddedDriver.Limits()
    limits.window = window
    limits.rounds = 1000
    return limits
  }

  private func text(_ request: ModelRequest) -> String {
    String(decoding: JSON.array(request.messages).bytes, as: UTF8.self)
  }

  @Test func `works for 300 turns within a small window, and the log keeps everything`() async throws {
    let model = StrictModel(window: 12_000, turns: 300, bytes: 700)
    let rig = try await Rig(model: model, limits: limits(window: 12_000))
    let id = try await rig.session(inputs: [.message("Count to 300.")])
    try await rig.drive(id)
    #expect(model.problems.isEmpty)
    let log = try await rig.log(id)
    #expect(log.last?.type == .statusIdle)
    #expect(log.last?.body["stop_reason"]?["type"] == "end_turn")
    #expect(log.count { $0.type == .agentToolResult } == 300)
    let summaries = log.filter { $0.type == .contextCompacted }
    #expect(summaries.count > 3 && summaries.count < 100)
    #expect(summaries.allSatisfy { $0.body.isEmpty })
    // What a summary costs is counted like everything else.
    let starts = log.count { $0.type == .modelRequestStart }
    #expect(starts == 301 + summaries.count)
    #expect(text(model.asked.last!).contains("All is well so far."))
    #expect(text(model.asked.last!).contains("Count to 300."))
  }

  @Test func `a result that does not fit by itself is shown in part`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "flood"])), .text("A summary."), .text("Done."))
    let rig = try await Rig(model: model, limits: limits(window: 20_000))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.tool_use bash allow", "agent.tool_result \(ScriptedHands.flood)",
        "agent.thread_context_compacted", "agent.message Done.", "session.status_idle end_turn",
      ])
    #expect(model.asked.count == 3)
    let (summary, last) = (model.asked[1], model.asked[2])
    #expect(summary.purpose == .summary && summary.tools.isEmpty)
    #expect(text(summary).contains("The flood begins"))
    #expect(StrictModel.tokens(of: summary) < 15_000)
    #expect(StrictModel.tokens(of: last) < 15_000)
    #expect(text(last).contains("A summary.") && text(last).contains("Go."))
  }

  @Test(arguments: [false, true])
  func `a death at any commit changes nothing of what the model is shown`(afterCommit: Bool) async throws {
    var commit = 1
    var died = true
    var openings: Set<String> = []
    while died {
      let model = StrictModel(window: nil, turns: 12, bytes: 1500)
      let rig = try await Rig(model: model, limits: limits(window: 7_000))
      let id = try await rig.session()
      rig.faults.die(at: commit, afterCommit: afterCommit)
      try? await rig.drive(id)
      died = rig.faults.isDead
      rig.faults.revive()
      if try await rig.item(id) != nil { try await rig.drive(id) }
      let log = try await rig.log(id)
      let place = Comment("at commit \(commit)")
      #expect(model.problems.isEmpty, place)
      #expect(log.last?.body["stop_reason"]?["type"] == "end_turn", place)
      let calls = log.filter { $0.type == .agentToolUse }.compactMap {
        $0.body["input"]?["command"]?.stringValue
      }
      #expect(calls.count == 12 && Set(calls).count == 12, place)
      let ends = log.compactMap { Summary(in: [$0])?.end }
      #expect(!ends.isEmpty && ends == ends.sorted() && Set(ends).count == ends.count, place)
      // From its event on, every request begins with the summary.
      let summary = try #require(Summary(in: log))
      #expect(model.asked.last?.messages.first?["content"]?.arrayValue?.starts(with: summary.opening) == true)
      openings.insert(String(decoding: JSON.array(summary.opening).bytes, as: UTF8.self))
      commit += commit < 8 ? 1 : 5
    }
    #expect(!openings.isEmpty)
  }

  @Test func `is summarised when the server says that it is too long, and the model asked again`()
    async throws
  {
    let refusal = ModelError.refused(status: 400, message: "prompt is too long: 9000 tokens > 8000 maximum")
    let model = ScriptedModel(
      .tools(("bash", ["command": "a"])), .tools(("bash", ["command": "b"]), id: "other"), .failure(refusal),
      .text("A summary."), .text("Done."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3) == [
        "agent.thread_context_compacted", "agent.message Done.", "session.status_idle end_turn",
      ])
    #expect(try await rig.log(id).count { $0.type == .modelRequestEnd && $0.body["is_error"] == true } == 1)
  }

  @Test(arguments: ["model_context_window_exceeded", "refused"])
  func `that no summary makes fit ends the turn with a sentence`(how: String) async throws {
    let tooLong: ScriptedModel.Line =
      how == "refused"
      ? .failure(.refused(status: 400, message: "This model's maximum context length is 4096 tokens."))
      : .text("…", stop: how)
    var lines: [ScriptedModel.Line] = []
    for _ in 0..<20 { lines += [tooLong, .text("A summary.")] }
    let model = ScriptedModel(lines)
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(2) == [
        "session.error compaction_limit_reached_error exhausted", "session.status_idle retries_exhausted",
      ])
    #expect(model.asked.count <= 24)
  }

  @Test func `a model that refuses to summarise is given the end of what it would have read`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "flood"])), .failure(.refused(status: 400, message: "no")), .text("Done."))
    let rig = try await Rig(model: model, limits: limits(window: 20_000))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.deeds(id).last == "session.status_idle end_turn")
    #expect(text(model.asked[2]).contains("The flood begins"))
  }

  @Test func `keeps its outcome, the last verdict and no old thinking`() async throws {
    let long = String(repeating: "y", count: 9_000)
    let model = ScriptedModel(
      .reply(ModelReply(content: Blocks.text("Drafted. \(long)"), stopReason: "end_turn")),
      .verdict("needs_revision", explanation: "Add a table."),
      .text("A summary."),
      .reply(
        ModelReply(
          content: [
            ["type": "thinking", "thinking": "hm", "signature": "s"], ["type": "text", "text": "Revised."],
          ], stopReason: "end_turn")),
      .verdict("satisfied"))
    let rig = try await Rig(model: model, limits: limits(window: 4_000))
    let id = try await rig.session(inputs: [.outcome(rubric: "It has a table.")])
    try await rig.drive(id)
    #expect(try await rig.deeds(id).contains("span.outcome_evaluation_end 1 satisfied"))
    let asked = try #require(model.asked.first { $0.purpose == .turn && text($0).contains("A summary.") })
    #expect(text(asked).contains("A brief.") && text(asked).contains("It has a table."))
    #expect(text(asked).contains("Add a table."))
    #expect(!text(asked).contains(long))
  }

  @Test func `shows the thinking of replies after a summary only`() {
    func reply(_ name: String, _ position: Int64) -> Event {
      Event(
        id: name, type: .modelRequestEnd, body: [:],
        hidden: [
          "stop_reason": "end_turn",
          "content": [
            ["type": "thinking", "thinking": "hm", "signature": .string(name)],
            ["type": "text", "text": .string(name)],
          ],
        ], position: position, arrival: nil, revision: position, processedAt: nil)
    }
    let compacted = Summary.event(end: 1, opening: Blocks.text("In short."), replies: 1)
    let log = [
      reply("dropped", 1), reply("kept", 2),
      Event(
        id: "c", type: .contextCompacted, body: [:], hidden: compacted.hidden, position: 3, arrival: nil,
        revision: 3, processedAt: nil), reply("new", 4),
    ]
    let blocks = Conversation.messages(log).flatMap { $0["content"]?.arrayValue ?? [] }
    #expect(blocks.compactMap { $0["text"]?.stringValue } == ["In short.", "kept", "new"])
    #expect(blocks.compactMap { $0["signature"]?.stringValue } == ["new"])
  }

  @Test(arguments: [
    (["id": "claude-opus-5"] as JSON, nil as Int?, 200_000), ("claude-x", nil, 200_000),
    ("my-own", nil, 128_000),
    (["id": "claude-opus-5"] as JSON, 9_000, 9_000),
  ])
  func `a window is what is known of the model, or what was said`(model: JSON, said: Int?, tokens: Int) {
    #expect(ContextWindow(of: model, limits(window: said)).tokens == tokens)
  }

  @Test(arguments: [("abc", 3, "abc"), ("abcdef", 3, "ab\n[… 3 bytes are left out …]\nf")])
  func `long texts keep their beginning and their end`(text: String, length: Int, shortened: String) {
    #expect(Compaction.shortened(text, to: length) == shortened)
  }

  @Test func `the count of the last reply is what counts, and what came since is estimated`() {
    let reply = Event(
      id: "r", type: .modelRequestEnd,
      body: ["model_usage": Usage(input: 900, output: 50, cacheRead: 50).json],
      hidden: ["stop_reason": "end_turn", "content": [["type": "text", "text": "x"]]], position: 1,
      arrival: nil,
      revision: 1, processedAt: nil)
    let said = Event(
      id: "m", type: .userMessage,
      body: ["content": .array(Blocks.text(String(repeating: "z", count: 3_500)))],
      hidden: nil, position: 2, arrival: nil, revision: 2, processedAt: nil)
    let request = ModelRequest(
      purpose: .turn, model: "m", system: "", tools: [], messages: Conversation.messages([reply, said]),
      maxTokens: 500)
    let tokens = Compaction.tokens(request, [reply, said])
    #expect(tokens > 2_000 && tokens < 2_050)
    #expect(Compaction.isDue(request, [reply, said], ContextWindow(tokens: 2_500)))
    #expect(!Compaction.isDue(request, [reply, said], ContextWindow(tokens: 2_600)))
  }
}
