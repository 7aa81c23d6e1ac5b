package import JSON
package import Primitives
package import Store

/// Why a session rests, as the wire's `stop_reason` says it.
package enum StopReason: Sendable, Equatable {
  case endTurn
  case retriesExhausted
  case budgetReached
  /// With the wire's `stop_details`, when the model gave some.
  case refusal(details: JSON?)
  /// Ids of the tool uses that wait for somebody's answer.
  case requiresAction([String])

  package var name: String {
    switch self {
    case .endTurn: "end_turn"
    case .retriesExhausted: "retries_exhausted"
    case .budgetReached: "budget_reached"
    case .refusal: "refusal"
    case .requiresAction: "requires_action"
    }
  }

  package var json: JSON {
    if case .requiresAction(let ids) = self {
      return ["type": "requires_action", "event_ids": .array(ids.map { .string($0) })]
    }
    return ["type": .string(name)]
  }
}

/// How a drive of a session ended. The driver only says it; `Sessions` writes it.
package enum Settlement: Sendable, Equatable {
  /// The turn is over. Refused while there is input that the brain could take now.
  case idle(StopReason)
  /// The turn was stopped by an interrupt that is in the log. Never refused: queued input starts the next
  /// turn.
  case interrupted
  /// The agent waits for answers to these tool uses. Refused when an answer or an interrupt has come.
  case waiting([String])
  /// Goes idle as with `retries_exhausted`, and a new session would fare no better: the model's server refuses the
  /// key, for instance.
  case refused(String)
  /// The turn goes on at this time, and nothing is told until then.
  case rest(until: Timestamp)
  /// Go on at this time: a model that is overloaded, for instance.
  case later(Timestamp, reason: String)
  /// The session cannot go on, ever. The sentence is for a person.
  case terminated(String)
  /// The same, and a new session would fare no better: a secret is missing, for instance.
  case hopeless(String)
}

/// What somebody outside Sessions adds to the transactions in which a session starts and stops working.
/// `Runs` implements it. They do nothing for a session without a run.
package protocol Settling: Sendable {
  /// A turn opened: `session.status_running` was written in this transaction.
  func began(_ session: SessionEdit) throws
  /// The drive ended thus; the closing events are written in this transaction.
  func settled(_ session: SessionEdit, _ settlement: Settlement) throws
  /// Whether the session works for somebody who is told of its end, and need not be watched.
  func carries(_ tx: Transaction, _ session: String) throws -> Bool
}

extension Settling {
  package func carries(_ tx: Transaction, _ session: String) throws -> Bool { false }
}

/// Drives sessions: the embedded brain, or another server that speaks the wire API.
package protocol Driver: Sendable {
  /// Works until the session rests. Stateless: whatever it needs it reads from the log, so that any process
  /// can go on after any other.
  /// - Throws: `QueueError.stale` when the lease was lost (nothing more may be written), or
  ///   `CancellationError` when this process stops.
  func drive(_ session: DrivenSession) async throws -> Settlement
}
