import HTTPClient
import JSON
import Primitives
import Store
import TestSupport
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

@Suite struct `A rehearsal` {
  private func request(_ purpose: ModelRequest.Purpose, assistantMessages: Int = 0) -> ModelRequest {
    var messages: [JSON] = [["role": "user", "content": []]]
    for _ in 0..<assistantMessages {
      messages += [["role": "assistant", "content": []], ["role": "user", "content": []]]
    }
    return ModelRequest(purpose: purpose, model: .null, system: "", tools: [], messages: messages)
  }

  static let json: JSON = [
    "turns": [
      ["thinking": "hm", "text": "Hi", "tools": [["name": "bash", "input": ["command": "ls"]]]],
      ["text": "Slow.", "delay": 2.5],
    ], "evaluations": [["result": "satisfied", "explanation": "Good.", "delay": 0]],
  ]

  @Test func `finds its line by the number of the agent's messages`() async throws {
    let model = try RehearsalModel(Self.json)
    let first = try await model.reply(to: request(.turn))
    #expect(first.stopReason == "tool_use")
    #expect(first.content.map { $0["type"] } == ["thinking", "text", "tool_use"])
    #expect(first.usage.inputTokens > 0)
    let last = try await model.reply(to: request(.turn, assistantMessages: 2))
    #expect(last.stopReason == "end_turn")
    #expect(last.content[0]["text"] == "That was the last line of the rehearsal.")
  }

  @Test func `takes its time`() async throws {
    let clock = ManualTime(Timestamp(seconds: 0))
    let model = try RehearsalModel(Self.json, time: clock.time)
    let turn = request(.turn, assistantMessages: 1)
    let reply = Task { try await model.reply(to: turn) }
    await clock.sleepers(1)
    clock.advance(by: .milliseconds(2500))
    #expect(try await reply.value.content[0]["text"] == "Slow.")
  }

  @Test func `plays its verdicts by their number, and none that is not there`() async throws {
    let model = try RehearsalModel(Self.json)
    let first = try await model.reply(to: request(.evaluation(iteration: 3, call: 0)))
    #expect(try Grader.verdict(in: first) == Verdict(.satisfied, explanation: "Good."))
    let missing = try await model.reply(to: request(.evaluation(iteration: 4, call: 1)))
    #expect(try Grader.verdict(in: missing).result == .failed)
    #expect(
      try Grader.verdict(in: missing).explanation
        == "The rehearsal has no verdict number 2. Add it to `evaluations`.")
  }

  @Test(
    arguments: [
      ("no", "it must have `turns`"), (["turns": [["delay": 1]]], "turns[0] needs a `text` or `tools`"),
      (["turns": [["thinking": "hm"]]], "turns[0] needs a `text` or `tools`"),
      (["turns": [["tools": [["input": [:]]]]]], "turns[0].tools[0] needs a `name`"),
      (
        ["turns": [["text": "x", "delay": -1]]],
        "turns[0].delay must be a number of seconds, at most 86400"
      ),
      (
        ["evaluations": [["result": "satisfied", "delay": "2s"]]],
        "evaluations[0].delay must be a number of seconds, at most 86400"
      ),
    ] as [(JSON, String)])
  func `that cannot be played says why`(json: JSON, problem: String) {
    #expect(throws: ModelError.unavailable(message: "The rehearsal cannot be played: \(problem).")) {
      try RehearsalModel(json)
    }
  }
}

@Suite struct `Who answers a session` {
  private func model(
    rehearsal: JSON?, key: String?, rehearses: Bool
  ) async throws -> any Model {
    let rig = try await Rig(model: ScriptedModel())
    let row = try await rig.database.write { [sessions = rig.sessions] tx in
      try sessions.create(
        tx, NewSession(agent: [:], environmentID: nil, environment: [:], rehearsal: rehearsal))
    }
    let client = HTTPClient(userAgent: "test")
    return try Models(client: client, baseURL: "", key: key, rehearses: rehearses).model(for: row)
  }

  @Test func `is its rehearsal, if it has one`() async throws {
    #expect(try await model(rehearsal: ["turns": []], key: nil, rehearses: true) is RehearsalModel)
    #expect(try await model(rehearsal: ["turns": []], key: "k", rehearses: false) is RehearsalModel)
  }

  @Test func `is the Messages API with a key`() async throws {
    #expect(try await model(rehearsal: nil, key: "k", rehearses: false) is MessagesModel)
  }

  @Test func `is nobody without a key`() async throws {
    await #expect(
      throws: ModelError.unavailable(
        message: "There is no key for the model. Set ANTHROPIC_API_KEY (any value, if the server at "
          + "ANTHROPIC_BASE_URL asks for none), or start the server with --rehearse to play rehearsals.")
    ) { try await model(rehearsal: nil, key: "", rehearses: false) }
  }

  @Test func `is nobody when the server rehearses and there is no rehearsal`() async throws {
    await #expect(
      throws: ModelError.unavailable(
        message:
          "This server rehearses (--rehearse), and the session has no rehearsal. Add rehearsal.yaml to "
          + "its job, or start the server without --rehearse.")
    ) { try await model(rehearsal: nil, key: "k", rehearses: true) }
  }
}
