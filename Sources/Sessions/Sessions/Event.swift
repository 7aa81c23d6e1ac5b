package import JSON
package import Primitives
import Store

/// The names of the events in a session's log, exactly as on the wire.
package enum EventType: String, Sendable {
  // What clients send.
  case userMessage = "user.message"
  case userInterrupt = "user.interrupt"
  case userToolConfirmation = "user.tool_confirmation"
  case userCustomToolResult = "user.custom_tool_result"
  case userToolResult = "user.tool_result"
  case userDefineOutcome = "user.define_outcome"
  case systemMessage = "system.message"
  // What the agent does.
  case agentMessage = "agent.message"
  case agentThinking = "agent.thinking"
  case agentToolUse = "agent.tool_use"
  case agentToolResult = "agent.tool_result"
  case agentCustomToolUse = "agent.custom_tool_use"
  case contextCompacted = "agent.thread_context_compacted"
  // What becomes of the session.
  case statusRunning = "session.status_running"
  case statusIdle = "session.status_idle"
  case statusRescheduled = "session.status_rescheduled"
  case statusTerminated = "session.status_terminated"
  case threadRunning = "session.thread_status_running"
  case threadIdle = "session.thread_status_idle"
  case threadRescheduled = "session.thread_status_rescheduled"
  case threadTerminated = "session.thread_status_terminated"
  case usage = "session.usage"
  case error = "session.error"
  case updated = "session.updated"
  case deleted = "session.deleted"
  // Spans.
  case modelRequestStart = "span.model_request_start"
  case modelRequestEnd = "span.model_request_end"
  case evaluationStart = "span.outcome_evaluation_start"
  case evaluationOngoing = "span.outcome_evaluation_ongoing"
  case evaluationEnd = "span.outcome_evaluation_end"

  /// Whether its `processed_at` is the moment it came. Other inputs get it when the agent takes them.
  package var isHandledOnReceipt: Bool { isAnswer || self == .userDefineOutcome }

  /// Whether the agent is to reply to it.
  var startsWork: Bool { self == .userMessage || self == .systemMessage || self == .userDefineOutcome }

  /// Whether it answers a tool use that the session waits for.
  package var isAnswer: Bool {
    self == .userToolConfirmation || self == .userCustomToolResult || self == .userToolResult
  }
}

extension EventType: ColumnValue {}

/// An event to be written.
package struct NewEvent: Sendable, Equatable {
  package var type: EventType
  /// The fields of the wire besides `id`, `type` and `processed_at`.
  package var body: JSON.Object
  /// What the brain keeps with the event and the wire never shows, such as a reply's exact blocks.
  package var hidden: JSON?
  /// Given when it must be known before the event is written; else one is made.
  package var id: String?

  package init(_ type: EventType, _ body: JSON.Object = [:], hidden: JSON? = nil, id: String? = nil) {
    self.type = type
    self.body = body
    self.hidden = hidden
    self.id = id
  }
}

/// An entry of a session's log, or an input that waits to become one.
package struct Event: Sendable, Equatable {
  package var id: String
  package var type: EventType
  package var body: JSON.Object
  package var hidden: JSON?
  /// The place in the log, from 1. Nil for an input that the brain has not taken.
  package var position: Int64?
  /// The order of arrival among the session's inputs, from 1. Nil for what the server wrote.
  package var arrival: Int64?
  /// The arrival of the first input of the same request. Nil for what the server wrote.
  package var batch: Int64?
  /// Grows with every change that followers must see: writing the event, and taking an input.
  package var revision: Int64
  /// When it was recorded; for an input that waits its turn, when the brain took it, nil before.
  package var processedAt: Timestamp?

  /// The tool use that this answers or is the result of.
  var answers: String? {
    guard type.isAnswer || type == .agentToolResult else { return nil }
    return (body["tool_use_id"] ?? body["custom_tool_use_id"])?.stringValue
  }

  /// The id of the tool use that this event answers or confirms.
  package var answeredCall: String? {
    (body["tool_use_id"] ?? body["custom_tool_use_id"])?.stringValue
  }

  /// The event as the wire shows it.
  package var json: JSON {
    var object: JSON.Object = ["id": .string(id), "type": .string(type.rawValue)]
    for (key, value) in body { object[key] = value }
    object["processed_at"] = processedAt.map { .string($0.description) } ?? .null
    return .object(object)
  }
}
