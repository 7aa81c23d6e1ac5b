import JSON
import Outcomes
import Sessions

/// What is to be summarised of a conversation, and what of it stays word for word. Pure.
///
/// The end of the conversation stays as it was said, as far as it fits into a quarter of the window. What comes
/// before is told to the model as one text, long things shortened, so that the question about it always fits,
/// whatever the conversation holds. The outcome and the last message survive beside the summary.
struct Compaction: Sendable {
  /// The last place in the log that the summary stands for.
  let end: Int64
  private let replies: Int
  private let transcript: [String]
  private let carried: [String]
  private let window: ContextWindow

  /// Whether a request has become too long.
  /// - Parameters:
  ///   - request: what would be sent.
  ///   - log: tells what the last request cost.
  static func isDue(_ request: ModelRequest, _ log: [Event], _ window: ContextWindow) -> Bool {
    tokens(request, log) > window.room(besides: request.maxTokens)
  }

  /// What a request will cost: what the last one did with its reply, and what came since; all is estimated when
  /// nobody counted, or when a summary has taken the place of what was counted.
  static func tokens(_ request: ModelRequest, _ log: [Event]) -> Int {
    for event in log.reversed() {
      if event.type == .contextCompacted { break }
      guard event.type == .modelRequestEnd, event.hidden?["stop_reason"] != nil else { continue }
      let usage = Usage(wire: event.body["model_usage"])
      let counted =
        usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens + usage.outputTokens
      if counted == 0 { break }
      let since = request.messages.lastIndex { $0["role"]?.stringValue == "assistant" } ?? -1
      return counted + TokenEstimate.tokens(Array(request.messages[(since + 1)...]))
    }
    return TokenEstimate.tokens(request.system) + TokenEstimate.tokens(request.tools)
      + TokenEstimate.tokens(request.messages)
  }

  /// Nil when there is nothing left to summarise.
  init?(_ log: [Event], _ window: ContextWindow) {
    let earlier = Summary(in: log)
    let pieces = Conversation.pieces(log)
    let sizes = pieces.map { TokenEstimate.tokens($0.messages) }
    // The model may count more than is estimated here: a quarter of what there is, then.
    var room = min(window.tokens, sizes.reduce(0, +)) / 4
    var first = pieces.count
    while first > 0, sizes[first - 1] <= room {
      first -= 1
      room -= sizes[first]
    }
    guard first > 0, let end = pieces[first - 1].event.position else { return nil }
    self.end = end
    self.window = window
    let old = pieces[..<first]
    replies = (earlier?.replies ?? 0) + old.count { $0.event.type == .modelRequestEnd }
    let length = Compaction.bytes(window)
    transcript = Compaction.transcript(
      earlier.map { Compaction.text(of: $0.opening, upTo: length / 4) },
      old.map { Compaction.text(of: $0, upTo: min(4_000, length / 4)) }, upTo: length)
    carried = Compaction.carried(log, end: end, kept: pieces[first...].map(\.event), upTo: length / 4)
  }

  /// How many bytes may be told of what is summarised: with it and the summary, the window is half full.
  private static func bytes(_ window: ContextWindow) -> Int {
    TokenEstimate.bytes(ofTokens: window.tokens / 2)
  }

  // MARK: Asking for the summary

  /// - Parameter outside: marks what is told.
  func request(model: JSON, outside: OutsideText) -> ModelRequest {
    let system = """
      You keep the memory of an agent whose conversation has become longer than its model can read. Write down what \
      the agent must know to go on as if it remembered: its task in the words of whoever gave it, what it has \
      found out and decided, what is done and what is still to do, files and their paths, names and numbers it \
      needs, what it promised and what it waits for. Do not continue the work, and leave out what no longer matters.

      \(outside.explanation)
      """
    let told = outside.block("The conversation so far", transcript.joined(separator: "\n\n"))
    let message = "\(told)\n\nWrite the summary now, and nothing else."
    return ModelRequest(
      purpose: .summary, model: model, system: system, tools: [],
      messages: [["role": "user", "content": [["type": "text", "text": .string(message)]]]],
      maxTokens: max(512, min(8_000, window.tokens / 8)))
  }

