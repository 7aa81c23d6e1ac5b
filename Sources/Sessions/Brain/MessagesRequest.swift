import JSON
import Sessions

/// The body of `POST /v1/messages`.
enum MessagesRequest {
  /// The effort that the official server assumes when none is given.
  private static let defaultEffort = "high"

  static func body(_ request: ModelRequest, isOfficial: Bool) -> JSON {
    var body: JSON.Object = [
      "model": .string(request.model["id"]?.stringValue ?? request.model.stringValue ?? ""),
      "max_tokens": JSON(request.maxTokens), "stream": true,
    ]
    // The cache goes by tools, then system, then messages: a mark covers all that comes before it.
    var tools = request.tools
    if !request.system.isEmpty {
      body["system"] = .array([marked(["type": "text", "text": .string(request.system)])])
    } else if let last = tools.indices.last {
      tools[last] = marked(tools[last])
    }
    if !tools.isEmpty { body["tools"] = .array(tools) }
    if let tool = request.forcedTool {
      body["tool_choice"] = ["type": "tool", "name": .string(tool)]
    }
    body["messages"] = .array(
      markedMessages(isOfficial ? request.messages.map(withSignedThinkingOnly) : request.messages))
    if isOfficial, let effort = request.model["effort"]?["type"]?.stringValue, effort != defaultEffort {
      body["output_config"] = ["effort": .string(effort)]
    }
    return .object(body)
  }

  /// The official server refuses thinking that it has not signed, such as that of another server before.
  private static func withSignedThinkingOnly(_ message: JSON) -> JSON {
    guard message["role"] == "assistant", let blocks = message["content"]?.arrayValue else { return message }
    let kept = blocks.filter { $0["type"] != "thinking" || Blocks.isSigned($0) }
    if kept.count == blocks.count { return message }
    var message = message
    message["content"] = .array(kept)
    return message
  }

  /// Marks the end of the last message and of the user's message before it. The first is what the next request
  /// will find, the second what the request before has left: a look-back of 20 blocks may not reach it.
  private static func markedMessages(_ messages: [JSON]) -> [JSON] {
    var messages = messages
    let ofUser = messages.indices.filter { messages[$0]["role"]?.stringValue == "user" }
    for place in ofUser.suffix(2) {
      guard var blocks = messages[place]["content"]?.arrayValue, let last = blocks.last else { continue }
      blocks[blocks.count - 1] = marked(last)
      messages[place]["content"] = .array(blocks)
    }
    return messages
  }

  private static func marked(_ block: JSON) -> JSON {
    var block = block
    block["cache_control"] = ["type": "ephemeral"]
    return block
  }
}
