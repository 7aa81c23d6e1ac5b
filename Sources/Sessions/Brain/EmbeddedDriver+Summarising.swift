import JSON
import Outcomes
import Sessions

// One summary of a conversation that has become too long for the model.
extension EmbeddedDriver {
  /// - Parameter becauseTold: whether the model said that it cannot read all of it, whatever is known of its window.
  /// - Returns: how the drive ends, or nil to go on.
  func summarise(
    _ session: DrivenSession, _ row: Session, _ reading: Reading, becauseTold: Bool
  ) async throws -> Settlement? {
    let (log, progress) = (reading.log, reading.progress)
    var window = ContextWindow(of: row.agent["model"], limits)
    if becauseTold {
      // It is smaller than was thought.
      window = ContextWindow(tokens: min(window.tokens, max(1_000, Conversation.estimatedTokens(log))))
    }
    guard progress.summaries < limits.summaries, let compaction = Compaction(log, window) else {
      try await session.record([Trouble.incompressible.event])
      return .idle(.retriesExhausted)
    }
    let model: any Model
    do {
      model = try models.model(for: row)
    } catch let error as ModelError {
      return try await meet(error, session, progress)
    }
    let request = compaction.request(model: row.agent["model"] ?? .null, outside: OutsideText(randomness))
    let start = try await session.record([NewEvent(.modelRequestStart)])
    switch try await unlessInterrupted(session, { try await model.answer(to: request) }) {
    case .success(let reply):
      let end = NewEvent(
        .modelRequestEnd,
        [
          "model_request_start_id": .string(start[0].id), "is_error": false, "model_usage": reply.usage.json,
        ])
      try await session.record([end, compaction.event(reply)])
      return nil
    case .failure(let error):
      if case .refused = error {
        try await session.record([start[0].failedEnd(), compaction.event(nil)])
        return nil
      }
      return try await meet(error, session, progress, span: start[0])
    case nil:
      return nil
    }
  }
}

extension ModelError {
  /// Whether the server says that the request is longer than its model can read.
  var saysTooLong: Bool {
    guard case .refused(let status, let message, _) = self, status == 400 || status == 413 else {
      return false
    }
    let words = message.lowercased()
    return words.contains("too long")
      || words.contains("context") && ["exceed", "length", "size", "window"].contains(where: words.contains)
  }
}
