import JSON
import Primitives
import Queue
package import Store

// The door for input: everything that a client, a trigger or a timer tells a session comes in here.
extension Sessions {
  /// Stores inputs and makes the session due, in the caller's transaction.
  /// - Parameter key: repeats of the same key answer with the inputs that were stored first.
  /// - Returns: the stored events, with their ids.
  /// - Throws: `SessionError`.
  @discardableResult
  package func append(
    _ tx: Transaction, to id: String, _ inputs: [NewEvent], key: String? = nil
  ) throws -> [Event] {
    var session = try session(tx, id)
    if let key {
      let earlier = try tx.rows(
        """
        SELECT * FROM events WHERE session_id = $1 AND idempotency_key = $2 ORDER BY idempotency_place
        """, id, key)
      if !earlier.isEmpty { return try earlier.map(Event.init) }
    }
    if let reason = session.closing { throw SessionError.closed(id: id, reason: reason) }
    let now = time.now()
    let stored = try arrive(inputs, in: &session, at: now)
    for (place, event) in stored.enumerated() {
      try insert(tx, id, event, key: key, place: key == nil ? nil : place)
    }
    try save(tx, session, at: now)
    // During a pause before the next try, only an interrupt cannot wait.
    let isPaused = session.status == .rescheduling && !stored.contains { $0.type == .userInterrupt }
    let due = isPaused ? try queue.item(tx, .session, id)?.due : nil
    try queue.push(tx, .session, id, due: due ?? now, slot: session.slot)
    return stored
  }

  /// Numbers inputs in the order they come, and takes over into the row what they say about the session.
  /// - Throws: `SessionError.outcomeActive`.
  func arrive(
    _ inputs: [NewEvent], in session: inout Session, at now: Timestamp
  ) throws -> [Event] {
    let batch = session.lastArrival + 1
    return try inputs.map { input in
      if input.type == .userDefineOutcome, session.outcomes.last?.result.isTerminal == false {
        throw SessionError.outcomeActive(id: session.id)
      }
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

  /// Moves the inputs that apply now into the log and opens the turn.
  ///
  /// Interrupts overtake: while a turn is open or paused, or the agent waits for answers, they come with nothing
  /// but answers, which they leave without effect, and what is queued behind them starts the next turn. While it
  /// waits, answers are taken and messages stay queued.
  ///
  /// Messages come one request at a time: each has its reply before the next is taken.
  func take(_ tx: Transaction, _ id: String, owingReply: Bool = false) throws -> [Event] {
    var session = try session(tx, id)
    let unread = try unread(tx, id)
    let (applicable, ending) = Sessions.applicable(unread, to: session)
    let isWaiting = !session.blocked.isEmpty
    let isHeld = owingReply && (session.turnOpen || session.status == .rescheduling)
    let next = applicable.first { $0.type.startsWork }?.batch
    let inputs = applicable.filter { !$0.type.startsWork || !isHeld && $0.batch == next }
    guard !inputs.isEmpty else { return [] }
    let now = time.now()
    let taken = try inputs.map { input in
      session.lastPosition += 1
      var event = input
      event.position = session.lastPosition
      // Followers have seen what was handled on receipt just as it stands now.
      if event.processedAt == nil {
        session.revision += 1
        event.revision = session.revision
        event.processedAt = now
      }
      try tx.run(
        "UPDATE events SET position = $2, revision = $3, processed_at = $4 WHERE id = $1", event.id,
        event.position, event.revision, event.processedAt)
      session.note(event, at: now)
      return event
    }
    try save(tx, session, at: now)
    // Until every call has its answer, the session goes on waiting. An answer that came too late, to a call that
    // is closed, starts nothing.
    if !ending && !session.turnOpen && session.blocked.isEmpty
      && (isWaiting || inputs.contains(where: \.type.startsWork))
    {
      try open(tx, session)
    }
    return taken
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

  /// Opens a turn, unless one is open: a drive that goes on after a pause opens it without input.
  func open(_ tx: Transaction, _ session: Session) throws {
    _ = try record(
      tx, session.id,
      [
        NewEvent(
          .threadRunning,
          ["session_thread_id": .string(session.threadID), "agent_name": .string(session.agentName)]),
        NewEvent(.statusRunning),
      ])
    try settling?.began(tx, self.session(tx, session.id))
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
