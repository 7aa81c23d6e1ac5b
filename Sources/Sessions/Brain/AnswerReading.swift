import HTTPClient
import JSON
import Sessions

/// Reads what a server answers with status 200 to a request for a stream: the stream of a reply, or whatever came
/// in its place. Which it is shows by its first character; servers are not always right about its type.
struct AnswerReading: Sendable {
  private enum Form { case stream, json, page }

  private var form: Form?
  private var events = ServerSentEvents()
  private var assembly = ReplyAssembly()
  /// The answer's first bytes if it is a stream, all of it if it is not.
  private var body: [UInt8] = []
  /// Its last bytes, where a proxy leaves its words when it gives up.
  private var tail: [UInt8] = []

  private static let tailSize = 8 << 10

  /// The reply, once it is complete.
  var reply: ModelReply? { assembly.reply }
  /// Whether nothing but the formal end is missing.
  var isSaid: Bool { assembly.isSaid }

  /// - Returns: what the model says with it.
  mutating func add(_ bytes: [UInt8]) throws -> [ModelProgress] {
    if form == nil { form = AnswerReading.form(of: body + bytes) }
    let limit = form == .json ? ReplyAssembly.maximumBytes : RemarkCleaner.reach
    guard form == .json || body.count < limit else { return try addToStream(bytes) }
    body += bytes.prefix(limit - body.count)
    if form == .json, body.count >= limit { throw MessagesError.malformed("the reply is too long") }
    return try addToStream(bytes)
  }

  private mutating func addToStream(_ bytes: [UInt8]) throws -> [ModelProgress] {
    tail += bytes.suffix(AnswerReading.tailSize)
    if tail.count > 2 * AnswerReading.tailSize { tail.removeFirst(tail.count - AnswerReading.tailSize) }
    // Blank so far: it may be either, and for a stream it means nothing.
    guard form == .stream || form == nil else { return [] }
    return try events.read(bytes).compactMap { try assembly.add($0) }
  }

  /// The reply, once everything has come.
  mutating func end() throws -> ModelReply {
    if form == .json { return try AnswerReading.reply(inJSON: body) }
    if form == .page { throw MessagesError.other(.page, text: text) }
    // Broken off in the middle of the line it is no event; a whole one lacks only the blank line after it.
    if assembly.reply == nil, let last = events.end(),
      last.type == "error" || (try? JSON(parsing: last.data)) != nil
    {
      try assembly.add(last)
    }
    if let reply = try assembly.end() { return reply }
    throw complaint ?? MessagesError.cut(said: nil)
  }

  /// What came instead of a reply; nil when it says nothing about it.
  var complaint: MessagesError? {
    switch form {
    case .json:
      // Broken off, it may be no JSON any more.
      return AnswerReading.error(inJSON: body)
    case .page: return .other(.page, text: text)
    case .stream, nil:
      if assembly.isForeign { return .foreign }
      if let error = strayLines.compactMap(AnswerReading.error).last { return .said(error) }
      let words = ([assembly.remark].compactMap(\.self) + strayLines).joined(separator: " ")
      if Blocks.isBlank(words) { return nil }
      return hasEvents ? .cut(said: words) : .other(.text, text: words)
    }
  }

  private var text: String { String(decoding: body, as: UTF8.self) }

  private var hasEvents: Bool { text.contains("event:") || text.contains("data:") }

  /// Lines at the end that are none of a stream of events.
  private var strayLines: [String] {
    let names = ["event", "data", "id", "retry", ""]
    return String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { line in !names.contains(String(line.prefix { $0 != ":" })) || !line.contains(":") }
      .map(String.init)
  }

  private static func error(in line: String) -> SaidError? {
    guard line.hasPrefix("{"), let json = try? JSON(parsing: line) else { return nil }
    return SaidError(in: json)
  }

  /// Nil while only blanks have come.
  private static func form(of bytes: [UInt8]) -> Form? {
    var rest = bytes[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    guard let first = rest.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return nil }
    switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
    case UInt8(ascii: "<"): return .page
    default: return .stream
    }
  }

  /// A reply that came whole.
  private static func reply(inJSON bytes: [UInt8]) throws(MessagesError) -> ModelReply {
    if let error = error(inJSON: bytes) { throw error }
    return try ReplyAssembly.reply(inMessage: json(bytes) ?? .null)
  }

  private static func json(_ bytes: [UInt8]) -> JSON? {
    // Whoever asks knows what broken JSON means.
    try? JSON(parsing: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
  }

  /// What came in the place of a reply; nil when it is one.
  private static func error(inJSON bytes: [UInt8]) -> MessagesError? {
    guard let json = json(bytes) else {
      return .other(
        .brokenJSON, text: String(decoding: bytes.prefix(RemarkCleaner.reach), as: UTF8.self))
    }
    if json["type"] == "message", json["content"]?.arrayValue != nil { return nil }
    if json["type"] == "error" { return .said(SaidError(told: json)) }
    if let error = SaidError(in: json) { return .said(error) }
    if json["choices"]?.arrayValue != nil { return .foreign }
    if json["message"]?.stringValue != nil || json["detail"]?.stringValue != nil || json["code"] != nil {
      return .said(SaidError(told: json))
    }
    return .other(.json, text: json.text)
  }
}
