import JSON
package import Queue
package import Store

/// A session while a worker holds its lease: what a driver may read and write. Every write checks in its
/// transaction that the lease is still held, and changes nothing if not.
package struct DrivenSession: Sendable {
  package let id: String
  package let claim: Claim
  let sessions: Sessions

  init(id: String, claim: Claim, sessions: Sessions) {
    self.id = id
    self.claim = claim
    self.sessions = sessions
  }

  /// The session as it stands now.
  package func session() async throws -> Session {
    let (id, sessions) = (id, sessions)
    return try await sessions.database.read { tx in try sessions.session(tx, id) }
  }

  /// The whole log in order, without inputs that were not taken yet.
  package func log() async throws -> [Event] {
    let (id, sessions) = (id, sessions)
    let known = sessions.recentLogs.log(of: id)
    let position = known.last?.position ?? 0
    let log = known + (try await sessions.database.read { tx in try sessions.log(tx, id, after: position) })
    sessions.recentLogs.keep(log, of: id)
    return log
  }

  /// Whether somebody is told of its end and need not watch it, as with a run.
  package func isCarried() async throws -> Bool {
    let (id, sessions) = (id, sessions)
    return try await sessions.database.read { tx in try sessions.settling?.carries(tx, id) ?? false }
  }

  /// Takes what applies now, as `take` does, and reads what the next step depends on.
  /// - Parameter owesReply: whether the agent has not replied to the last message, by what the log has after the
  ///   position; the next message waits then, as long as the turn goes on.
  /// - Returns: the session as it stands then, and what its log has after the position.
  package func advance(
    from position: Int64, owesReply: @escaping @Sendable ([Event]) -> Bool
  ) async throws -> (session: Session, news: [Event]) {
    try await write { tx, sessions, id in
      let news = try sessions.log(tx, id, after: position)
      return try sessions.edit(tx, id) { session in
        _ = try session.take(owingReply: owesReply(news))
        let taken = try sessions.log(tx, id, after: news.last?.position ?? position)
        return (try session.current(), news + taken)
      }
    }
  }

  /// Takes the inputs that apply now into the log, and opens the turn (`session.status_running`) if a message
  /// or an answer came and none is open. Interrupts overtake, and leave answers without effect.
  package func take() async throws -> [Event] {
    try await write { tx, sessions, id in try sessions.edit(tx, id) { session in try session.take() } }
  }

  /// Opens the turn if none is open: to go on after a pause, without new input.
  /// - Returns: the session as it stands then, and what its log has after a position.
  package func open(from position: Int64) async throws -> (session: Session, news: [Event]) {
    try await write { tx, sessions, id in
      try sessions.edit(tx, id) { session in
        try session.open()
        return (try session.current(), try sessions.log(tx, id, after: position))
      }
    }
  }

  /// Appends events to the log.
  /// - Parameter change: what else belongs into the same transaction.
  @discardableResult
  package func record(
    _ events: [NewEvent], also change: (@Sendable (Transaction) throws -> Void)? = nil
  ) async throws -> [Event] {
    try await write { tx, sessions, id in
      let written = try sessions.edit(tx, id) { session in try session.record(events) }
      try change?(tx)
      return written
    }
  }

  /// Returns once an interrupt has come that is not taken yet. Throws `CancellationError`.
  package func interruption() async throws {
    try await sessions.interruption(of: id)
  }

  /// Whether anybody wants to see what the model is saying while it says it.
  package var isPreviewed: Bool { sessions.signals.isPreviewed(id) }

  /// Shows a glimpse to those who follow the session in this process.
  package func preview(_ preview: Preview) {
    sessions.signals.send(preview, of: id)
  }

  /// A write under the lease.
  private func write<Result: Sendable>(
    _ body: @escaping @Sendable (Transaction, Sessions, String) throws -> Result
  ) async throws -> Result {
    let (id, claim, sessions) = (id, claim, sessions)
    return try await sessions.database.write { tx in
      try sessions.queue.holds(tx, claim)
      return try body(tx, sessions, id)
    }
  }
}
