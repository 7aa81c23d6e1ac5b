import JSON
import Primitives
import Testing

@testable import Brain
@testable import Outcomes
@testable import Sessions

@Suite struct `The conversation` {
  private func event(_ type: EventType, _ body: JSON.Object = [:], hidden: JSON? = nil, id: String = "e")
    -> Event
  {
    Event(
      id: id, type: type, body: body, hidden: hidden, position: 1, arrival: nil, revision: 1, processedAt: nil
    )
  }

  private func said(_ text: String) -> Event {
    event(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }

  private func reply(_ content: [JSON], stop: String = "end_turn", calls: JSON? = nil) -> Event {
    var hidden: JSON = ["stop_reason": .string(stop), "content": .array(content)]
    if let calls { hidden["calls"] = calls }
    return event(.modelRequestEnd, hidden: hidden)
  }

  private func result(_ call: String, _ text: String) -> Event {
    event(
      .agentToolResult,
      [
        "tool_use_id": .string(call), "content": [["type": "text", "text": .string(text)]], "is_error": false,
      ])
  }

  /// Roles with the types and texts of their blocks.
  private func outline(_ log: [Event]) -> [String] {
    Conversation.messages(log).map { message in
      let blocks = message["content"]?.arrayValue?.map { block -> String in
        let text = block["text"]?.stringValue ?? block["content"]?.stringValue ?? ""
        return block["type"]?.stringValue == "text" ? text : "\(block["type"]?.stringValue ?? "")(\(text))"
      }
      return "\(message["role"]?.stringValue ?? ""): " + (blocks ?? []).joined(separator: ", ")
    }
  }

  static let twoCalls: [JSON] = [
    ["type": "tool_use", "id": "t1", "name": "bash", "input": [:]],
    ["type": "tool_use", "id": "t2", "name": "bash", "input": [:]],
  ]

  @Test func `puts queued messages into one`() {
    #expect(outline([said("a"), said("b")]) == ["user: a, b"])
  }

  @Test func `has results first and in the order of the calls, however the log has them`() {
    let log = [
      said("go"), reply(Self.twoCalls, stop: "tool_use", calls: ["t1": "e1", "t2": "e2"]), said("and"),
      result("e2", "two"), result("e1", "one"), result("e1", "again"),
    ]
    #expect(
      outline(log) == [
        "user: go", "assistant: tool_use(), tool_use()", "user: tool_result(one), tool_result(two), and",
      ])
  }

  @Test func `answers a call without a result as interrupted`() {
    let log = [said("go"), reply([Self.twoCalls[0]], stop: "tool_use", calls: ["t1": "e1"])]
    let block = Conversation.messages(log)[2]["content"]?[0]
    #expect(block?["is_error"] == true)
    #expect(block?["content"]?.stringValue?.hasPrefix("Tool execution was interrupted") == true)
  }

  @Test func `leaves out what was never taken, requests that failed, and empty replies`() {
    var flushed = said("late")
    flushed.hidden = ["flushed": "the model's retries were exhausted"]
    let log = [
      said("a"), event(.modelRequestEnd, ["is_error": true]), flushed, reply([]),
      reply([["type": "text", "text": " \n"]]),
      reply([["type": "thinking", "thinking": "hm", "signature": "s"]]), said("b"),
    ]
    #expect(outline(log) == ["user: a, b"])
  }

  @Test func `sends thinking back unchanged, and the unsigned to other servers than the official one only`() {
    let thinking: JSON = ["type": "thinking", "thinking": "", "signature": "s"]
    let log = [
      said("a"),
      reply([
        thinking, ["type": "redacted_thinking", "data": "x"], ["type": "thinking", "thinking": "hm"],
        ["type": "text", "text": "b"],
      ]),
    ]
    let messages = Conversation.messages(log)
    let request = ModelRequest(purpose: .turn, model: ["id": "m"], system: "", tools: [], messages: messages)
    let (redacted, text): (JSON, JSON) = (
      ["type": "redacted_thinking", "data": "x"], ["type": "text", "text": "b"]
    )
    #expect(messages[1]["content"] == [thinking, redacted, ["type": "thinking", "thinking": "hm"], text])
    #expect(
      MessagesRequest.body(request, isOfficial: true)["messages"]?[1]?["content"]
        == [thinking, redacted, text])
  }

  @Test func `tells the outcome and what to revise`() {
    let evaluation = Evaluation(result: .needsRevision, explanation: "Too long.")
    let log = [
      event(
        .userDefineOutcome,
        ["description": "A brief.", "rubric": ["type": "text", "content": "Is short."]]),
      reply([["type": "text", "text": "done"]]),
      event(
        .evaluationEnd, ["result": "needs_revision", "explanation": "Too long."], hidden: evaluation.hidden),
    ]
    let messages = Conversation.messages(log)
    #expect(messages.count == 3)
    #expect(messages[0]["content"]?[0]?["text"]?.stringValue?.contains("Is short.") == true)
    #expect(messages[2]["content"]?[0]?["text"]?.stringValue?.contains("Too long.") == true)
  }

  @Test func `keeps images, and names files that are not here`() {
    let image: JSON = [
      "type": "image", "source": ["type": "base64", "media_type": "image/png", "data": "AA=="],
    ]
    let log = [
      event(
        .userMessage,
        ["content": [image, ["type": "document", "source": ["type": "file", "file_id": "file_1"]]]])
    ]
    #expect(
      Conversation.messages(log)[0]["content"]
        == [image, ["type": "text", "text": "(The file file_1 cannot be shown here.)"]])
  }

  @Test func `only ever grows from request to request`() async throws {
    let model = ScriptedModel(
      .tools(("bash", ["command": "a"]), ("bash", ["command": "b"])), .text("cut", stop: "max_tokens"),
      .reply(ModelReply(content: [], stopReason: "end_turn")), .text("Done."), .verdict("needs_revision"),
      .tools(("fly", [:]), id: "fly"), .text("Better."), .verdict("needs_revision"), .text("I see."))
    let rig = try await Rig(model: model)
    let id = try await rig.session()
    try await rig.drive(id)
    try await rig.send(id, .message("More."), .outcome(2))
    try await rig.drive(id)
    let asked = model.asked.filter { $0.purpose == .turn }
    #expect(asked.count == 7)
    for (earlier, later) in zip(asked, asked.dropFirst()) {
      let before = flat(earlier.messages)
      #expect(Array(flat(later.messages).prefix(before.count)) == before)
      #expect(earlier.system == later.system)
      #expect(earlier.tools == later.tools)
      #expect(later.messages.last?["role"] == "user")
    }
  }

  /// Every block with its role, in order.
  private func flat(_ messages: [JSON]) -> [JSON] {
    messages.flatMap { message in
      (message["content"]?.arrayValue ?? []).map { ["role": message["role"] ?? .null, "block": $0] }
    }
  }
}