  /// The event that puts the summary in place.
  /// - Parameter reply: what the model answered; nil when it refused to.
  func event(_ reply: ModelReply?) -> NewEvent {
    let said = (reply?.content ?? []).compactMap { $0["type"] == "text" ? $0["text"]?.stringValue : nil }
      .joined(separator: "\n")
    let length = Compaction.bytes(window) / 4
    // Without a summary, the end of what would have been summarised is better than nothing.
    let text = Blocks.isBlank(said) ? Compaction.ending(of: transcript, upTo: length) : said
    let head =
      "This conversation has become longer than you can read at once. What came before, in short:\n\n"
      + Compaction.shortened(text, to: length)
    let opening = [head] + carried + ["Go on from there."]
    return Summary.event(end: end, opening: opening.flatMap(Blocks.text), replies: replies)
  }

  // MARK: What survives word for word

  private static func carried(_ log: [Event], end: Int64, kept: [Event], upTo length: Int) -> [String] {
    let old = log.filter { !$0.isFlushed && ($0.position ?? .max) <= end }
    var texts: [String] = []
    if let outcome = old.last(where: { $0.type == .userDefineOutcome }) {
      let id = outcome.body["outcome_id"]
      let evaluations = log.filter { $0.type == .evaluationEnd && $0.body["outcome_id"] == id }
      let result = evaluations.last?.body["result"]?.stringValue.flatMap(Outcome.Result.init)
      if result?.isTerminal != true {
        texts.append(
          Feedback.task(
            description: shortened(outcome.body["description"]?.stringValue ?? "", to: length / 2),
            rubric: shortened(outcome.body["rubric"]?["content"]?.stringValue ?? "", to: length)))
      }
      if let last = evaluations.last, (last.position ?? .max) <= end,
        let feedback = Feedback.message(after: Evaluation(ended: last))
      {
        texts.append(shortened(feedback, to: length / 2))
      }
    }
    if !kept.contains(where: { $0.type == .userMessage }),
      let last = old.last(where: { $0.type == .userMessage })
    {
      let said = Blocks.ofUser(last.body["content"]).compactMap { $0["text"]?.stringValue }
      texts.append(
        "The last message you were sent:\n\n" + shortened(said.joined(separator: "\n"), to: length / 2))
    }
    return texts
  }

  // MARK: Telling

  /// The earlier summary, then the latest pieces that fit, in their order.
  private static func transcript(_ earlier: String?, _ pieces: [String], upTo length: Int) -> [String] {
    var room = length - (earlier?.utf8.count ?? 0)
    var first = pieces.count
    while first > 0, pieces[first - 1].utf8.count <= room {
      first -= 1
      room -= pieces[first].utf8.count
    }
    let omitted = first > 0 ? ["(\(first) earlier entries are left out here.)"] : []
    return [earlier].compactMap(\.self) + omitted + pieces[first...]
  }

  private static func ending(of transcript: [String], upTo length: Int) -> String {
    var room = length
    let kept = transcript.reversed().prefix { text in
      room -= text.utf8.count
      return room > 0
    }
    return kept.reversed().joined(separator: "\n\n")
  }

  private static func text(of piece: (event: Event, messages: [JSON]), upTo length: Int) -> String {
    piece.messages.map { message in
      let speaker = message["role"]?.stringValue == "assistant" ? "Agent" : "To the agent"
      return "\(speaker): \(text(of: message["content"]?.arrayValue ?? [], upTo: length))"
    }.joined(separator: "\n")
  }

  private static func text(of blocks: [JSON], upTo length: Int) -> String {
    let texts = blocks.compactMap { block -> String? in
      switch block["type"]?.stringValue {
      case "text": return block["text"]?.stringValue
      case "tool_use":
        let input = String(decoding: (block["input"] ?? [:]).bytes, as: UTF8.self)
        return "calls \(block["name"]?.stringValue ?? "a tool") with \(shortened(input, to: length / 2))"
      case "tool_result":
        let said =
          block["content"]?.stringValue ?? text(of: block["content"]?.arrayValue ?? [], upTo: length)
        return "result of the tool: \(shortened(said, to: length))"
      case "image", "document", "search_result": return "(a file)"
      default: return nil
      }
    }
    return shortened(texts.joined(separator: "\n"), to: length)
  }

  /// The beginning and the end of a text, which tell the most.
  static func shortened(_ text: String, to length: Int) -> String {
    guard text.utf8.count > length else { return text }
    let (head, tail) = (length * 2 / 3, length / 3)
    let beginning = String(decoding: text.utf8.prefix(head), as: UTF8.self)
    let ending = String(decoding: text.utf8.suffix(tail), as: UTF8.self)
    return "\(beginning)\n[… \(text.utf8.count - head - tail) bytes are left out …]\n\(ending)"
  }
}
