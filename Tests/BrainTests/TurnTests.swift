import JSON
import Primitives
import Testing

@testable import Brain
@testable import Sessions

@Suite struct `A turn` {
  @Test func `without tools is recorded in the order of the wire`() async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Hello.")))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.story(id) == TurnStory.opening + [
        "span.model_request_start", "agent.message Hello.", "span.model_request_end",
      ] + TurnStory.closing)
    #expect(try await rig.item(id) == nil)
    #expect(try await rig.row(id).usage == Usage(input: 10, output: 5))
  }

  @Test func `runs the tools and asks again with their results`() async throws {
    let model = ScriptedModel(
      .reply(
        ModelReply(
          content: [
            ["type": "thinking", "thinking": "hm", "signature": "s"], ["type": "text", "text": "Looking."],
            ["type": "tool_use", "id": "toolu_1", "name": "bash", "input": ["command": "ls"]],
          ], stopReason: "tool_use")), .text("Done."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.story(id) == TurnStory.opening + [
        "span.model_request_start", "agent.thinking", "agent.message Looking.", "agent.tool_use bash allow",
        "span.model_request_end", "agent.tool_result ran ls", "span.model_request_start",
        "agent.message Done.", "span.model_request_end",
      ] + TurnStory.closing)
    let second = model.asked[1]
    #expect(
      second.messages == [
        ["role": "user", "content": [["type": "text", "text": "Go."]]],
        [
          "role": "assistant",
          "content": [
            ["type": "thinking", "thinking": "hm", "signature": "s"], ["type": "text", "text": "Looking."],
            ["type": "tool_use", "id": "toolu_1", "name": "bash", "input": ["command": "ls"]],
          ],
        ],
        [
          "role": "user",
          "content": [
            ["type": "tool_result", "tool_use_id": "toolu_1", "content": "ran ls"]
          ],
        ],
      ])
    #expect(second.system.hasPrefix("Be brief."))
    #expect(
      second.tools.map { $0["name"] }
        == ["bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search"])
  }

  @Test func `runs the tools of one reply at the same time`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(
        .tools(("bash", ["command": "meet"]), ("bash", ["command": "meet"])), .text("Done.")))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(rig.hands.calls == ["meet", "meet"])
  }

  @Test func `denies a tool that is not there, and goes on`() async throws {
    let rig = try await Rig(model: ScriptedModel(.tools(("fly", [:])), .text("Then not.")))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.tool_use fly deny",
        "agent.tool_result error There is no tool fly here. Available: bash, read, write, edit, glob, grep, web_fetch, web_search.",
        "agent.message Then not.", "session.status_idle end_turn",
      ])
    #expect(rig.hands.calls.isEmpty)
  }

  @Test func `that ends with nothing sends nothing back`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "ls"])), .reply(ModelReply(content: [], stopReason: "end_turn")),
      .text("Again."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    try await rig.send(id, .message("And?"))
    try await rig.drive(id)
    #expect(model.asked[2].messages.map { $0["role"] } == ["user", "assistant", "user"])
    #expect(model.asked[2].messages[2]["content"]?.arrayValue?.map { $0["type"] } == ["tool_result", "text"])
  }

  @Test func `takes messages that came meanwhile before it ends`() async throws {
    let model = ScriptedModel(.tools(("bash", ["command": "hang"])), .text("One."), .text("Two."))
    let rig = try await Rig(model: model)
    let id = try await rig.session(inputs: [.message("A"), .message("B")])
    let drive = Task { try await rig.drive(id) }
    await rig.hands.beganHanging.wait()
    try await rig.send(id, .message("C"), NewEvent(.userInterrupt))
    try await drive.value
    try await rig.drive(id)
    #expect(model.asked[0].messages[0]["content"]?.arrayValue?.compactMap { $0["text"] } == ["A", "B"])
    #expect(
      model.asked[1].messages.last?["content"]?.arrayValue?.map { $0["type"] } == ["tool_result", "text"])
  }

  @Test func `never runs a tool call that was cut, and raises the limit`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "whole"]), ("bash", ["command": "cu"]), stop: "max_tokens"), .text("Done."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(rig.hands.calls == ["whole"])
    #expect(model.asked.map(\.maxTokens) == [32_000, 64_000])
    #expect(
      model.asked[1].messages.last?["content"]?.arrayValue?.map { $0["type"] } == ["tool_result", "text"])
    #expect(model.asked[1].messages.last?["content"]?[1]?["text"]?.stringValue == Conversation.cutNotice)
  }

  @Test func `ends after three replies that were cut`() async throws {
    let model = ScriptedModel(
      .text("a", stop: "max_tokens"), .text("b", stop: "max_tokens"), .text("c", stop: "max_tokens"))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(model.asked.count == 3)
    #expect(try await rig.story(id).suffix(3) == TurnStory.closing[...])
  }

  @Test func `that is refused says so and leaves the refused reply out`() async throws {
    let model = ScriptedModel(
      .reply(
        ModelReply(
          content: [["type": "text", "text": "I can't"]], stopReason: "refusal",
          stopDetails: ["type": "refusal", "category": "cyber"])), .text("Fine."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle refusal")
    let idle = try await rig.log(id).last
    #expect(idle?.body["stop_details"]?["category"] == "cyber")
    try await rig.send(id, .message("Something else."))
    try await rig.drive(id)
    #expect(model.asked[1].messages.count == 1)
  }

  @Test(arguments: ["end_turn", "stop_sequence", "something_new"])
  func `ends with any stop reason it does not know`(reason: String) async throws {
    let rig = try await Rig(model: ScriptedModel(.text("Hello.", stop: reason)))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
  }

  @Test func `goes on after a pause`() async throws {
    let model = ScriptedModel(.text("Wait.", stop: "pause_turn"), .text("Done."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(model.asked[1].messages.last?["content"]?[0]?["text"] == "Go on.")
  }

  @Test func `with too many rounds of tools is stopped`() async throws {
    var limits = EmbeddedDriver.Limits()
    limits.rounds = 2
    let model = ScriptedModel(
      .tools(("bash", ["command": "a"])), .tools(("bash", ["command": "b"]), id: "other"))
    let rig = try await Rig(model: model, limits: limits)
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(rig.hands.calls == ["a", "b"])
    #expect(
      try await rig.deeds(id).suffix(2) == [
        "session.error tool_use_limit_reached_error exhausted", "session.status_idle retries_exhausted",
      ])
  }

  @Test func `renames calls whose name was used before`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "a"]), id: "same"), .tools(("bash", ["command": "b"]), id: "same"),
      .text("Done."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    let names = model.asked[2].messages.flatMap { $0["content"]?.arrayValue ?? [] }
      .filter { $0["type"]?.stringValue == "tool_use" }.compactMap { $0["id"]?.stringValue }
    #expect(names.count == 2)
    #expect(Set(names).count == 2)
    #expect(names[0] == "same_0")
  }

  @Test func `ends the session when the sandbox cannot work`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(.tools(("bash", ["command": "ls"]))),
      hands: ScriptedHands(broken: "bubblewrap is missing."))
    let id = try await rig.session()
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(4) == [
        "agent.tool_use bash allow",
        "agent.tool_result error The sandbox cannot work: bubblewrap is missing.",
        "session.error unknown_error terminal", "session.status_terminated",
      ])
  }
}

