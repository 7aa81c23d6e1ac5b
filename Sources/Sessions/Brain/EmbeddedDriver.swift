package import Logging
import Outcomes
package import Primitives
package import Sessions

/// Drives sessions with a model and the hands of this machine.
///
/// A drive is a loop of steps: take the input that has come, read the log, decide (`Step`), act, record. It
/// remembers nothing between steps but the log it has read, so that any process can go on after any other:
///
/// ```
/// wake ─▶ take ─▶ decide ─┬─▶ run the agent's tools ──────┐
///           ▲             ├─▶ ask the model ──────────────┤
///           │             ├─▶ evaluate the outcome ───────┤
///           │             └─▶ settle                      │
///           └─────────────────────────────────────────────┘
/// ```
package struct EmbeddedDriver: Driver {
  let models: any ModelProvider
  let workplaces: Workplaces
  let tools: [any ToolProvider]
  let time: Time
  let randomness: Randomness
  let limits: Limits
  let log: Logger
  let refusals = RefusalTelling()

  /// - Parameter tools: whatever agents may use, in the order models are told of it.
  package init(
    models: any ModelProvider, workplaces: Workplaces, tools: [any ToolProvider], time: Time = .system,
    randomness: Randomness = .system, limits: Limits = Limits(), log: Logger = Logger(label: "brain")
  ) {
    self.models = models
    self.workplaces = workplaces
    self.tools = tools
    self.time = time
    self.randomness = randomness
    self.limits = limits
    self.log = log
  }

  package func drive(_ session: DrivenSession) async throws -> Settlement {
    do {
      var reading = try await wake(session)
      var isFurnished = false
      while true {
        try Task.checkCancellation()
        if let settlement = try await step(session, &reading, &isFurnished) {
          try await collectLeftovers(session, settlement)
          return settlement
        }
      }
    } catch let error as SandboxError {
      return try await giveUp(session, error)
    }
  }

  /// Takes what has come, decides, and acts.
  /// - Parameter isFurnished: whether this drive has seen to the session's repositories.
  /// - Returns: how the drive ends, or nil to go on.
  private func step(
    _ session: DrivenSession, _ reading: inout Reading, _ isFurnished: inout Bool
  ) async throws -> Settlement? {
    let before = reading.progress
    var (row, news) = try await session.advance(from: reading.position) { news in
      before.adding(news).owesReply
    }
    reading.add(news)
    if row.status == .rescheduling && !reading.progress.isInterrupted {
      // The pause is over.
      (row, news) = try await session.open(from: reading.position)
      reading.add(news)
    }
    let next = Step.next(situation(row), reading.progress, limits)
    if case .ask(let maxTokens) = next, !isFurnished {
      // The model may think while the repositories come: nothing of its reply is done before they are there.
      async let mounting = mountRepositories(session, row, reading.progress)
      let asked = try await ask(session, row, reading, maxTokens: maxTokens)
      switch try await mounting {
      case .done: isFurnished = true
      case .interrupted: break
      case .without(let trouble): return trouble.settlement
      }
      return asked
    }
    if next.needsRepositories, !isFurnished {
      switch try await mountRepositories(session, row, reading.progress) {
      case .done: isFurnished = true
      case .interrupted: break
      case .without(let trouble): return trouble.settlement
      }
      return nil
    }
    switch next {
    case .settle(let settlement):
      // Whoever is told that the turn is over finds the deliverables.
      if settlement == .idle(.endTurn) { try await workplaces.collect(session) }
      return settlement
    case .fail(let failed):
      if let until = try await reserve(session, reading.progress) { return .rest(until: until) }
      return try await fail(failed, session)
    case .stop:
      try await stop(session, row, reading)
      return .interrupted
    case .deny(let calls):
      try await session.record(calls.map { $0.result($0.denial) })
    case .run(let calls):
      try await run(calls, session, row, reading.log)
    case .ask(let maxTokens):
      return try await ask(session, row, reading, maxTokens: maxTokens)
    case .summarise:
      return try await summarise(session, row, reading, becauseTold: true)
    case .evaluate(let outcome, let iteration, let start):
      return try await evaluate(outcome, iteration, start, session, row, reading.progress)
    case .tooManyRounds:
      try await session.record([Trouble.tooManyRounds(limits.rounds).event])
      return .idle(.retriesExhausted)
    }
    return nil
  }

  /// Takes what the agent has made so far also from a turn that did not end by itself. Nothing waits for it: what
  /// cannot be taken is told to the log.
  private func collectLeftovers(_ session: DrivenSession, _ settlement: Settlement) async throws {
    switch settlement {
    case .interrupted, .refused, .idle(.retriesExhausted), .idle(.refusal), .idle(.budgetReached): break
    // The end of a turn has seen to it; the others go on, or have no sandbox to take from.
    case .idle(.endTurn), .idle(.requiresAction), .waiting, .rest, .later, .terminated, .hopeless: return
    }
    do {
      try await workplaces.collect(session)
    } catch let error as SandboxError {
      log.warning("What the agent of \(session.id) had made was not taken: \(error)")
    }
  }

  private func situation(_ session: Session) -> Situation {
    Situation(session, toolsElsewhere: toolsElsewhere(session))
  }

  // MARK: Waking and stopping

  /// Puts in order what an earlier drive left when it died: an open model request is charged, and a tool call
  /// that may have run is answered as interrupted, since nobody knows how far it came. An open evaluation
  /// stays open and is repeated.
  private func wake(_ session: DrivenSession) async throws -> Reading {
    var reading = Reading(try await session.log())
    let progress = reading.progress
    let situation = situation(try await session.session())
    var closing: [NewEvent] = []
    if let span = progress.openSpan {
      closing.append(span.failedEnd(charging: Conversation.estimatedTokens(reading.log)))
    }
    // What is allowed runs once nothing waits for an answer any more: not before the turn is open.
    if situation.turnOpen {
      closing += progress.calls.filter { $0.mayRun && $0.runsHere(situation) }
        .map { $0.result(.interrupted) }
    }
    if !closing.isEmpty { reading.add(try await session.record(closing)) }
    return reading
  }

  /// Applies an interrupt that is in the log: whatever is open is closed.
  private func stop(
    _ session: DrivenSession, _ row: Session, _ reading: Reading
  ) async throws {
    let progress = reading.progress
    var closing: [NewEvent] = []
    if let span = progress.openSpan {
      closing.append(span.failedEnd(charging: Conversation.estimatedTokens(reading.log)))
    }
    closing += progress.calls.map { $0.result(.interrupted) }
    guard let outcome = row.activeOutcome else {
      if !closing.isEmpty { try await session.record(closing) }
      return
    }
    let evaluation = Evaluation(result: .interrupted, explanation: "The session was interrupted.")
    try await end(outcome, progress.openEvaluation, evaluation, session, after: closing)
  }

  /// Ends the session because its sandbox cannot work. Only a new one may fare better.
  private func giveUp(_ session: DrivenSession, _ error: SandboxError) async throws -> Settlement {
    let progress = Reading(try await session.log()).progress
    try await keepBack(session, progress)
    let trouble = Trouble.sandbox(error.description)
    var closing = progress.calls.map { $0.result(ToolResult(text: trouble.sentence, isError: true)) }
    closing.append(trouble.event)
    if let outcome = try await session.session().activeOutcome, let start = progress.openEvaluation {
      let evaluation = Evaluation(result: .failed, explanation: trouble.sentence)
      try await end(outcome, start, evaluation, session, after: closing)
    } else {
      try await session.record(closing)
    }
    return .terminated(trouble.sentence)
  }
}
