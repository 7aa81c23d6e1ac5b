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

  init(number: Int, session: String, startedAt: Timestamp) {
    self.number = number
    self.session = session
    self.startedAt = startedAt
  }

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
    let run = try self.run(tx, run)
    let over = try ended(tx, of: run)
    return run.state.isTerminal ? over : over + [current(run, after: over)]
  }

  /// Writes an attempt that is over. While it lasts, all about it is in its run's row.
  func writeAttempt(_ tx: Transaction, endOf run: Run, reason: String) throws {
    let attempt = current(run, after: run.attempt == 1 ? [] : try ended(tx, of: run))
    try tx.run(
      """
      INSERT INTO attempts (run_id, number, session_id, started_at, ended_at, reason) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (run_id, number) DO UPDATE SET ended_at = $5, reason = $6
      """, run.id, attempt.number, attempt.session, attempt.startedAt, time.now(), reason)
  }

  private func ended(_ tx: Transaction, of run: Run) throws -> [Attempt] {
    // Earlier versions made the row at the start.
    try tx.rows("SELECT * FROM attempts WHERE run_id = $1 AND ended_at IS NOT NULL ORDER BY number", run.id)
      .map(Attempt.init)
  }

  /// The attempt that is under way began when the one before it ended.
  private func current(_ run: Run, after earlier: [Attempt]) -> Attempt {
    Attempt(
      number: run.attempt, session: run.session, startedAt: earlier.last?.endedAt ?? run.createdAt)
  }
}
