import JSON
import Outcomes
import Sessions

/// The conversation as the model sees it, rebuilt from the log by a pure fold that only ever appends: what was
/// sent once is sent the same way again, so that the cache holds and thinking blocks stay bound to what came
/// before them.
struct Conversation: Sendable {
  /// Messages with alternating roles. The last is the user's whenever the model is to be asked.
  private(set) var messages: [JSON] = []
  private let attachments: [String: JSON]
  private var role = ""
  private var blocks: [JSON] = []

  /// The message that asks an agent to go on after its reply was cut.
  static let cutNotice =
    "Your reply was cut because it reached the limit of its length; an unfinished tool call was not run. Go on, "
    + "in smaller pieces."
  static let goOn = "Go on."

  /// - Parameter attachments: the sources of the files that messages name, by the files' ids.
  private init(attachments: [String: JSON]) {
    self.attachments = attachments
  }

  static func messages(_ log: [Event], attachments: [String: JSON] = [:]) -> [JSON] {
    var conversation = Conversation(attachments: attachments)
    let results = ToolResults(log, attachments: attachments)
    let summary = Summary(in: log)
    if let summary { conversation.add("user", summary.opening) }
    for event in kept(log, summary) { conversation.add(event, results) }
    conversation.endMessage()
    return conversation.messages
  }

  /// What the model is shown as it was said, after the summary if there is one.
  static func kept(_ log: [Event], _ summary: Summary?) -> [Event] {
    guard let summary else { return log.filter { !$0.isFlushed } }
    return log.filter { !$0.isFlushed && ($0.position ?? .max) > summary.end }.map {
      ($0.position ?? .max) < summary.place ? $0.withoutThinking : $0
    }
  }

  /// What is kept, cut where no tool call is parted from its result: each event that says something, with its
  /// messages.
  static func pieces(
    _ log: [Event], attachments: [String: JSON] = [:]
  ) -> [(event: Event, messages: [JSON])] {
    let results = ToolResults(log, attachments: attachments)
    return kept(log, Summary(in: log)).compactMap { event in
      var conversation = Conversation(attachments: attachments)
      conversation.add(event, results)
      conversation.endMessage()
      return conversation.messages.isEmpty ? nil : (event, conversation.messages)
    }
  }

  /// Roughly what a request with this log costs in input tokens: nobody counts them for a request that died.
  static func estimatedTokens(_ log: [Event]) -> Int {
    TokenEstimate.tokens(messages(log))
  }

  private mutating func add(_ event: Event, _ results: ToolResults) {
    switch event.type {
    case .userMessage:
      add("user", Blocks.ofUser(event.body["content"], attachments: attachments))
    case .userDefineOutcome:
      add(
        "user",
        Blocks.text(
          Feedback.task(
            description: event.body["description"]?.stringValue ?? "",
            rubric: event.body["rubric"]?["content"]?.stringValue ?? "")))
    case .modelRequestEnd:
      addReply(event, results)
    case .evaluationEnd:
      if let message = Feedback.message(after: Evaluation(ended: event)) { add("user", Blocks.text(message)) }
    default: break
    }
  }

  /// The model's reply, and right after it the results of its tool calls in the order of the calls.
  private mutating func addReply(_ end: Event, _ results: ToolResults) {
    guard let reply = end.hidden, let stopReason = reply["stop_reason"]?.stringValue else { return }
    let content =
      stopReason == StopReasons.refusal ? [] : Blocks.ofAssistant(reply["content"]?.arrayValue ?? [])
    if !content.isEmpty {
      add("assistant", content)
      for block in content {
        guard block["type"]?.stringValue == "tool_use", let id = block["id"]?.stringValue else { continue }
        add("user", [results.block(for: id, event: reply["calls"]?[id]?.stringValue)])
      }
    }
    switch stopReason {
    case StopReasons.maxTokens, StopReasons.contextExceeded: add("user", Blocks.text(Conversation.cutNotice))
    case StopReasons.pauseTurn: add("user", Blocks.text(Conversation.goOn))
    default: break
    }
  }

  private mutating func add(_ role: String, _ new: [JSON]) {
    if new.isEmpty { return }
    if role != self.role {
      endMessage()
      self.role = role
    }
    blocks += new
  }

  private mutating func endMessage() {
    if !blocks.isEmpty { messages.append(["role": .string(role), "content": .array(blocks)]) }
    blocks = []
  }
}

extension Event {
  /// A reply whose signed thinking may not be shown any more: it is bound to all that came before it, and some of
  /// that has become a summary. What nobody signed is bound to nothing.
  fileprivate var withoutThinking: Event {
    guard type == .modelRequestEnd, var hidden = hidden?.objectValue,
      let content = hidden["content"]?.arrayValue
    else { return self }
    hidden["content"] = .array(
      content.filter { block in
        switch block["type"]?.stringValue {
        case "thinking": !Blocks.isSigned(block)
        case "redacted_thinking": false
        default: true
        }
      })
    var event = self
    event.hidden = .object(hidden)
    return event
  }
}

/// The results of tool calls, wherever they stand in the log.
private struct ToolResults {
  private var events: [String: Event] = [:]
  private let attachments: [String: JSON]

  init(_ log: [Event], attachments: [String: JSON]) {
    self.attachments = attachments
    for event in log where !event.isFlushed {
      switch event.type {
      case .agentToolResult, .userToolResult, .userCustomToolResult:
        // The first result counts: it may have been sent to the model.
        if let call = event.answeredCall, events[call] == nil { events[call] = event }
      default: break
      }
    }
  }

  /// - Parameters:
  ///   - id: the model's name for the call.
  ///   - event: the log's.
  func block(for id: String, event: String?) -> JSON {
    let result = event.flatMap { events[$0] }
    let content = Blocks.ofResult(
      result.map { $0.body["content"] ?? [] } ?? .array(ToolResult.interrupted.content),
      attachments: attachments)
    let isError = result.map { $0.body["is_error"]?.boolValue ?? false } ?? true
    var block: JSON = ["type": "tool_result", "tool_use_id": .string(id), "content": content]
    if isError { block["is_error"] = true }
    return block
  }
}
