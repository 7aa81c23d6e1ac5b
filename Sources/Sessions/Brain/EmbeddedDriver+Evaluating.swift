import JSON
import Outcomes
import Primitives
import Sessions

// One evaluation of an outcome: collect, check, grade, record.
extension EmbeddedDriver {
  /// The most bytes of a deliverable, and of all, that are read to show the grader a part of them.
  private static let readLimit: Int64 = 1 << 20
  private static let totalReadLimit: Int64 = 16 << 20

  /// - Parameter start: the start event, if the evaluation was begun by an earlier drive.
  /// - Returns: how the drive ends, or nil to go on.
  func evaluate(
    _ outcome: Outcome, _ iteration: Int, _ start: Event?, _ session: DrivenSession, _ row: Session,
    _ progress: Progress
  ) async throws -> Settlement? {
    var opened = start
    if opened == nil {
      opened = try await session.record([
        NewEvent(
          .evaluationStart, ["outcome_id": .string(outcome.id), "iteration": JSON(iteration)])
      ]).first
    }
    let evaluated: Evaluated
    do {
      try Rubric.validate(outcome.rubric)
      evaluated = try await telling(outcome, iteration, session) {
        try await judge(outcome, iteration, session, row, progress)
      }
    } catch let error as OutcomeError {
      evaluated = .ended(Evaluation(result: .failed, explanation: error.description))
    }
    switch evaluated {
    case .ended(let evaluation): try await end(outcome, opened, evaluation, session)
    case .interrupted: break
    case .settled(.later(let due, let reason), _):
      // The evaluation stays open and is repeated.
      return .later(due, reason: reason)
    case .settled(let settlement, let reason):
      try await end(outcome, opened, Evaluation(result: .failed, explanation: reason), session)
      return settlement
    }
    return nil
  }

  /// How often a long evaluation says that it goes on.
  static let evaluationBeat = Duration.seconds(20)

  /// Works, and records now and then that the evaluation is still under way.
  private func telling<Result: Sendable>(
    _ outcome: Outcome, _ iteration: Int, _ session: DrivenSession,
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask { try await work() }
      group.addTask { [time] in
        while !Task.isCancelled {
          do { try await time.sleep(EmbeddedDriver.evaluationBeat) } catch { break }
          try await session.record([
            NewEvent(
              .evaluationOngoing, ["outcome_id": .string(outcome.id), "iteration": JSON(iteration)])
          ])
        }
        return nil
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let ended { return ended }
      }
      throw CancellationError()
    }
  }

  private enum Evaluated: Sendable {
    case ended(Evaluation)
    case interrupted
    /// The grader did not answer, for this reason.
    case settled(Settlement, String)
  }

  private func judge(
    _ outcome: Outcome, _ iteration: Int, _ session: DrivenSession, _ row: Session, _ progress: Progress
  ) async throws -> Evaluated {
    let gathered = try await unlessInterrupted(session) { [workplaces] in
      let deliverables = try await workplaces.deliverables(
        session, readingUpTo: EmbeddedDriver.readLimit, inAll: EmbeddedDriver.totalReadLimit)
      var checks: [CheckOutcome] = []
      if !row.checks.isEmpty {
        let hands = try await workplaces.hands(for: row, session.claim)
        for check in row.checks {
          checks.append(CheckOutcome(name: check.name, result: try await hands.outcome(of: check)))
        }
      }
      return (deliverables, checks)
    }
    guard let (deliverables, checks) = gathered else { return .interrupted }
    let maximum = outcome.maxIterations
    let decided = IterationRule.decision(
      afterChecks: checks, iteration: iteration, of: maximum, isGraded: outcome.isGraded)
    if let decided { return .ended(decided) }
    let request = Grader.request(
      for: outcome, iteration: iteration, call: progress.verdicts, deliverables: deliverables,
      final: progress.finalMessage, model: row.agent["model"] ?? .null, outside: OutsideText(randomness))
    switch try await grade(request, session, row, progress) {
    case .verdict(let verdict, let usage):
      return .ended(
        IterationRule.decision(verdict, checks: checks, iteration: iteration, of: maximum, usage: usage))
    case .interrupted: return .interrupted
    case .settled(let settlement, let reason): return .settled(settlement, reason)
    }
  }

  private enum Graded {
    case verdict(Verdict, Usage)
    case interrupted
    case settled(Settlement, String)
  }

  /// Asks the grader until it gives a verdict. Trouble with the model is met as the agent's is.
  private func grade(
    _ request: ModelRequest, _ session: DrivenSession, _ row: Session, _ before: Progress
  ) async throws -> Graded {
    var progress = before
    let model: any Model
    do {
      model = try models.model(for: row)
    } catch let error as ModelError {
      let settlement = try await meet(error, session, progress)
      return settlement.map { .settled($0, error.description) } ?? .interrupted
    }
    var broken = 0
    var usage = Usage()
    while true {
      switch try await unlessInterrupted(session, { try await model.answer(to: request) }) {
      case .success(let reply):
        usage = usage + reply.usage
        do throws(OutcomeError) {
          return .verdict(try Grader.verdict(in: reply), usage)
        } catch {
          broken += 1
          guard broken >= Grader.maximumTries else { continue }
          let trouble = Trouble.brokenGrader(error.description)
          try await session.record([trouble.event])
          return .settled(.idle(.retriesExhausted), trouble.sentence)
        }
      case .failure(let error):
        // Another drive would run the checks again.
        let settlement = try await meet(error, session, progress, inline: limits.inlineWait)
        if let settlement { return .settled(settlement, error.description) }
        progress.noteFailure()
      case nil:
        return .interrupted
      }
    }
  }

  /// Records the end of an evaluation, in the log and as a row.
  /// - Parameters:
  ///   - start: nil when an interrupt came before an evaluation had begun.
  ///   - events: what stands before it in the log.
  func end(
    _ outcome: Outcome, _ start: Event?, _ evaluation: Evaluation, _ session: DrivenSession,
    after events: [NewEvent] = []
  ) async throws {
    let iteration = start?.body["iteration"]?.intValue ?? outcome.upcoming
    let end = NewEvent(
      .evaluationEnd,
      [
        "outcome_id": .string(outcome.id), "iteration": JSON(iteration),
        "outcome_evaluation_start_id": .string(start?.id ?? ""),
        "result": .string(evaluation.result.rawValue), "explanation": .string(evaluation.explanation),
        "usage": evaluation.usage.json,
      ], hidden: evaluation.hidden)
    let (now, id) = (time.now(), session.id)
    try await session.record(events + [end]) { tx in
      guard let start else { return }
      try Evaluations.store(
        tx, session: id, outcome: outcome.id, iteration: iteration, evaluation,
        startedAt: start.processedAt ?? now, endedAt: now)
    }
  }
}
