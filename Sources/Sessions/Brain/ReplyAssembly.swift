import HTTPClient
import JSON
import Sessions

/// Puts a streamed reply together, event by event.
struct ReplyAssembly: Sendable {
  /// More than this many blocks or bytes is no reply but a runaway server.
  static let maximumBlocks = 10_000
  static let maximumBytes = 64 << 20

  /// Set by `message_stop`.
  private(set) var reply: ModelReply?

  private var blocks: [Int: PartialBlock] = [:]
  private var bytes = 0
  private var stopReason: String?
  private var stopDetails: JSON?
  private var usage = UsageCounts()

  /// Pings, and kinds of events that are newer than this program, change nothing.
  /// - Returns: what the model says with it, if anything.
  @discardableResult
  mutating func add(_ event: ServerSentEvents.Event) throws(MessagesError) -> ModelProgress? {
    bytes += event.data.utf8.count
    guard bytes <= ReplyAssembly.maximumBytes else { throw .malformed("the reply is too long") }
    let data: JSON
    do {
      data = try JSON(parsing: event.data)
    } catch {
      throw .malformed("an event of type \(event.type) is not JSON: \(error)")
    }
    switch data["type"]?.stringValue ?? event.type {
    case "message_start":
      usage.take(data["message"]?["usage"])
    case "content_block_start":
      guard let index = data["index"]?.intValue, let block = data["content_block"],
        blocks.count < ReplyAssembly.maximumBlocks
      else { throw .malformed("a block has no place, or there are too many") }
      blocks[index] = PartialBlock(block)
      switch block["type"]?.stringValue {
      case "thinking", "redacted_thinking": return .thinking
      case "text": return ReplyAssembly.said(block["text"], index)
      default: break
      }
    case "content_block_delta":
      guard let index = data["index"]?.intValue, let delta = data["delta"], blocks[index] != nil else {
        throw .malformed("a piece of a block came before the block")
      }
      blocks[index]?.add(delta)
      if delta["type"]?.stringValue == "text_delta" { return ReplyAssembly.said(delta["text"], index) }
    case "message_delta":
      if let reason = data["delta"]?["stop_reason"]?.stringValue { stopReason = reason }
      if let details = data["delta"]?["stop_details"], !details.isNull { stopDetails = details }
      usage.take(data["usage"])
    case "message_stop":
      reply = try whole()
    case "error":
      throw .streamed(
        type: data["error"]?["type"]?.stringValue ?? "", message: data["error"]?["message"]?.stringValue ?? ""
      )
    default: break
    }
    return nil
  }

  private static func said(_ text: JSON?, _ index: Int) -> ModelProgress? {
    text?.stringValue.flatMap { $0.isEmpty ? nil : .text($0, block: index) }
  }

  private func whole() throws(MessagesError) -> ModelReply {
    guard let stopReason else { throw .malformed("the reply has no stop reason") }
    var content: [JSON] = []
    for (index, block) in blocks.sorted(by: { $0.key < $1.key }) {
      let isLast = content.count == blocks.count - 1
      // A reply that was cut at its limit may end inside a tool call, which is left out later.
      let mayBeCut = isLast && stopReason == StopReasons.maxTokens
      guard let finished = block.finished(orCut: mayBeCut) else {
        throw .malformed("the input of the tool call in block \(index) is not JSON")
      }
      content.append(finished)
    }
    return ModelReply(
      content: content, stopReason: stopReason, stopDetails: stopDetails, usage: usage.total)
  }
}

/// A content block on its way.
private struct PartialBlock: Sendable {
  private var block: JSON
  private var text = ""
  private var thinking = ""
  private var signature = ""
  private var input = ""
  private var citations: [JSON] = []

  init(_ block: JSON) {
    self.block = block
  }

  mutating func add(_ delta: JSON) {
    switch delta["type"]?.stringValue {
    case "text_delta": text += delta["text"]?.stringValue ?? ""
    case "thinking_delta": thinking += delta["thinking"]?.stringValue ?? ""
    case "signature_delta": signature += delta["signature"]?.stringValue ?? ""
    case "input_json_delta": input += delta["partial_json"]?.stringValue ?? ""
    case "citations_delta": citations += delta["citation"].map { [$0] } ?? []
    default: break
    }
  }

  /// The whole block, or nil when a tool's input is no JSON.
  func finished(orCut mayBeCut: Bool) -> JSON? {
    var block = block
    func append(_ piece: String, to field: String) {
      if !piece.isEmpty { block[field] = .string((block[field]?.stringValue ?? "") + piece) }
    }
    append(text, to: "text")
    append(thinking, to: "thinking")
    append(signature, to: "signature")
    if !citations.isEmpty { block["citations"] = .array(citations) }
    guard block["type"]?.stringValue?.hasSuffix("tool_use") == true else { return block }
    // Some servers send the input whole at the start, or as a text.
    let source = input.isEmpty ? block["input"]?.stringValue : input
    guard let source, !Blocks.isBlank(source) else {
      if block["input"]?.objectValue == nil { block["input"] = [:] }
      return block
    }
    do {
      block["input"] = try JSON(parsing: source, limits: .exact)
    } catch {
      if !mayBeCut { return nil }
      block["input"] = [:]
    }
    return block
  }
}

/// Token counts as they come: each count of a later event stands for the whole message. Missing and null ones
/// are 0 with servers that do not count.
private struct UsageCounts: Sendable {
  private(set) var total = Usage()

  mutating func take(_ json: JSON?) {
    if let count = json?["input_tokens"]?.intValue { total.inputTokens = count }
    if let count = json?["output_tokens"]?.intValue { total.outputTokens = count }
    if let count = json?["cache_creation_input_tokens"]?.intValue { total.cacheCreationInputTokens = count }
    if let count = json?["cache_read_input_tokens"]?.intValue { total.cacheReadInputTokens = count }
  }
}
