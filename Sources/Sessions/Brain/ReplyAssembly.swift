import HTTPClient
import JSON
import Sessions

/// Puts a streamed reply together, event by event.
///
/// Gateways bend the rules of the stream in many ways. What only adds to it (heartbeats of any form, events, blocks
/// and pieces of kinds that are newer than this program) changes nothing; what cannot be put together rightly is
/// refused with a sentence. Nothing that the model said is lost without a word.
struct ReplyAssembly: Sendable {
  /// More than this many blocks or bytes is no reply but a runaway server.
  static let maximumBlocks = 10_000
  static let maximumBytes = 64 << 20

  /// The events of the Messages API.
  private static let known: Set<String> = [
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
    "message_stop", "ping", "error",
  ]

  /// Set by `message_stop`.
  private(set) var reply: ModelReply?
  /// What came last that is neither an event of the API nor JSON: a heartbeat, or a server's last words.
  private(set) var remark: String?
  /// Whether the stream is that of another API.
  private(set) var isForeign = false

  /// In the order they were opened.
  private var blocks: [PartialBlock] = []
  private var bytes = 0
  /// The beginning of a message that came whole with its first event.
  private var start: JSON?
  private var stopReason: String?
  private var stopDetails: JSON?
  private var usage = UsageCounts()

  /// Whether only the formal end is missing: why the reply ended was said.
  var isSaid: Bool { stopReason != nil }

  /// - Returns: what the model says with it, if anything.
  @discardableResult
  mutating func add(_ event: ServerSentEvents.Event) throws(MessagesError) -> ModelProgress? {
    bytes += event.data.utf8.count
    guard bytes <= ReplyAssembly.maximumBytes else { throw .malformed("the reply is too long") }
    guard let data = try object(of: event) else { return nil }
    let type = data["type"]?.stringValue ?? event.type
    let name =
      ReplyAssembly.known.contains(type) || !ReplyAssembly.known.contains(event.type) ? type : event.type
    if name == "error" || event.type == "error" { throw .said(SaidError(told: data)) }
    let hasOwn = data["delta"] ?? data["content_block"] ?? data["message"] != nil
    if !ReplyAssembly.known.contains(name) || !hasOwn, let error = SaidError(in: data) { throw .said(error) }
    if data["choices"]?.arrayValue != nil { isForeign = true }
    return try take(name, data)
  }

  /// Nil for what is no object: it is nothing that a reply consists of.
  private mutating func object(of event: ServerSentEvents.Event) throws(MessagesError) -> JSON? {
    let data: JSON
    do {
      data = try JSON(parsing: event.data)
    } catch {
      switch event.type {
      case "error": throw .said(SaidError(message: event.data))
      case "message_stop": return ["type": "message_stop"]
      case let type where ReplyAssembly.known.contains(type) && type != "ping" && !Blocks.isBlank(event.data):
        throw .malformed("an event of type \(type) is not JSON: \(error)")
      default:
        if !Blocks.isBlank(event.data), event.data != "[DONE]" { remark = String(event.data.prefix(2000)) }
        return nil
      }
    }
    if data.objectValue != nil { return data }
    if event.type == "error" { throw .said(SaidError(message: data.stringValue ?? data.text)) }
    return nil
  }

  private mutating func take(_ name: String, _ data: JSON) throws(MessagesError) -> ModelProgress? {
    switch name {
    case "message_start":
      let message = data["message"]
      guard blocks.isEmpty || message?["id"] == start?["id"] else {
        throw .malformed("a second reply began inside the first")
      }
      start = start ?? message
      usage.take(message?["usage"])
    case "content_block_start":
      guard let block = data["content_block"], block.objectValue != nil,
        blocks.count < ReplyAssembly.maximumBlocks
      else { throw .malformed("a block has no place, or there are too many") }
      return open(block, index: data["index"]?.intValue ?? blocks.last.map { $0.index + 1 } ?? 0)
    case "content_block_delta":
      guard let delta = data["delta"], delta.objectValue != nil else { break }
      return try add(delta, index: data["index"]?.intValue ?? blocks.last?.index)
    case "message_delta":
      if let reason = data["delta"]?["stop_reason"]?.stringValue { stopReason = StopReasons.usual(reason) }
      if let details = data["delta"]?["stop_details"], !details.isNull { stopDetails = details }
      usage.take(data["usage"])
    case "message_stop":
      reply = try whole()
    default: break
    }
    return nil
  }

