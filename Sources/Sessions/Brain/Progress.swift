import JSON
import Primitives
import Sessions

/// How far a session has come, read from its log. Pure.
struct Progress: Sendable {
  /// A successful reply of the model, as far as the next step depends on it.
  struct Reply: Sendable, Equatable {
    var stopReason: String
    var stopDetails: JSON?
  }

  /// A model request without an end.
  private(set) var openSpan: Event?
  /// An evaluation without an end.
  private(set) var openEvaluation: Event?
  private(set) var lastReply: Reply?
  /// Whether something the agent should answer came after the last reply.
  private(set) var hasNews = false
  /// Whether the agent has been told something to which it has not replied.
  private(set) var owesReply = false
  /// Replies since the agent was last told something by anybody but its tools.
  private(set) var rounds = 0
  /// Replies in a row that were cut at their limit.
  private(set) var cuts = 0
  /// Tries in a row that failed, of the model request or the grading that is due.
  private(set) var failures = 0
  /// Summaries in a row, each with at most one reply after it, since somebody last said something.
  private(set) var summaries = 0
  /// Whether there will be no more tries in this turn.
  private(set) var isExhausted = false
  /// Why the turn is over, while that is not told yet.
  private(set) var failed: FailedTurn?
  /// When the agent was last told something by anybody but its tools.
  private(set) var begunAt: Timestamp?
  /// Whether the model has said something since.
  private(set) var hasReplied = false
  /// Whether the log holds an interrupt that was not applied yet.
  private(set) var isInterrupted = false
  /// How many evaluations of each outcome have ended, by the outcome's id.
  private(set) var evaluations: [String: Int] = [:]
  /// Evaluations of this session that a grader decided.
  private(set) var verdicts = 0
  /// The agent's last message.
  private(set) var finalMessage: String?
  /// Tool calls without a result, in the order the agent made them.
  private(set) var calls: [Call] = []

  /// Replies since the last summary.
  private var repliesSinceSummary = 0

  /// - Parameter events: what follows in the log, in its order.
  mutating func add(_ events: [Event]) {
    for event in events where !event.isFlushed { note(event) }
  }

  func adding(_ events: [Event]) -> Progress {
    var progress = self
    progress.add(events)
    return progress
  }

  /// Counts a failed try whose event was not read back.
  mutating func noteFailure() { failures += 1 }

  private mutating func note(_ event: Event) {
    switch event.type {
    case .userMessage, .systemMessage, .userDefineOutcome:
      hasNews = true
      owesReply = true
      begunAt = event.processedAt
      hasReplied = false
      rounds = 0
      summaries = 0
    case .userInterrupt:
      isInterrupted = true
    case .userToolConfirmation:
      guard let place = calls.firstIndex(where: { $0.id == event.answeredCall }) else { break }
      // The first answer counts.
      if calls[place].confirmation == nil { calls[place].confirmation = event.body }
    case .agentToolUse, .agentCustomToolUse:
      calls.append(Call(event))
    case .agentToolResult, .userToolResult, .userCustomToolResult:
      calls.removeAll { $0.id == event.answeredCall }
      hasNews = true
    case .agentMessage:
      finalMessage = event.body["content"]?.arrayValue?.compactMap { $0["text"]?.stringValue }
        .joined(separator: "\n")
    case .modelRequestStart:
      openSpan = event
    case .modelRequestEnd:
      openSpan = nil
      failed = FailedTurn(hidden: event.hidden?["failed"])
      if let reply = event.hidden?["stop_reason"]?.stringValue { note(reply, event) }
    case .contextCompacted:
      // What was not answered for want of room may be asked again.
      hasNews = true
      failures = 0
      summaries = repliesSinceSummary > 1 ? 1 : summaries + 1
      repliesSinceSummary = 0
    case .evaluationStart:
      openEvaluation = event
      failures = 0
    case .evaluationEnd:
      noteEvaluation(event)
    case .error where RepositoryTrouble.isMeant(by: event): break
    case .error:
      failed = nil
      switch event.body["error"]?["retry_status"]?["type"]?.stringValue {
      case "retrying": failures += 1
      case "exhausted": isExhausted = true
      default: break
      }
    case .statusRunning, .statusRescheduled:
      isInterrupted = false
      isExhausted = false
    case .statusIdle, .statusTerminated:
      failed = nil
      isInterrupted = false
      isExhausted = false
      failures = 0
    default: break
    }
  }

  private mutating func note(_ stopReason: String, _ end: Event) {
    lastReply = Reply(stopReason: stopReason, stopDetails: end.hidden?["stop_details"])
    hasNews = false
    owesReply = false
    hasReplied = true
    failures = 0
    cuts = stopReason == StopReasons.maxTokens ? cuts + 1 : 0
    rounds += 1
    repliesSinceSummary += 1
  }

  private mutating func noteEvaluation(_ event: Event) {
    openEvaluation = nil
    failures = 0
    let outcome = event.body["outcome_id"]?.stringValue ?? ""
    if event.body["outcome_evaluation_start_id"]?.stringValue != "" {
      evaluations[outcome, default: 0] += 1
    }
    if event.hidden?["graded"]?.boolValue == true { verdicts += 1 }
    switch event.body["result"]?.stringValue {
    case "needs_revision", "max_iterations_reached":
      hasNews = true
      rounds = 0
    default: break
    }
  }
}

/// The stop reasons of the Messages API that change what happens next. All others end the turn.
enum StopReasons {
  static let endTurn = "end_turn"
  static let toolUse = "tool_use"
  static let maxTokens = "max_tokens"
  static let refusal = "refusal"
  static let pauseTurn = "pause_turn"
  static let contextExceeded = "model_context_window_exceeded"

  /// The reason in the words of the Messages API. Some gateways pass on those of the API behind them.
  static func usual(_ reason: String) -> String {
    switch reason {
    case "stop": endTurn
    case "length": maxTokens
    case "tool_calls", "function_call": toolUse
    default: reason
    }
  }

  /// Those after which the end of a reply may be missing.
  static let cutting = [maxTokens, contextExceeded]
}
