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
    return try edit(tx, claim.ref) { session in try session.settle(claim, settlement) }
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

  static func closing(_ session: Session, _ settlement: Settlement, at moment: Moment) -> [NewEvent] {
    let thread: JSON.Object = [
      "session_thread_id": .string(session.threadID), "agent_name": .string(session.agentName),
    ]
    func idle(_ reason: StopReason) -> [NewEvent] {
      var body: JSON.Object = ["stop_reason": reason.json]
      if case .refusal(let details?) = reason { body["stop_details"] = details }
      var ofThread = thread
      for (key, value) in body { ofThread[key] = value }
      return [
        NewEvent(.threadIdle, ofThread), NewEvent(.usage, ["usage": session.usageJSON(at: moment)]),
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
}

extension Event {
  /// Whether the input was never given to the agent, because the session ended before.
  package var isFlushed: Bool { hidden?["flushed"] != nil }
}