@Suite struct `Calls that need somebody` {
  static let asking = Rig.agent(tools: [
    [
      "type": "agent_toolset_20260401",
      "configs": [["name": "bash", "permission_policy": ["type": "always_ask"]]],
    ]
  ])

  private func confirmation(_ call: String, _ result: String, _ message: String? = nil) -> NewEvent {
    var body: JSON.Object = ["tool_use_id": .string(call), "result": .string(result)]
    if let message { body["deny_message"] = .string(message) }
    return NewEvent(.userToolConfirmation, body)
  }

  @Test func `wait for every answer, then run what is allowed and tell what is denied`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(
        .tools(("bash", ["command": "a"]), ("bash", ["command": "b"])), .text("Done."), .text("Again.")))
    let id = try await rig.session(agent: Self.asking)
    try await rig.drive(id)
    let uses = try await rig.row(id).blocked
    #expect(uses.count == 2)
    #expect(rig.hands.calls.isEmpty)
    #expect(try await rig.item(id) == nil)

    try await rig.send(id, confirmation(uses[0], "allow"))
    try await rig.drive(id)
    #expect(rig.hands.calls.isEmpty)
    #expect(try await rig.row(id).blocked == [uses[1]])
    let told = try await rig.log(id).last { $0.type == .statusIdle }
    #expect(told?.body["stop_reason"]?["event_ids"] == [.string(uses[1])])
    // Driven again without cause, it says nothing again.
    let length = try await rig.log(id).count
    try await rig.send(id, NewEvent(.userMessage, ["content": [["type": "text", "text": "Hello?"]]]))
    try await rig.drive(id)
    #expect(try await rig.log(id).count == length)

    try await rig.send(id, confirmation(uses[1], "deny", "not today"))
    try await rig.drive(id)
    #expect(rig.hands.calls == ["a"])
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.tool_use bash ask", "agent.tool_use bash ask",
        "session.status_idle requires_action", "user.tool_confirmation",
        "session.status_idle requires_action", "user.tool_confirmation",
        "agent.tool_result error The user denied this call of bash: not today", "agent.tool_result ran a",
        "agent.message Done.", "user.message Hello?", "agent.message Again.", "session.status_idle end_turn",
      ])
    let opened = try await rig.log(id).count { $0.type == .statusRunning }
    #expect(opened == 2)
  }

  @Test func `of a custom tool take the client's result`() async throws {
    let custom: JSON = [
      "type": "custom", "name": "weather", "description": "Says the weather.",
      "input_schema": ["type": "object", "properties": ["city": ["type": "string"]]],
    ]
    let model = ScriptedModel(.tools(("weather", ["city": "Rome"])), .text("Sunny."))
    let rig = try await Rig(model: model)
    let id = try await rig.session(agent: Rig.agent(tools: [custom]))
    try await rig.drive(id)
    let use = try await rig.row(id).blocked[0]
    try await rig.send(
      id,
      NewEvent(
        .userCustomToolResult,
        ["custom_tool_use_id": .string(use), "content": [["type": "text", "text": "sun"]]]))
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id) == [
        "user.message Go.", "agent.custom_tool_use weather", "session.status_idle requires_action",
        "user.custom_tool_result", "agent.message Sunny.", "session.status_idle end_turn",
      ])
    #expect(model.asked[0].tools.map { $0["name"] } == ["weather"])
    #expect(model.asked[1].messages.last?["content"]?[0]?["content"] == "sun")
  }

  @Test func `of a session whose tools run elsewhere wait for that worker`() async throws {
    let rig = try await Rig(model: ScriptedModel(.tools(("bash", ["command": "a"])), .text("Done.")))
    let id = try await rig.session(environment: ["type": "self_hosted"])
    try await rig.drive(id)
    let use = try await rig.row(id).blocked[0]
    try await rig.send(
      id,
      NewEvent(.userToolResult, ["tool_use_id": .string(use), "content": [["type": "text", "text": "x"]]]))
    try await rig.drive(id)
    #expect(rig.hands.calls.isEmpty)
    #expect(try await rig.story(id).last == "session.status_idle end_turn")
  }

  @Test func `of the web run on the server wherever the others run`() async throws {
    let rig = try await Rig(
      model: ScriptedModel(.tools(("web_search", ["query": "a"]), ("bash", ["command": "a"])), .text("Done."))
    )
    let id = try await rig.session(environment: ["type": "self_hosted"])
    try await rig.drive(id)
    let log = try await rig.log(id)
    let uses = log.filter { $0.type == .agentToolUse }
    #expect(try await rig.row(id).blocked == uses.filter { $0.body["name"] == "bash" }.map(\.id))
    let results = log.filter { $0.type == .agentToolResult }
    #expect(results.map { $0.body["tool_use_id"] } == [uses.first.map { .string($0.id) }])
  }

  @Test func `are closed by an interrupt without asking the model`() async throws {
    let model = ScriptedModel(.tools(("bash", ["command": "a"])))
    let rig = try await Rig(model: model)
    let id = try await rig.session(agent: Self.asking)
    try await rig.drive(id)
    try await rig.send(id, NewEvent(.userInterrupt))
    try await rig.drive(id)
    #expect(
      try await rig.deeds(id).suffix(3) == [
        "user.interrupt",
        "agent.tool_result error Tool execution was interrupted before completion. Please retry.",
        "session.status_idle end_turn",
      ])
    #expect(model.asked.count == 1)
    #expect(try await rig.row(id).blocked.isEmpty)
  }
}
