package import JSON
package import Primitives

/// The names of the events in a session's log, exactly as on the wire.
package struct EventType: RawRepresentable, Hashable, Sendable {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }

  // What clients send.
  package static let userMessage = EventType(rawValue: "user.message")
  package static let userInterrupt = EventType(rawValue: "user.interrupt")
  package static let userToolConfirmation = EventType(rawValue: "user.tool_confirmation")
  package static let userCustomToolResult = EventType(rawValue: "user.custom_tool_result")
  package static let userToolResult = EventType(rawValue: "user.tool_result")
  package static let userDefineOutcome = EventType(rawValue: "user.define_outcome")
  package static let systemMessage = EventType(rawValue: "system.message")
  // What the agent does.
  package static let agentMessage = EventType(rawValue: "agent.message")
  package static let agentThinking = EventType(rawValue: "agent.thinking")
  package static let agentToolUse = EventType(rawValue: "agent.tool_use")
  package static let agentToolResult = EventType(rawValue: "agent.tool_result")
  package static let agentCustomToolUse = EventType(rawValue: "agent.custom_tool_use")
  package static let contextCompacted = EventType(rawValue: "agent.thread_context_compacted")
  // What becomes of the session.
  package static let statusRunning = EventType(rawValue: "session.status_running")
  package static let statusIdle = EventType(rawValue: "session.status_idle")
  package static let statusRescheduled = EventType(rawValue: "session.status_rescheduled")
  package static let statusTerminated = EventType(rawValue: "session.status_terminated")
  package static let threadRunning = EventType(rawValue: "session.thread_status_running")
  package static let threadIdle = EventType(rawValue: "session.thread_status_idle")
  package static let threadRescheduled = EventType(rawValue: "session.thread_status_rescheduled")
  package static let threadTerminated = EventType(rawValue: "session.thread_status_terminated")
  package static let usage = EventType(rawValue: "session.usage")
  package static let error = EventType(rawValue: "session.error")
  package static let updated = EventType(rawValue: "session.updated")
  package static let deleted = EventType(rawValue: "session.deleted")
  // Spans.
  package static let modelRequestStart = EventType(rawValue: "span.model_request_start")
  package static let modelRequestEnd = EventType(rawValue: "span.model_request_end")
  package static let evaluationStart = EventType(rawValue: "span.outcome_evaluation_start")
  package static let evaluationOngoing = EventType(rawValue: "span.outcome_evaluation_ongoing")
  package static let evaluationEnd = EventType(rawValue: "span.outcome_evaluation_end")

  /// Whether its `processed_at` is the moment it came. Other inputs get it when the agent takes them.
  package var isHandledOnReceipt: Bool { isAnswer || self == .userDefineOutcome }

  /// Whether the agent is to reply to it.
  var startsWork: Bool { self == .userMessage || self == .systemMessage || self == .userDefineOutcome }

  /// Whether it answers a tool use that the session waits for.
  package var isAnswer: Bool {
    self == .userToolConfirmation || self == .userCustomToolResult || self == .userToolResult
  }
}

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
  /// Its JSON, when many are to be shown the same.
  package var encoded = Encoded()

  /// Bytes that follow from the rest of the event, and so make no difference between two.
  package struct Encoded: Sendable, Equatable {
    package var bytes: [UInt8]?

    package static func == (left: Encoded, right: Encoded) -> Bool { true }
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
