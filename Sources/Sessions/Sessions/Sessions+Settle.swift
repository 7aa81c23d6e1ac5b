import JSON
import Primitives
import Queue
package import Store

// The end of a drive: one transaction that closes the turn, lets the run go on to its result, and gives the
// item back.
extension Sessions {
  /// Writes what the drive came to.
  /// - Returns: false when input has come that the driver could take now; nothing was written then, and the
  ///   drive goes on.
  /// - Throws: `QueueError.stale` when the lease was lost.
  func settle(_ tx: Transaction, _ claim: Claim, _ settlement: Settlement) throws -> Bool {
    try queue.holds(tx, claim)
    let session = try session(tx, claim.ref)
    let unread = try unread(tx, session.id)
    if Sessions.refuses(settlement, unread: unread, closing: session.closing != nil) { return false }
    if case .rest(let due) = settlement {
      try queue.reschedule(tx, claim, due: due, failed: false)
      return true
    }
    try close(tx, session, settlement)
    if case .later(let due, _) = settlement {
      try queue.reschedule(tx, claim, due: due, failed: false)
      return true
    }
    // What is still queued (behind an interrupt, or behind a refusal) starts the next turn.
    let after = try self.session(tx, session.id)
    if Sessions.applicable(try self.unread(tx, session.id), to: after).inputs.isEmpty {
      try queue.finish(tx, claim)
    } else {
      try queue.reschedule(tx, claim, due: time.now(), failed: false)
    }
    return true
  }

  /// Settles a session that nobody drives, such as one whose run is cancelled while it is queued.
  package func settleUndriven(_ tx: Transaction, _ id: String, _ settlement: Settlement) throws {
    try close(tx, session(tx, id), settlement)
    try queue.remove(tx, .session, id)
    // Its worker comes by once more to remove the workspace. Without a slot: there is nothing to drive.
    if try Workplaces.isFinished(tx, id) { try queue.push(tx, .session, id, due: time.now()) }
  }

  /// Whether somebody drives the session at this moment.
  package func isDriven(_ tx: Transaction, _ id: String) throws -> Bool {
    try queue.item(tx, .session, id)?.worker != nil
  }

  static func refuses(_ settlement: Settlement, unread: [Event], closing: Bool) -> Bool {
    switch settlement {
    case .idle(.endTurn): !unread.isEmpty
    case .waiting: unread.contains { $0.type.isAnswer || $0.type == .userInterrupt }
    // What came meanwhile has woken the item again.
    case .idle, .interrupted, .later, .rest, .refused, .terminated, .hopeless: false
    }
  }

  /// The closing events, and what the run makes of them.
  func close(_ tx: Transaction, _ session: Session, _ settlement: Settlement) throws {
    switch settlement {
    case .idle(.retriesExhausted), .refused:
      try flush(tx, session.id, because: "the model's retries were exhausted")
    case .terminated(let reason), .hopeless(let reason):
      try flush(tx, session.id, because: reason)
    default: break
    }
    let now = time.now()
    _ = try record(tx, session.id, Sessions.closing(session, settlement, at: now), at: now)
    try settling?.settled(tx, self.session(tx, session.id), settlement)
  }

  static func closing(_ session: Session, _ settlement: Settlement, at now: Timestamp) -> [NewEvent] {
    let thread: JSON.Object = [
      "session_thread_id": .string(session.threadID), "agent_name": .string(session.agentName),
    ]
    func idle(_ reason: StopReason) -> [NewEvent] {
      var body: JSON.Object = ["stop_reason": reason.json]
      if case .refusal(let details?) = reason { body["stop_details"] = details }
      var ofThread = thread
      for (key, value) in body { ofThread[key] = value }
      return [
        NewEvent(.threadIdle, ofThread), NewEvent(.usage, ["usage": session.usageJSON(at: now)]),
        NewEvent(.statusIdle, body),
      ]
    }
    switch settlement {
    case .idle(let reason): return idle(reason)
    case .refused: return idle(.retriesExhausted)
    case .rest: return []
    case .interrupted:
      // Nothing was there to be stopped: the session rests as before.
      if session.status == .idle && !session.isWaiting { return [] }
      return idle(.endTurn)
    case .waiting(let ids):
      // Told before, and nothing was answered since.
      let told = session.stopReason?["event_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
      if !session.turnOpen && told == ids { return [] }
      return idle(.requiresAction(ids))
    case .later: return [NewEvent(.threadRescheduled, thread), NewEvent(.statusRescheduled)]
    case .terminated, .hopeless: return [NewEvent(.threadTerminated, thread), NewEvent(.statusTerminated)]
    }
  }

  // MARK: Closing the door

  /// From now on the session takes no input, and what is queued is flushed. The first reason stays.
  /// - Parameter interrupting: stops the turn that is open; whoever drives the session settles it then.
  package func closeDoor(
    _ tx: Transaction, _ id: String, because reason: String, interrupting: Bool = false
  ) throws {
    // Also what an earlier closing left: an interrupt that the driver had no more use for.
    try flush(tx, id, because: reason)
    var session = try session(tx, id)
    if !interrupting, !session.turnOpen, session.outcomes.last?.result.isTerminal == false {
      // Nobody works on it any more: without this it would be “running” for ever.
      session.leaveOutcome(because: "It was not decided: \(reason).", at: time.now())
      try save(tx, session, at: time.now())
    }
    if session.closing != nil { return }
    if interrupting { try append(tx, to: id, [NewEvent(.userInterrupt)]) }
    session = try self.session(tx, id)
    session.closing = reason
    try save(tx, session, at: time.now())
  }

  /// Puts queued inputs into the log as not processed, with the reason.
  private func flush(_ tx: Transaction, _ id: String, because reason: String) throws {
    var session = try session(tx, id)
    let unread = try unread(tx, id)
    guard !unread.isEmpty else { return }
    let now = time.now()
    for var event in unread {
      session.lastPosition += 1
      session.revision += 1
      event.hidden = event.hidden ?? [:]
      event.hidden?["flushed"] = .string(reason)
      if event.type == .userDefineOutcome { session.dropPendingOutcome(because: reason, at: now) }
      try tx.run(
        "UPDATE events SET position = $2, revision = $3, processed_at = $4, hidden = $5 WHERE id = $1",
        event.id, session.lastPosition, session.revision, now, event.hidden)
    }
    try save(tx, session, at: now)
  }
}

extension Event {
  /// Whether the input was never given to the agent, because the session ended before.
  package var isFlushed: Bool { hidden?["flushed"] != nil }
}
