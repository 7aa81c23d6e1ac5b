import JSON
import Primitives
import Queue
package import Store

// The door for input: everything that a client, a trigger or a timer tells a session comes in here.
extension Sessions {
  /// Stores inputs and makes the session due, in the caller's transaction; see `SessionEdit.append`.
  @discardableResult
  package func append(
    _ tx: Transaction, to id: String, _ inputs: [NewEvent], key: String? = nil
  ) throws -> [Event] {
    try edit(tx, id) { session in try session.append(inputs, key: key) }
  }

  /// What came with this key before; nil when nothing did.
  func earlier(_ tx: Transaction, _ id: String, _ key: String) throws -> [Event]? {
    // Older rows have it without whose it is.
    for key in [key, Sessions.bare(key)] {
      let rows = try tx.rows(
        "SELECT * FROM events WHERE session_id = $1 AND idempotency_key = $2 ORDER BY idempotency_place", id,
        key)
      if !rows.isEmpty { return try rows.map(Event.init) }
    }
    return nil
  }

  /// A key without whose it is, which stands on a line before it.
  static func bare(_ key: String) -> String {
    let end = key.utf8.lastIndex(of: UInt8(ascii: "\n"))
    return end.map { String(key[key.utf8.index(after: $0)...]) } ?? key
  }

  /// Numbers inputs in the order they come, and takes over into the row what they say about the session.
  /// - Throws: `SessionError.outcomeActive`; nothing has changed then.
  func arrive(
    _ inputs: [NewEvent], in session: inout Session, at now: Timestamp
  ) throws -> [Event] {
    let outcomes = inputs.count { $0.type == .userDefineOutcome }
    if outcomes > 1 || outcomes == 1 && session.outcomes.last?.result.isTerminal == false {
      throw SessionError.outcomeActive(id: session.id)
    }
    let batch = session.lastArrival + 1
    return inputs.map { input in
      session.lastArrival += 1
      session.revision += 1
      let event = Event(
        id: input.id ?? ID.make("sevt", at: now, randomness), type: input.type,
        body: completed(input, at: now), hidden: input.hidden, position: nil, arrival: session.lastArrival,
        batch: batch, revision: session.revision, processedAt: input.type.isHandledOnReceipt ? now : nil)
      if event.type == .userDefineOutcome { session.outcomes.append(Outcome(defined: event)) }
      return event
    }
  }

  /// An outcome's id is known as soon as it is stored, so that its sender can follow it.
  private func completed(_ input: NewEvent, at now: Timestamp) -> JSON.Object {
    guard input.type == .userDefineOutcome, input.body["outcome_id"] == nil else { return input.body }
    var body = input.body
    body["outcome_id"] = .string(ID.make("outc", at: now, randomness))
    return body
  }

  /// Which inputs apply in this state, in the order they apply, and whether they end the turn.
  static func applicable(_ unread: [Event], to session: Session) -> (inputs: [Event], ending: Bool) {
    let interrupts = unread.filter { $0.type == .userInterrupt }
    let isStoppable = session.turnOpen || session.isWaiting || session.status == .rescheduling
    if !interrupts.isEmpty && isStoppable { return (unread.filter(\.type.isAnswer) + interrupts, true) }
    if !session.blocked.isEmpty { return (unread.filter(\.type.isAnswer), false) }
    // To whoever sent the interrupt, what came before it had begun: it begins, and is then interrupted.
    if let first = interrupts.first?.arrival {
      let earlier = unread.filter { $0.type != .userInterrupt && ($0.arrival ?? 0) < first }
      if !earlier.isEmpty { return (earlier, false) }
    }
    return (interrupts + unread.filter { $0.type != .userInterrupt }, false)
  }

  /// Returns once an interrupt waits in the queue.
  func interruption(of id: String) async throws {
    let changes = signals.listen(to: id)
    if try await interruptWaits(id) { return }
    for await _ in changes where try await interruptWaits(id) { return }
    throw CancellationError()
  }

  private func interruptWaits(_ id: String) async throws -> Bool {
    try await database.read { tx in
      try tx.row(
        "SELECT 1 AS found FROM events WHERE session_id = $1 AND position IS NULL AND type = $2", id,
        EventType.userInterrupt) != nil
    }
  }
}
