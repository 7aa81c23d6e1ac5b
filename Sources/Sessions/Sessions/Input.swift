package import JSON

/// Reads what clients send into a session.
package enum Input {
  /// The longest text of a rubric, in characters.
  static let rubricLimit = 262_144

  /// - Parameter place: where the event stands in the request, for the error.
  /// - Throws: `SessionError.invalidInput`.
  package static func read(_ json: JSON, place: String) throws -> NewEvent {
    func refuse(_ field: String, _ problem: String) -> SessionError {
      .invalidInput(place: "\(place).\(field)", problem: problem)
    }
    guard let object = json.objectValue else {
      throw SessionError.invalidInput(place: place, problem: "an event is a JSON object.")
    }
    guard let name = object["type"]?.stringValue else { throw refuse("type", "give the event's type.") }
    let type = EventType(rawValue: name)
    var body = object
    // What the server says of an event is not the client's to say.
    for key in ["type", "id", "processed_at", "flushed", "outcome_id"] { body[key] = nil }
    switch type {
    case .userInterrupt: break
    case .userMessage, .systemMessage:
      guard let content = body["content"]?.arrayValue, !content.isEmpty else {
        throw refuse("content", "give a list with at least one content block.")
      }
      for (index, block) in content.enumerated() {
        guard let kind = block["type"]?.stringValue, ["text", "image", "document"].contains(kind) else {
          throw refuse("content[\(index)].type", "it must be text, image or document.")
        }
        if kind == "text" && block["text"]?.stringValue == nil {
          throw refuse("content[\(index)].text", "give the text.")
        }
      }
    case .userToolConfirmation:
      guard body["tool_use_id"]?.stringValue != nil else {
        throw refuse("tool_use_id", "give the id of the tool use's event.")
      }
      guard let result = body["result"]?.stringValue, ["allow", "deny"].contains(result) else {
        throw refuse("result", "it must be allow or deny.")
      }
    case .userCustomToolResult:
      guard body["custom_tool_use_id"]?.stringValue != nil else {
        throw refuse("custom_tool_use_id", "give the id of the tool use's event.")
      }
    case .userToolResult:
      guard body["tool_use_id"]?.stringValue != nil else {
        throw refuse("tool_use_id", "give the id of the tool use's event.")
      }
    case .userDefineOutcome: try checkOutcome(body, refuse)
    default:
      throw refuse("type", "“\(name)” is not an event that clients send.")
    }
    return NewEvent(type, body)
  }

  private static func checkOutcome(
    _ body: JSON.Object, _ refuse: (String, String) -> SessionError
  ) throws {
    guard body["description"]?.stringValue?.isEmpty == false else {
      throw refuse("description", "say what the outcome is.")
    }
    guard body["rubric"]?["type"]?.stringValue == "text",
      let rubric = body["rubric"]?["content"]?.stringValue
    else { throw refuse("rubric", "give it as {\"type\": \"text\", \"content\": …}.") }
    guard rubric.contains(where: { !$0.isWhitespace }) else {
      throw refuse("rubric.content", "the rubric is empty; say how the result is judged.")
    }
    guard rubric.count <= rubricLimit else {
      throw refuse("rubric.content", "it has \(rubric.count) characters; at most \(rubricLimit) are allowed.")
    }
    if let iterations = body["max_iterations"] {
      guard let count = iterations.intValue, (1...Outcome.maximumIterations).contains(count) else {
        throw refuse("max_iterations", "it must be a whole number from 1 to \(Outcome.maximumIterations).")
      }
    }
  }
}
