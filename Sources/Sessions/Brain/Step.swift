import JSON
import Sessions

/// What the next step depends on besides the log.
struct Situation: Sendable, Equatable {
  var turnOpen: Bool
  /// Ids of the tool uses that wait for an answer while no turn is open.
  var blocked: [String]
  var outcome: Outcome?
  /// The names of the tools that a worker of the client runs, not this machine.
  var toolsElsewhere: Set<String>
}

extension Situation {
  init(_ session: Session, toolsElsewhere: Set<String>) {
    self.init(
      turnOpen: session.turnOpen, blocked: session.blocked, outcome: session.activeOutcome,
      toolsElsewhere: toolsElsewhere)
  }
}

/// The next thing to do. Decided by a pure function of the session's state and log.
enum Step: Sendable, Equatable {
  case settle(Settlement)
  /// The turn is over, which is to be told.
  case fail(FailedTurn)
  /// An interrupt is to be applied.
  case stop
  case deny([Call])
  case run([Call])
  case ask(maxTokens: Int)
  /// The model could not read all of the conversation.
  case summarise
  /// With the start event of an evaluation that was begun before.
  case evaluate(Outcome, iteration: Int, start: Event?)
  case tooManyRounds

  /// Whether the agent or a check is about to work in the sandbox.
  var needsRepositories: Bool {
    switch self {
    case .run, .ask, .evaluate: true
    case .settle, .fail, .stop, .deny, .summarise, .tooManyRounds: false
    }
  }

  static func next(
    _ situation: Situation, _ progress: Progress, _ limits: EmbeddedDriver.Limits
  ) -> Step {
    if progress.isInterrupted { return .stop }
    guard situation.turnOpen else { return .settle(.waiting(situation.blocked)) }
    if let failed = progress.failed { return .fail(failed) }
    if progress.isExhausted { return .settle(.idle(.retriesExhausted)) }
    if let step = afterCalls(progress.calls, situation) { return step }
    if let outcome = situation.outcome, let start = progress.openEvaluation {
      let iteration = start.body["iteration"]?.intValue ?? outcome.iteration
      return .evaluate(outcome, iteration: iteration, start: start)
    }
    guard let reply = progress.lastReply, !progress.hasNews else { return ask(progress, limits) }
    return after(reply, situation, progress, limits)
  }

  /// What the open tool calls demand, if there are any.
  private static func afterCalls(_ calls: [Call], _ situation: Situation) -> Step? {
    if calls.isEmpty { return nil }
    let denied = calls.filter(\.isDenied)
    if !denied.isEmpty { return .deny(denied) }
    let runnable = calls.filter { $0.mayRun && $0.runsHere(situation) }
    if !runnable.isEmpty { return .run(runnable) }
    return .settle(.waiting(calls.map(\.id)))
  }

  private static func ask(_ progress: Progress, _ limits: EmbeddedDriver.Limits) -> Step {
    if progress.rounds >= limits.rounds { return .tooManyRounds }
    return .ask(maxTokens: progress.cuts > 0 ? limits.raisedReplyTokens : limits.replyTokens)
  }

  /// What follows a reply to which nothing was added.
  private static func after(
    _ reply: Progress.Reply, _ situation: Situation, _ progress: Progress, _ limits: EmbeddedDriver.Limits
  ) -> Step {
    switch reply.stopReason {
    case StopReasons.refusal:
      return .settle(.idle(.refusal(details: reply.stopDetails)))
    case StopReasons.contextExceeded:
      return .summarise
    case StopReasons.pauseTurn:
      return ask(progress, limits)
    case StopReasons.maxTokens where progress.cuts < limits.cuts:
      return ask(progress, limits)
    default:
      guard let outcome = situation.outcome else { return .settle(.idle(.endTurn)) }
      return .evaluate(outcome, iteration: progress.evaluations[outcome.id] ?? 0, start: nil)
    }
  }
}
