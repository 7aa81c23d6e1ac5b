package import JSON
package import Primitives
package import Queue
import Store

extension ItemKind {
  /// Send the delivery that the item refers to.
  package static let delivery = ItemKind(rawValue: "delivery")
}

/// One result on its way to one target.
package struct Delivery: Sendable, Equatable {
  package enum State: String, Sendable, CaseIterable {
    /// Waits for its first or next attempt.
    case pending
    /// The receiver's receipt is stored.
    case delivered
    /// Given up, with the reason; can be sent again by hand.
    case dead
  }

  /// Stays the same over all attempts: the receiver tells repeats by it.
  package var id: String
  /// The run whose result it is.
  package var run: String
  /// The kind of target, such as `webhook`.
  package var kind: String
  /// The target's settings as the run keeps them; secrets are references.
  package var target: JSON
  /// What is told: `type`, `timestamp`, `data`.
  package var payload: JSON
  package var state: State
  /// How many attempts were made.
  package var attempts: Int
  /// When the next attempt is due, while pending.
  package var nextAt: Timestamp?
  /// What went wrong last, for a person.
  package var lastError: String?
  /// What the receiver answered when it took the result.
  package var receipt: JSON?
  package var createdAt: Timestamp
  package var settledAt: Timestamp?

  init(_ row: Row) throws {
    id = try row["id"]
    run = try row["run_id"]
    kind = try row["kind"]
    target = try row["target"]
    payload = try row["payload"]
    state = State(rawValue: try row["state"]) ?? .dead
    attempts = try row["attempts"]
    nextAt = try row["next_at"]
    lastError = try row["last_error"]
    receipt = try row["receipt"]
    createdAt = try row["created_at"]
    settledAt = try row["settled_at"]
  }

  package var json: JSON {
    [
      "id": .string(id), "type": "delivery", "run_id": .string(run), "kind": .string(kind),
      "state": .string(state.rawValue), "attempts": .integer(Int64(attempts)), "target": target,
      "next_at": nextAt.map { .string($0.description) } ?? .null,
      "last_error": lastError.map { .string($0) } ?? .null, "receipt": receipt ?? .null,
      "payload": payload, "created_at": .string(createdAt.description),
      "settled_at": settledAt.map { .string($0.description) } ?? .null,
    ]
  }
}

package enum OutboxError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case delivered(id: String)
  /// A courier has it in hand.
  case underway(id: String)

  package var description: String {
    switch self {
    case .notFound(let id): "There is no delivery \(id)."
    case .delivered(let id): "Delivery \(id) is delivered; there is nothing to send again."
    case .underway(let id): "Delivery \(id) is being sent just now. Ask in a moment what came of it."
    }
  }
}
