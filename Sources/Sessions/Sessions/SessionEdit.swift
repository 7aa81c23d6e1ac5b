import JSON
import Primitives
package import Store

/// A session's row while one transaction changes it. What is appended to the log changes it in memory; it is loaded
/// once and saved once, and only in what is different then. Made by `Sessions.edit`.
package final class SessionEdit {
  package let tx: Transaction
  let sessions: Sessions
  /// The moment of the whole change.
  let moment: Moment
  var now: Timestamp { moment.now }
  private let loaded: Session
  package internal(set) var session: Session
  /// The inputs that no driver has taken, once they were asked for.
  private var waiting: [Event]?

  init(_ tx: Transaction, _ session: Session, of sessions: Sessions) {
    self.tx = tx
    self.sessions = sessions
    moment = sessions.time.moment()
    loaded = session
    self.session = session
  }

  package var id: String { session.id }

  /// The session as readers of this transaction see it.
  func current() throws -> Session {
    var current = session
    current.isDue = try unread().contains { session.isDue(for: $0) }
    return current
  }

  // MARK: Inputs that wait

  /// In the order they came.
  package func unread() throws -> [Event] {
    if let waiting { return waiting }
    let found = try sessions.unread(tx, id)
    waiting = found
    return found
  }

  func waits(_ inputs: [Event]) { waiting?.append(contentsOf: inputs) }

  /// Those inputs have their place in the log now.
  func taken(_ inputs: [Event]) {
    let ids = Set(inputs.map(\.id))
    waiting?.removeAll { ids.contains($0.id) }
  }

  // MARK: The log

  /// Gives events their places in the log, and takes over what they say about the session.
  @discardableResult
  func record(_ events: [NewEvent]) throws -> [Event] {
    try events.map { event in
      session.lastPosition += 1
      session.revision += 1
      let stored = Event(
        id: event.id ?? ID.make("sevt", at: now, sessions.randomness), type: event.type, body: event.body,
        hidden: event.hidden, position: session.lastPosition, arrival: nil, revision: session.revision,
        processedAt: now)
      try sessions.insert(tx, id, stored)
      session.note(stored, at: moment)
      return stored
    }
  }

  /// The next place in the log, for an input that came before.
  func place(_ input: inout Event) {
    session.lastPosition += 1
    input.position = session.lastPosition
  }

  // MARK: Saving

  private static let columns: [EditedColumn<Session>] = [
    EditedColumn("status", { $0.status }, as: { $0.rawValue }),
    EditedColumn("turn_open") { $0.turnOpen },
    EditedColumn("stop_reason", { $0.stopReason }, as: { $0 }),
    EditedColumn("blocked", { $0.blocked }, as: { JSON.array($0.map { .string($0) }) }),
    EditedColumn("agent") { $0.agent },
    EditedColumn("title") { $0.title },
    EditedColumn("metadata", { $0.metadata }, as: { JSON.object($0) }),
    EditedColumn("resources", { $0.resources }, as: { JSON.array($0) }),
    EditedColumn("outcomes", { $0.outcomes }, as: { JSON.array($0.map(\.stored)) }),
    EditedColumn("closing") { $0.closing },
    EditedColumn("workspace", { $0.workspace }, as: { $0.rawValue }),
    EditedColumn("input_tokens") { $0.usage.inputTokens },
    EditedColumn("output_tokens") { $0.usage.outputTokens },
    EditedColumn("cache_creation_tokens") { $0.usage.cacheCreationInputTokens },
    EditedColumn("cache_read_tokens") { $0.usage.cacheReadInputTokens },
    EditedColumn("active") { $0.active.microseconds },
    EditedColumn("running_since") { $0.runningSince },
    EditedColumn("elapsed_since") { $0.elapsedSince?.microseconds },
    EditedColumn("boot") { $0.boot },
    EditedColumn("web_searches") { $0.webSearches },
    EditedColumn("last_position") { $0.lastPosition },
    EditedColumn("last_arrival") { $0.lastArrival },
    EditedColumn("revision") { $0.revision },
    EditedColumn("updated_at") { $0.updatedAt },
    EditedColumn("archived_at") { $0.archivedAt },
    EditedColumn("terminated_at") { $0.terminatedAt },
  ]
}

extension SessionEdit: Edit {
  package func save() throws {
    if session == loaded { return }
    session.updatedAt = now
    guard try tx.save("sessions", id, SessionEdit.columns, from: loaded, to: session) else {
      throw SessionError.notFound(id: id)
    }
    let (signals, id) = (sessions.signals, id)
    tx.afterCommit { signals.ring(id) }
    // Followers may be in another process.
    tx.ring()
  }
}

extension Session {
  /// Whether an input that waits starts the next turn.
  func isDue(for input: Event) -> Bool {
    input.type != .userInterrupt && (blocked.isEmpty || input.type.isAnswer)
  }
}
