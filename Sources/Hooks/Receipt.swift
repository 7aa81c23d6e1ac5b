package import JSON
package import Primitives
import Store

/// One inbound request that proved itself.
package struct Receipt: Sendable, Equatable {
  package var id: String
  package var source: String
  package var dedupeKey: String
  package var type: String?
  package var headers: JSON
  package var receivedAt: Timestamp
  /// How often the same event came again.
  package var repeats: Int
  /// How many jobs did not start and have no firing that says why.
  package var unlisted: Int

  static let columns = "id, source, dedupe_key, type, headers, received_at, repeats, unlisted"

  init(_ row: Row) throws {
    id = try row["id"]
    source = try row["source"]
    dedupeKey = try row["dedupe_key"]
    type = try row["type"]
    headers = try row["headers"]
    receivedAt = try row["received_at"]
    repeats = try row["repeats"]
    unlisted = try row["unlisted"]
  }
}

/// What a sender is answered after the commit.
package struct HookAnswer: Sendable, Equatable {
  package var receipt: String
  /// Whether this event was received before.
  package var isRepeat: Bool
  /// What each job made of it.
  package var firings: [Fired]
  /// How many others did not start.
  package var unlisted: Int

  package struct Fired: Sendable, Equatable {
    package var job: String
    package var firing: String
    package var decision: String
    package var reason: String?
    package var run: String?
  }

  package var status: Int { isRepeat ? 200 : 202 }

  package var json: JSON {
    [
      "receipt_id": .string(receipt), "repeat": .bool(isRepeat),
      "run_id": firings.lazy.compactMap(\.run).first.map { .string($0) } ?? .null,
      "firings": .array(
        firings.map { fired in
          [
            "job": .string(fired.job), "firing_id": .string(fired.firing),
            "decision": .string(fired.decision), "reason": fired.reason.map { .string($0) } ?? .null,
            "run_id": fired.run.map { .string($0) } ?? .null,
          ]
        }), "unlisted": .integer(Int64(unlisted)),
    ]
  }
}
