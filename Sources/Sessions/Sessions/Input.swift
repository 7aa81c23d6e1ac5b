package import JSON
package import Reading

/// Reads what clients send into a session: each event by itself, without regard to the session's state.
package enum Input {
  /// The longest text of a rubric, in characters.
  static let rubricLimit = 262_144
  /// The most events of one request.
  package static let limit = 1000

  private static let types: [EventType] = [
    .userMessage, .userInterrupt, .userToolConfirmation, .userCustomToolResult, .userToolResult,
    .userDefineOutcome, .systemMessage,
  ]

  /// Nil, with notes, when something is wrong with it.
  /// - Parameter allowed: the types that may come here.
  package static func read(
    _ json: JSON, at path: FieldPath, allowing allowed: [EventType]? = nil, _ findings: Findings
  ) -> NewEvent? {
    let before = findings.problems.count
    guard let head = Fields(json, at: path, "an event", keys: nil, findings),
      let name = head.choice("type", of: (allowed ?? types).map(\.rawValue), required: true),
      let type = EventType(rawValue: name)
    else { return nil }
    guard let event = Fields(json, at: path, "a \(name) event", keys: ["type"] + keys(of: type), findings)
    else { return nil }
    check(event, type)
    guard findings.problems.count == before else { return nil }
    var body = event.object
    for (key, value) in event.object where key == "type" || value.isNull { body[key] = nil }
    return NewEvent(type, body)
  }

  private static func keys(of type: EventType) -> [String] {
    switch type {
    case .userInterrupt: ["session_thread_id"]
    case .userMessage, .systemMessage: ["content"]
    case .userToolConfirmation: ["tool_use_id", "result", "deny_message", "session_thread_id"]
    case .userCustomToolResult: ["custom_tool_use_id", "content", "is_error", "session_thread_id"]
    case .userToolResult: ["tool_use_id", "content", "is_error", "session_thread_id"]
    default: ["description", "rubric", "max_iterations"]
    }
  }

  private static func check(_ event: Fields, _ type: EventType) {
    let id = 1...128
    switch type {
    case .userMessage:
      ContentBlocks.message.check(event, required: true)
      requireSubstance(event)
    case .systemMessage:
      ContentBlocks.system.check(event, required: true)
      requireSubstance(event)
    case .userInterrupt:
      _ = event.text("session_thread_id", length: id)
    case .userToolConfirmation:
      _ = event.text("tool_use_id", required: true, length: id)
      let result = event.choice("result", of: ["allow", "deny"], required: true)
      if event.text("deny_message", length: 0...10_000) != nil, result == "allow" {
        event.add("deny_message", "It is for \"deny\" only; leave it out.")
      }
    case .userCustomToolResult, .userToolResult:
      let key = type == .userToolResult ? "tool_use_id" : "custom_tool_use_id"
      _ = event.text(key, required: true, length: id)
      ContentBlocks.result.check(event, required: false)
      _ = event.flag("is_error")
    default: checkOutcome(event)
    }
  }

  /// A model cannot be asked with nothing but spaces.
  private static func requireSubstance(_ event: Fields) {
    let blocks = event["content"]?.arrayValue ?? []
    let isBlank = blocks.allSatisfy { $0["text"]?.stringValue?.allSatisfy(\.isWhitespace) == true }
    if !blocks.isEmpty, isBlank { event.add("content", "Expected something besides spaces.") }
  }

  private static func checkOutcome(_ event: Fields) {
    _ = event.text("description", required: true)
    _ = event.whole("max_iterations", in: 1...Outcome.maximumIterations)
    guard let rubric = event.fields("rubric", "a rubric", keys: nil, required: true) else { return }
    switch rubric.choice("type", of: ["text", "file"], required: true) {
    case "text":
      let text = event.fields("rubric", "a rubric", keys: ["type", "content"])?
        .text("content", required: true, length: 1...rubricLimit)
      if text?.allSatisfy(\.isWhitespace) == true {
        rubric.add("content", "The rubric is empty; say how the result is judged.")
      }
    case "file":
      _ = event.fields("rubric", "a rubric", keys: ["type", "file_id"])?
        .text("file_id", required: true, length: 1...128)
    default: break
    }
  }
}