@Suite struct `The system prompt` {
  private func session(in environment: JSON) -> Session {
    Session(
      NewSession(agent: Rig.agent(), environmentID: nil, environment: environment), id: "sesn_1",
      thread: "sthr_1", at: Timestamp(seconds: 0))
  }

  @Test func `names the places of the sandbox and the mounted files`() {
    let prompt = Prompt.system(
      author: "Be brief.", mounts: ["/mnt/session/uploads/activity/log.txt"], sandbox: "without network")
    #expect(prompt.hasPrefix("Be brief.\n\nYour tools work in a sandbox without network."))
    #expect(prompt.contains("- /mnt/session/outputs is for what you deliver"))
    #expect(prompt.contains("  - /mnt/session/uploads/activity/log.txt"))
  }

  @Test(
    arguments: [
      (["type": "cloud"], "a sandbox without network."),
      (["type": "cloud", "networking": ["type": "none"]], "a sandbox without network."),
      (
        ["type": "cloud", "networking": ["type": "unrestricted"]],
        "a sandbox that reaches the web through a proxy, which HTTP_PROXY and HTTPS_PROXY name."
      ),
      (
        [
          "type": "cloud",
          "networking": ["type": "limited", "allowed_hosts": ["api.example.com", "*.example.org"]],
        ],
        "a sandbox that reaches, through the proxy that HTTP_PROXY and HTTPS_PROXY name, only api.example.com, "
          + "*.example.org."
      ),
    ] as [(JSON, String)])
  func `says what the sandbox reaches`(environment: JSON, sentence: String) {
    let prompt = Prompt.system(session(in: environment), Toolbox(agent: Rig.agent(), Rig.tools), [])
    #expect(prompt.contains("Your tools work in \(sentence)\n"), "\(prompt)")
  }

  @Test func `says nothing of a place that a worker of the client has`() {
    #expect(
      !Prompt.system(session(in: ["type": "self_hosted"]), Toolbox(agent: Rig.agent(), Rig.tools), [])
        .contains(
          "sandbox"))
  }

  @Test func `says nothing of a sandbox to an agent without tools`() {
    #expect(!Prompt.system(author: "", mounts: [], sandbox: nil).contains("sandbox"))
  }

  @Test func `names 50 files at most`() {
    let prompt = Prompt.system(author: "", mounts: (0..<60).map { "/m/\($0)" }, sandbox: "without network")
    #expect(prompt.contains("/m/49\n"))
    #expect(prompt.contains("and 10 more"))
  }
}

@Suite struct `The toolbox` {
  private func permission(_ agent: JSON, _ tool: String) -> String? {
    Toolbox(agent: agent, Rig.tools).use(["name": .string(tool), "input": [:]], event: "e")
      .body["evaluated_permission"]?.stringValue
  }

  static let agent = Rig.agent(tools: [
    [
      "type": "agent_toolset_20260401",
      "default_config": ["enabled": true, "permission_policy": ["type": "always_ask"]],
      "configs": [
        ["name": "read", "enabled": true, "permission_policy": ["type": "always_allow"]],
        ["name": "write", "enabled": false], ["name": "edit", "permission_policy": ["type": "auto"]],
      ],
    ]
  ])

  @Test(arguments: [
    ("bash", "ask"), ("read", "allow"), ("write", "deny"), ("edit", "ask"), ("grep", "ask"), ("fly", "deny"),
  ])
  func `applies the policies`(tool: String, expected: String) {
    #expect(permission(Self.agent, tool) == expected)
  }

  @Test func `offers what is enabled`() {
    #expect(
      Toolbox(agent: Self.agent, Rig.tools).definitions.map { $0["name"] }
        == ["bash", "read", "edit", "glob", "grep", "web_fetch", "web_search"])
    #expect(Toolbox(agent: ["name": "x"], Rig.tools).definitions.isEmpty)
    #expect(
      Toolbox(agent: ["name": "x"], Rig.tools).denial(of: "bash")
        == "There is no tool bash here. There are no tools.")
  }

  @Test func `writes no evaluation for a tool that is not enabled`() {
    let use = Toolbox(agent: Self.agent, Rig.tools).use(["name": "write"], event: "e")
    #expect(use.body["evaluation"] == nil)
    #expect(
      Toolbox(agent: Self.agent, Rig.tools).use(["name": "read"], event: "e").body["evaluation"] == [
        "type": "always_allow"
      ])
  }
}
