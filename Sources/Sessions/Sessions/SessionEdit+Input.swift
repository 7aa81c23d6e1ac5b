import JSON
import Primitives
import Queue
import Store

// How input comes in, and into the log.
extension SessionEdit {
  /// Stores inputs and makes the session due.
  /// - Parameter key: repeats of the same key answer with the inputs that were stored first.
  /// - Returns: the stored events, with their ids.
  /// - Throws: `SessionError`; nothing has changed then.
  @discardableResult
  package func append(_ inputs: [NewEvent], key: String? = nil) throws -> [Event] {
    if let key, let earlier = try sessions.earlier(tx, id, key) { return earlier }
    if let reason = session.closing { throw SessionError.closed(id: id, reason: reason) }
    let stored = try sessions.arrive(inputs, in: &session, at: now)
    for (place, event) in stored.enumerated() {
      try sessions.insert(tx, id, event, key: key, place: key == nil ? nil : place)
    }
    waits(stored)
    // During a pause before the next try, only an interrupt cannot wait.
    let isPaused = session.status == .rescheduling && !stored.contains { $0.type == .userInterrupt }
    let due = isPaused ? try sessions.queue.item(tx, .session, id)?.due : nil
    try sessions.queue.push(tx, .session, id, due: due ?? now, slot: session.slot)
    return stored
  }

  /// Moves the inputs that apply now into the log and opens the turn.
  ///
  /// Interrupts overtake: while a turn is open or paused, or the agent waits for answers, they come with nothing
  /// but answers, which they leave without effect, and what is queued behind them starts the next turn. While it
  /// waits, answers are taken and messages stay queued.
  ///
  /// Messages come one request at a time: each has its reply before the next is taken.
  func take(owingReply: Bool = false) throws -> [Event] {
    let (applicable, ending) = Sessions.applicable(try unread(), to: session)
    let isWaiting = !session.blocked.isEmpty
    let isHeld = owingReply && (session.turnOpen || session.status == .rescheduling)
    let next = applicable.first { $0.type.startsWork }?.batch
    let inputs = applicable.filter { !$0.type.startsWork || !isHeld && $0.batch == next }
    guard !inputs.isEmpty else { return [] }
    let placed = try inputs.map { input in
      var event = input
      place(&event)
      // Followers have seen what was handled on receipt just as it stands now.
      if event.processedAt == nil {
        session.revision += 1
        event.revision = session.revision
        event.processedAt = now
      }
      try tx.run(
        "UPDATE events SET position = $2, revision = $3, processed_at = $4 WHERE id = $1", event.id,
        event.position, event.revision, event.processedAt)
      session.note(event, at: moment)
      return event
    }
    taken(placed)
    // Until every call has its answer, the session goes on waiting. An answer that came too late, to a call that
    // is closed, starts nothing.
    if !ending && !session.turnOpen && session.blocked.isEmpty
      && (isWaiting || inputs.contains(where: \.type.startsWork))
    {
      try open()
    }
    return placed
  }

  /// Opens a turn, unless one is open: a drive that goes on after a pause opens it without input.
  func open() throws {
    if session.turnOpen { return }
    try record([
      NewEvent(
        .threadRunning,
        ["session_thread_id": .string(session.threadID), "agent_name": .string(session.agentName)]),
      NewEvent(.statusRunning),
    ])
    try sessions.settling?.began(self)
  }
}
