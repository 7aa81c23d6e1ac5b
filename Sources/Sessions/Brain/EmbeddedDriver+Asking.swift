import JSON
import Logging
import Primitives
import Sessions
import Store

// One request to the model: the span's start, the reply with everything it says in one record, or the trouble.
extension EmbeddedDriver {
  /// - Returns: how the drive ends, or nil to go on.
  func ask(
    _ session: DrivenSession, _ row: Session, _ reading: Reading, maxTokens: Int
  ) async throws -> Settlement? {
    let (log, progress) = (reading.log, reading.progress)
    let model: any Model
    do {
      model = try models.model(for: row)
    } catch let error as ModelError {
      return try await meet(error, session, progress)
    }
    let toolbox = Toolbox(agent: row.agent, tools)
    let summary = Summary(in: log)
    let attachments = try Attachments.sources(Conversation.kept(log, summary)) {
      try workplaces.bytes($0, size: $1)
    }
    let window = ContextWindow(of: row.agent["model"], limits)
    var request = ModelRequest(
      purpose: .turn, model: row.agent["model"] ?? .null, system: Prompt.system(row, toolbox, log),
      tools: toolbox.definitions, messages: Conversation.messages(log, attachments: attachments),
      maxTokens: window.reply(upTo: maxTokens, afterCut: progress.cuts > 0))
    request.summarised = summary?.replies ?? 0
    if Compaction.isDue(request, log, window), Compaction(log, window) != nil {
      return try await summarise(session, row, reading, becauseTold: false)
    }
    let asking = request
    let start = try await session.record([NewEvent(.modelRequestStart)])
    let makeID: @Sendable () -> String = { [time, randomness] in ID.make("sevt", at: time.now(), randomness) }
    let names = SaidReply.EventIDs(message: makeID(), thinking: makeID())
    let previews = Previews(names)
    let asked = try await unlessInterrupted(session) {
      try await model.answer(to: asking) { progress in
        for preview in previews.note(progress) { session.preview(preview) }
      }
    }
    switch asked {
    case .success(let reply):
      let usedNames = Set(log.flatMap(\.modelsCallNames))
      let said = SaidReply(reply, takenNames: usedNames, ids: names, makeID: makeID)
      try await session.record(said.events(start: start[0].id, toolbox: toolbox))
      return nil
    case .failure(let error) where error.saysTooLong:
      var ended = reading
      ended.add(start)
      ended.add(try await session.record([start[0].failedEnd()]))
      return try await summarise(session, row, ended, becauseTold: true)
    case .failure(let error):
      return try await meet(error, session, progress, span: start[0])
    case nil:
      return nil
    }
  }

  /// Records that the model did not answer, and gives the session back until it may be asked again.
  /// - Parameters:
  ///   - span: the request's start, if one was made.
  ///   - inline: the longest wait that is spent here instead: where giving back would repeat work.
  /// - Returns: how the drive ends, or nil to ask again.
  func meet(
    _ error: ModelError, _ session: DrivenSession, _ progress: Progress, span: Event? = nil,
    inline: Duration? = nil
  ) async throws -> Settlement? {
    let failures = progress.failures
    let isFinal = !error.isRetryable || failures + 1 >= limits.tries
    if isFinal {
      if let until = try await reserve(session, progress) {
        if let span { try await session.record([span.failedEnd(holding: FailedTurn(error))]) }
        return .rest(until: until)
      }
      return try await fail(FailedTurn(error), session, closing: span.map { [$0.failedEnd()] } ?? [])
    }
    try await session.record((span.map { [$0.failedEnd()] } ?? []) + [Trouble.retrying(error).event])
    let wait = Backoff.wait(
      afterFailures: failures + 1, asked: error.retryAfter, chance: randomness.fraction())
    if refusals.isTold(session.id, at: time.now()) {
      log.warning(
        "The model does not answer session \(session.id), which asks again in \(DurationText.text(.seconds(wait.inSeconds.rounded(.up)))) (try \(failures + 2) of \(limits.tries)): \(error)"
      )
    }
    guard let inline, wait <= inline else { return .later(time.now() + wait, reason: error.description) }
    _ = try await unlessInterrupted(session) { [time] in try await time.sleep(wait) }
    return nil
  }

  /// Ends the turn because the model will not answer.
  func fail(
    _ failed: FailedTurn, _ session: DrivenSession, closing: [NewEvent] = []
  ) async throws -> Settlement {
    log.warning("The model does not answer session \(session.id): \(failed.sentence)")
    try await session.record(closing + [failed.event])
    return failed.settlement
  }

  /// The same for failures that are not the model's, which are rare: waited out here.
  func keepBack(_ session: DrivenSession, _ progress: Progress) async throws {
    guard let until = try await reserve(session, progress) else { return }
    let wait = until - time.now()
    _ = try await unlessInterrupted(session) { [time] in try await time.sleep(wait) }
  }

  /// Until when the failure of a turn is kept back in which the model has said nothing: whoever sends a message and
  /// opens the stream after it would never hear of its end. Nil when it may be told now.
  func reserve(_ session: DrivenSession, _ progress: Progress) async throws -> Timestamp? {
    guard limits.reserve > .zero, !progress.hasReplied, let since = progress.begunAt else { return nil }
    let now = time.now()
    // A clock that was set back must not make it longer.
    let wait = min(limits.reserve, since + limits.reserve - now)
    guard wait > .zero, try await !session.isCarried() else { return nil }
    return now + wait
  }
}

extension Model {
  /// The reply, or why there is none; only what is not the model's doing is thrown.
  func answer(
    to request: ModelRequest, telling: @escaping @Sendable (ModelProgress) -> Void = { _ in }
  ) async throws -> Result<ModelReply, ModelError> {
    do {
      return .success(try await reply(to: request, telling: telling))
    } catch let error as ModelError {
      return .failure(error)
    }
  }
}

extension ModelError {
  /// How long the server asked to wait.
  var retryAfter: Duration? {
    switch self {
    case .rateLimited(let wait, _), .overloaded(let wait, _): wait
    case .failed, .refused, .misplaced, .unavailable: nil
    }
  }
}
