package import JSON
package import Primitives
package import Store

/// One session of a run. A retry is a new session with a fresh sandbox.
package struct Attempt: Sendable, Equatable {
  /// From 1.
  package var number: Int
  package var session: String
  package var startedAt: Timestamp
  package var endedAt: Timestamp?
  /// Why it ended, for a person.
  package var reason: String?

  init(_ row: Row) throws {
    number = try row["number"]
    session = try row["session_id"]
    startedAt = try row["started_at"]
    endedAt = try row["ended_at"]
    reason = try row["reason"]
  }

  package var json: JSON {
    [
      "number": .integer(Int64(number)), "session_id": .string(session),
      "reason": reason.map { .string($0) } ?? .null, "started_at": .string(startedAt.description),
      "ended_at": endedAt.map { .string($0.description) } ?? .null,
    ]
  }
}

extension Runs {
  /// A run's attempts, the first one first.
  package func attempts(_ tx: Transaction, of run: String) throws -> [Attempt] {
    try tx.rows("SELECT * FROM attempts WHERE run_id = $1 ORDER BY number", run).map(Attempt.init)
  }
}
