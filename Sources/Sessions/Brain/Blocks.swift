import JSON

/// Content blocks in the form that the Messages API takes. It refuses empty texts and fields it does not know.
enum Blocks {
  static func text(_ text: String) -> [JSON] {
    isBlank(text) ? [] : [["type": "text", "text": .string(text)]]
  }

  /// The content of a user's message.
  /// - Parameter attachments: the sources of the files that are named, by the files' ids.
  static func ofUser(_ content: JSON?, attachments: [String: JSON] = [:]) -> [JSON] {
    (content?.arrayValue ?? []).flatMap { outside($0, attachments) }
  }

  /// The content of a tool result; never empty. A single text is given as such, which every server takes.
  static func ofResult(_ content: JSON?, attachments: [String: JSON] = [:]) -> JSON {
    let blocks = ofUser(content, attachments: attachments)
    if blocks.isEmpty { return "(no output)" }
    if blocks.count == 1, blocks[0]["type"] == "text", let text = blocks[0]["text"] { return text }
    return .array(blocks)
  }

  /// The model's blocks as they came, without what may not be sent back: empty texts, and empty thinking. Nothing is
  /// left of a reply that only thought.
  ///
  /// Thinking that nobody signed stays: many servers want it back with its tool calls. The official one, which does
  /// not take it, is not sent it (`MessagesRequest`).
  static func ofAssistant(_ content: [JSON]) -> [JSON] {
    let kept = content.filter { block in
      switch block["type"]?.stringValue {
      case "text": !isBlank(block["text"]?.stringValue ?? "")
      case "thinking": isSigned(block) || !isBlank(block["thinking"]?.stringValue ?? "")
      default: true
      }
    }
    let hasSubstance = kept.contains {
      $0["type"]?.stringValue != "thinking" && $0["type"]?.stringValue != "redacted_thinking"
    }
    return hasSubstance ? kept : []
  }

  /// Whether a thinking block carries what the official server wants to see on it.
  static func isSigned(_ block: JSON) -> Bool { !(block["signature"]?.stringValue ?? "").isEmpty }

  /// Whether a block of a reply is of a kind that conversations have. A server that makes up others may not take
  /// them back.
  static func isKnown(_ block: JSON) -> Bool {
    guard let type = block["type"]?.stringValue else { return false }
    return ["text", "thinking", "redacted_thinking", "container_upload"].contains(type)
      || type.hasSuffix("tool_use") || type.hasSuffix("tool_result")
  }

  private static func outside(_ block: JSON, _ attachments: [String: JSON]) -> [JSON] {
    switch block["type"]?.stringValue {
    case "text":
      return text(block["text"]?.stringValue ?? "")
    case "image", "document", "search_result":
      // Files of this server are not the model server's: their contents are sent.
      guard let file = block["source"]?["file_id"]?.stringValue else { return [block] }
      guard let source = attachments[file], fits(source, block) else {
        return text("(The file \(file) cannot be shown here.)")
      }
      var block = block
      block["source"] = source
      return [block]
    default:
      return []
    }
  }

  /// Whether the source is an image for an image block, and none for another.
  private static func fits(_ source: JSON, _ block: JSON) -> Bool {
    let isImage = source["media_type"]?.stringValue?.hasPrefix("image/") == true
    return isImage == (block["type"] == "image")
  }

  static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
