import Primitives
import Sessions

/// What becomes of a run when its session rests.
enum Verdict: Equatable {
  case wait(reason: String)
  /// Back to the queue for a while, in the same session.
  case pause(reason: String)
  case end(Run.State, reason: String)
  /// A new session with a fresh sandbox.
  case retry(reason: String)

  /// The table of the state machine: how a drive's settlement maps to the run.
  /// - Parameter trouble: what the session last complained of.
  init(
    _ settlement: Settlement, outcome: Outcome?, trouble: String? = nil,
    ending: (state: Run.State, reason: String)?, attempt: Int, attempts: Int
  ) {
    // What was decided from outside wins over whatever the agent came to.
    if let ending {
      self = .end(ending.state, reason: ending.reason)
      return
    }
    func again(_ reason: String) -> Verdict {
      if attempt < attempts { return .retry(reason: reason) }
      let tried = attempts == 1 ? "" : " That was attempt \(attempt) of \(attempts)."
      return .end(.failed, reason: reason + tried)
    }
    switch settlement {
    case .idle(.endTurn): self = Verdict.ofFinishedTurn(outcome)
    case .idle(.refusal): self = .end(.failed, reason: "The model refused the task.")
    case .idle(.budgetReached): self = .end(.capped, reason: "The budget was reached.")
    case .idle(.retriesExhausted): self = again(trouble ?? "The model did not answer, after several tries.")
    case .idle(.requiresAction(let ids)), .waiting(let ids):
      self = .wait(
        reason: ids.count == 1 ? "One call waits for an answer." : "\(ids.count) calls wait for an answer.")
    case .interrupted: self = .wait(reason: "It was interrupted; a message to its session goes on with it.")
    case .later(let due, let reason):
      self = .pause(reason: "\(reason.asSentence) It goes on at \(due.inSentence).")
    case .terminated(let reason): self = again(reason)
    case .hopeless(let reason), .refused(let reason): self = .end(.failed, reason: reason)
    case .rest(let due): self = .pause(reason: "It goes on at \(due.inSentence).")
    }
  }

  private static func ofFinishedTurn(_ outcome: Outcome?) -> Verdict {
    guard let outcome else { return .end(.succeeded, reason: "The agent finished.") }
    let explanation = outcome.explanation.map { " \($0)" } ?? ""
    switch outcome.result {
    case .satisfied: return .end(.succeeded, reason: "The outcome was reached.\(explanation)")
    case .maxIterationsReached:
      return .end(
        .unsatisfied,
        reason: "The outcome was not reached in \(outcome.maxIterations) iterations.\(explanation)")
    case .failed: return .end(.failed, reason: "The outcome can't be judged.\(explanation)")
    case .interrupted: return .wait(reason: "Its outcome was interrupted.")
    case .pending, .running, .evaluating, .needsRevision:
      return .end(.failed, reason: "The turn ended before its outcome was evaluated.")
    }
  }
}