  /// A block whose number was used before is a new one all the same.
  private mutating func open(_ block: JSON, index: Int) -> ModelProgress? {
    blocks.append(PartialBlock(block, index: index))
    switch block["type"]?.stringValue {
    case "thinking", "redacted_thinking": return .thinking
    case "text": return ReplyAssembly.said(block["text"], blocks.count - 1)
    default: return nil
    }
  }

  private mutating func add(_ delta: JSON, index: Int?) throws(MessagesError) -> ModelProgress? {
    guard let field = PartialBlock.Field(delta) else { return nil }
    guard let place = blocks.lastIndex(where: { $0.index == index }) else {
      throw .malformed("a piece of a block came before the block")
    }
    if let fit = blocks.lastIndex(where: { $0.index == index && $0.has(field) }) {
      blocks[fit].add(delta, field)
      return field == .text ? ReplyAssembly.said(delta["text"], fit) : nil
    }
    // A piece of another kind than its block: the gateway did not say that a new one began.
    switch field {
    case .text, .thinking:
      guard blocks.count < ReplyAssembly.maximumBlocks else { throw .malformed("there are too many blocks") }
      let begun = open(["type": .string(field.rawValue)], index: blocks[place].index)
      blocks[blocks.count - 1].add(delta, field)
      return field == .text ? ReplyAssembly.said(delta["text"], blocks.count - 1) : begun
    case .input:
      throw .malformed("a piece of a tool's input came in a block that is no tool call")
    case .signature, .citations:
      return nil
    }
  }

  private static func said(_ text: JSON?, _ index: Int) -> ModelProgress? {
    text?.stringValue.flatMap { $0.isEmpty ? nil : .text($0, block: index) }
  }

  /// The reply, once the stream has ended. One that says why it ended needs no formal end.
  mutating func end() throws(MessagesError) -> ModelReply? {
    if reply == nil, stopReason != nil { reply = try whole() }
    return reply
  }

  private func whole() throws(MessagesError) -> ModelReply {
    if blocks.isEmpty, let start, start["content"]?.arrayValue?.isEmpty == false {
      return try ReplyAssembly.reply(inMessage: start, stopReason: stopReason)
    }
    guard let stopReason else { throw .malformed("the reply has no stop reason") }
    // Numbers in use once are the blocks' order; else nothing but their coming is.
    let isNumbered = Set(blocks.map(\.index)).count == blocks.count
    let ordered = isNumbered ? blocks.sorted { $0.index < $1.index } : blocks
    var content: [JSON] = []
    for (place, block) in ordered.enumerated() {
      // A reply that was cut at its limit may end inside a tool call, which is left out later.
      let mayBeCut = place == ordered.count - 1 && stopReason == StopReasons.maxTokens
      guard let finished = block.finished(orCut: mayBeCut) else {
        throw .malformed("the input of the tool call in block \(block.index) is not JSON")
      }
      if Blocks.isKnown(finished) { content.append(finished) }
    }
    return ModelReply(
      content: content, stopReason: stopReason, stopDetails: stopDetails, usage: usage.total)
  }

  /// The reply in a message that came whole, from a server that does not stream.
  static func reply(inMessage message: JSON, stopReason: String? = nil) throws(MessagesError) -> ModelReply {
    guard let reason = message["stop_reason"]?.stringValue.map(StopReasons.usual) ?? stopReason else {
      throw .malformed("the reply has no stop reason")
    }
    var content: [JSON] = []
    for (place, block) in (message["content"]?.arrayValue ?? []).enumerated() {
      let mayBeCut = reason == StopReasons.maxTokens
      guard let finished = PartialBlock(block, index: place).finished(orCut: mayBeCut) else {
        throw .malformed("the input of the tool call in block \(place) is not JSON")
      }
      if Blocks.isKnown(finished) { content.append(finished) }
    }
    var usage = UsageCounts()
    usage.take(message["usage"])
    return ModelReply(
      content: content, stopReason: reason, stopDetails: message["stop_details"]?.given, usage: usage.total)
  }
}

