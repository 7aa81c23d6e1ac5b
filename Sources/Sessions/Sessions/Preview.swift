package import JSON

/// A glimpse of what the model is saying, before the event is in the log. Never stored, best effort: glimpses
/// may be lost, the event that follows is whole.
package enum Preview: Sendable, Equatable {
  /// An event of this type and id has begun.
  case start(EventType, id: String)
  /// More text of the content block at an index of an `agent.message`.
  case text(String, index: Int, id: String)

  /// The id of the event that will follow.
  package var event: String {
    switch self {
    case .start(_, let id), .text(_, _, let id): id
    }
  }

  /// The types whose glimpses a client may ask for.
  package static let types: [EventType] = [.agentMessage, .agentThinking]

  /// The frame's type and object on the wire.
  package var wire: (type: String, json: JSON) {
    switch self {
    case .start(let type, let id):
      (
        "event_start",
        ["type": "event_start", "event": ["type": .string(type.rawValue), "id": .string(id)]]
      )
    case .text(let text, let index, let id):
      (
        "event_delta",
        [
          "type": "event_delta", "event_id": .string(id),
          "delta": [
            "type": "content_delta", "index": .integer(Int64(index)),
            "content": ["type": "text", "text": .string(text)],
          ],
        ]
      )
    }
  }
}
