import JSON
import Primitives
import Queue
import Store

// The end of a drive, and of the session's readiness for input.
extension SessionEdit {
  /// Writes what the drive came to, and gives its item back.
  /// - Returns: false when input has come that the driver could take now; nothing was written then, and the
  ///   drive goes on.
  func settle(_ claim: Claim, _ settlement: Settlement) throws -> Bool {
    if Sessions.refuses(settlement, unread: try unread(), closing: session.closing != nil) { return false }
    let queue = sessions.queue
    if case .rest(let due) = settlement {
      try queue.reschedule(tx, claim, due: due, failed: false)
      return true
    }
    try close(settlement)
    if case .later(let due, _) = settlement {
      try queue.reschedule(tx, claim, due: due, failed: false)
      return true
    }
    // What is still queued (behind an interrupt, or behind a refusal) starts the next turn.
    if Sessions.applicable(try unread(), to: session).inputs.isEmpty {
      try queue.finish(tx, claim)
    } else {
      try queue.reschedule(tx, claim, due: now, failed: false)
    }
    return true
  }

  /// Settles a session that nobody drives, such as one whose run is cancelled while it is queued.
  package func settleUndriven(_ settlement: Settlement) throws {
    try close(settlement)
    try sessions.queue.remove(tx, .session, id)
    // Its worker comes by once more to remove the workspace. Without a slot: there is nothing to drive.
    if session.workspace == .finished { try sessions.queue.push(tx, .session, id, due: now) }
  }

  /// The closing events, and what the run makes of them.
  func close(_ settlement: Settlement) throws {
    switch settlement {
    case .idle(.retriesExhausted), .refused: try flush(because: "the model's retries were exhausted")
    case .terminated(let reason), .hopeless(let reason): try flush(because: reason)
    default: break
    }
    try record(Sessions.closing(session, settlement, at: moment))
    try sessions.settling?.settled(self, settlement)
  }

  // MARK: Closing the door

  /// From now on the session takes no input, and what is queued is flushed. The first reason stays.
  /// - Parameter interrupting: stops the turn that is open; whoever drives the session settles it then.
  package func closeDoor(because reason: String, interrupting: Bool = false) throws {
    // Also what an earlier closing left: an interrupt that the driver had no more use for.
    try flush(because: reason)
    if !interrupting, !session.turnOpen, session.outcomes.last?.result.isTerminal == false {
      // Nobody works on it any more: without this it would be “running” for ever.
      session.leaveOutcome(because: "It was not decided: \(reason).", at: now)
    }
    if session.closing != nil { return }
    if interrupting { try append([NewEvent(.userInterrupt)]) }
    session.closing = reason
  }

  /// Gives the workspace up, if there is one: whoever comes by next removes it.
  package func giveUpWorkspace() {
    if session.workspace == .live { session.workspace = .finished }
  }

  /// Puts queued inputs into the log as not processed, with the reason.
  private func flush(because reason: String) throws {
    let flushed = try unread()
    for var event in flushed {
      place(&event)
      session.revision += 1
      event.hidden = event.hidden ?? [:]
      event.hidden?["flushed"] = .string(reason)
      if event.type == .userDefineOutcome { session.dropPendingOutcome(because: reason, at: now) }
      try tx.run(
        "UPDATE events SET position = $2, revision = $3, processed_at = $4, hidden = $5 WHERE id = $1",
        event.id, event.position, session.revision, now, event.hidden)
    }
    taken(flushed)
  }
}
