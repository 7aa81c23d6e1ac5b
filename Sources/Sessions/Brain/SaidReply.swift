import JSON
import Sessions

/// A model's reply as it enters the log.
///
/// Two things are put right, because the conversation could not go on with them: a tool call at the end of a
/// reply that was cut is left out (it may be incomplete), and calls whose name is no name, or was used before,
/// get another.
struct SaidReply: Sendable {
  /// The ids that the reply's events will have; known beforehand, for glimpses.
  struct EventIDs: Sendable {
    var message: String
    var thinking: String
  }

  private let reply: ModelReply
  private let ids: EventIDs
  /// The blocks as they will be sent back.
  private var content: [JSON]
  private var calls: [(block: JSON, modelsName: String, event: String)] = []

  /// - Parameters:
  ///   - takenNames: what the model called its earlier calls.
  ///   - ids: of the message and the thinking.
  ///   - makeID: ids for events.
  init(_ reply: ModelReply, takenNames: Set<String>, ids: EventIDs, makeID: () -> String) {
    self.reply = reply
    self.ids = ids
    content = reply.content
    if StopReasons.cutting.contains(reply.stopReason), content.last.map(SaidReply.isCall) == true {
      content.removeLast()
    }
    if reply.stopReason == StopReasons.refusal { return }
    var taken = takenNames
    for place in content.indices where SaidReply.isCall(content[place]) {
      let event = makeID()
      var name = content[place]["id"]?.stringValue ?? ""
      if !SaidReply.isName(name) || taken.contains(name) {
        name = "toolu_" + event.drop { $0 != "_" }.dropFirst()
        content[place]["id"] = .string(name)
      }
      if content[place]["input"]?.objectValue == nil { content[place]["input"] = [:] }
      taken.insert(name)
      calls.append((content[place], name, event))
    }
  }

  /// All that the reply says, in the order of the wire, with the end of its request.
  /// - Parameter start: the event that opened the request.
  func events(start: String, toolbox: Toolbox) -> [NewEvent] {
    var events: [NewEvent] = []
    if content.contains(where: SaidReply.isThinking) {
      events.append(NewEvent(.agentThinking, id: ids.thinking))
    }
    let texts = content.filter { $0["type"]?.stringValue == "text" }
      .flatMap { Blocks.text($0["text"]?.stringValue ?? "") }
    if !texts.isEmpty {
      events.append(NewEvent(.agentMessage, ["content": .array(texts)], id: ids.message))
    }
    var denials: [NewEvent] = []
    for call in calls {
      let use = toolbox.use(call.block, event: call.event)
      events.append(use)
      if use.body["evaluated_permission"]?.stringValue == "deny" { denials.append(denial(call, toolbox)) }
    }
    events.append(end(start))
    events += denials
    return events
  }

  private func end(_ start: String) -> NewEvent {
    var hidden: JSON.Object = ["stop_reason": .string(reply.stopReason), "content": .array(content)]
    if let details = reply.stopDetails { hidden["stop_details"] = details }
    if !calls.isEmpty {
      hidden["calls"] = .object(
        JSON.Object(uniqueKeysWithValues: calls.map { ($0.modelsName, .string($0.event)) }))
    }
    return NewEvent(
      .modelRequestEnd,
      ["model_request_start_id": .string(start), "is_error": false, "model_usage": reply.usage.json],
      hidden: .object(hidden))
  }

  private func denial(
    _ call: (block: JSON, modelsName: String, event: String), _ toolbox: Toolbox
  ) -> NewEvent {
    let name = call.block["name"]?.stringValue ?? ""
    return NewEvent(
      .agentToolResult,
      [
        "tool_use_id": .string(call.event),
        "content": [["type": "text", "text": .string(toolbox.denial(of: name))]], "is_error": true,
      ])
  }

  private static func isCall(_ block: JSON) -> Bool { block["type"]?.stringValue == "tool_use" }

  private static func isThinking(_ block: JSON) -> Bool {
    block["type"]?.stringValue == "thinking" || block["type"]?.stringValue == "redacted_thinking"
  }

  /// What the Messages API takes as the id of a tool call.
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
        default: false
        }
      }
  }
}

extension Event {
  /// What the model called the tool calls of this reply.
  var modelsCallNames: [String] { hidden?["calls"]?.objectValue?.keys ?? [] }
}