/// A content block on its way.
private struct PartialBlock: Sendable {
  /// What a piece adds to.
  enum Field: String {
    case text, thinking, signature, input, citations

    /// Nil for pieces of kinds that are newer than this program.
    init?(_ delta: JSON) {
      switch delta["type"]?.stringValue {
      case "text_delta": self = .text
      case "thinking_delta": self = .thinking
      case "signature_delta": self = .signature
      case "input_json_delta": self = .input
      case "citations_delta": self = .citations
      default: return nil
      }
    }
  }

  /// Its number in the stream, which need not be its alone.
  let index: Int
  private var block: JSON
  private var text = ""
  private var thinking = ""
  private var signature = ""
  private var input = ""
  private var citations: [JSON] = []

  init(_ block: JSON, index: Int) {
    self.block = block
    self.index = index
  }

  private var type: String { block["type"]?.stringValue ?? "" }
  private var isCall: Bool { type.hasSuffix("tool_use") }

  func has(_ field: Field) -> Bool {
    switch field {
    case .text, .citations: type == "text"
    case .thinking, .signature: type == "thinking"
    case .input: isCall
    }
  }

  mutating func add(_ delta: JSON, _ field: Field) {
    switch field {
    case .text: text += delta["text"]?.stringValue ?? ""
    case .thinking: thinking += delta["thinking"]?.stringValue ?? ""
    case .signature: signature += delta["signature"]?.stringValue ?? ""
    case .citations: citations += delta["citation"].map { [$0] } ?? []
    case .input:
      let piece = delta["partial_json"] ?? delta["input"]
      if piece?.objectValue != nil { block["input"] = piece } else { input += piece?.stringValue ?? "" }
    }
  }

  /// The whole block, or nil when a tool's input is no object of JSON.
  func finished(orCut mayBeCut: Bool) -> JSON? {
    var block = block
    func append(_ piece: String, to field: String) {
      if !piece.isEmpty { block[field] = .string((block[field]?.stringValue ?? "") + piece) }
    }
    append(text, to: "text")
    append(thinking, to: "thinking")
    append(signature, to: "signature")
    if !citations.isEmpty { block["citations"] = .array(citations) }
    guard isCall else { return block }
    guard let input = wholeInput else {
      if !mayBeCut { return nil }
      block["input"] = [:]
      return block
    }
    block["input"] = input
    return block
  }

  /// Some servers send the input whole at the start, or as a text, or as an empty object before its pieces.
  private var wholeInput: JSON? {
    let source = Blocks.isBlank(input) ? block["input"]?.stringValue ?? "" : input
    if Blocks.isBlank(source) {
      let given = block["input"]?.given ?? [:]
      return given.objectValue != nil || given.stringValue != nil
        ? given.objectValue.map(JSON.object) ?? [:] : nil
    }
    for text in source.hasPrefix("{}") ? [source, String(source.dropFirst(2))] : [source] {
      guard let parsed = try? JSON(parsing: text, limits: .exact) else { continue }
      if parsed.objectValue != nil { return parsed }
      if parsed.isNull { return [:] }
      // Written twice over.
      if let inner = parsed.stringValue, let object = try? JSON(parsing: inner, limits: .exact),
        object.objectValue != nil
      {
        return object
      }
    }
    return nil
  }
}

/// Token counts as they come: each count of a later event stands for the whole message. Missing and null ones
/// are 0 with servers that do not count.
private struct UsageCounts: Sendable {
  private(set) var total = Usage()

  mutating func take(_ json: JSON?) {
    func count(_ key: String) -> Int? { json?[key]?.intValue.flatMap { $0 < 0 ? nil : $0 } }
    if let count = count("input_tokens") { total.inputTokens = count }
    if let count = count("output_tokens") { total.outputTokens = count }
    if let count = count("cache_creation_input_tokens") { total.cacheCreationInputTokens = count }
    if let count = count("cache_read_input_tokens") { total.cacheReadInputTokens = count }
  }
}
