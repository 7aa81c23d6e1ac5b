import JSON
import Sessions

/// A tool use in the log, with what was decided about it.
struct Call: Sendable, Equatable {
  enum Permission: String, Sendable {
    case allow, ask, deny
  }

  /// The event's id; the model knows the call by another one.
  var id: String
  var name: String
  var input: JSON
  /// Nil for a custom tool, which the client runs.
  var permission: Permission?
  /// The body of the `user.tool_confirmation`, once there is one.
  var confirmation: JSON.Object?

  init(_ event: Event) {
    id = event.id
    name = event.body["name"]?.stringValue ?? ""
    input = event.body["input"] ?? [:]
    if event.type == .agentToolUse {
      // A call whose permission was not written down waits for somebody.
      permission = event.body["evaluated_permission"]?.stringValue.flatMap(Permission.init) ?? .ask
    }
  }

  /// Whether the tool runs here, or may have run before the process died.
  var mayRun: Bool {
    switch permission {
    case .allow: true
    case .ask: confirmation?["result"]?.stringValue == "allow"
    case .deny, nil: false
    }
  }

  /// Whether the server runs it, and no worker of the client.
  func runsHere(_ situation: Situation) -> Bool { !situation.toolsElsewhere.contains(name) }

  /// Whether it must not run: the tool is not there, or somebody said no.
  var isDenied: Bool {
    permission == .deny
      || permission == .ask && confirmation.map { $0["result"]?.stringValue != "allow" } == true
  }

  /// What the agent is told when the call is denied.
  var denial: ToolResult {
    if permission == .deny { return ToolResult(text: "The tool \(name) is not available.", isError: true) }
    let reason = confirmation?["deny_message"]?.stringValue.map { ": \($0)" } ?? "."
    return ToolResult(text: "The user denied this call of \(name)\(reason)", isError: true)
  }

  func result(_ result: ToolResult) -> NewEvent {
    NewEvent(
      .agentToolResult,
      [
        "tool_use_id": .string(id), "content": .array(result.content), "is_error": .bool(result.isError),
      ], hidden: result.webSearches > 0 ? ["web_searches": JSON(result.webSearches)] : nil)
  }
}

extension Event {
  /// The end of this model request when it brought no reply.
  /// - Parameters:
  ///   - tokens: input tokens to charge.
  ///   - failed: why the turn is over, where that is told later.
  func failedEnd(charging tokens: Int = 0, holding failed: FailedTurn? = nil) -> NewEvent {
    NewEvent(
      .modelRequestEnd,
      [
        "model_request_start_id": .string(id), "is_error": true,
        "model_usage": Usage(input: tokens, output: 0).json,
      ], hidden: failed.map { ["failed": $0.hidden] })
  }
}
