package import Store

extension Runs {
  /// Which run's attempt a session was, the latest or an earlier one; nil when it belongs to none.
  package func attempt(
    _ tx: Transaction, ofSession session: String
  ) throws -> (run: String, number: Int)? {
    if let run = try run(tx, ofSession: session) { return (run.id, run.attempt) }
    return try tx.row("SELECT run_id, number FROM attempts WHERE session_id = $1", session).map { row in
      (try row["run_id"], try row["number"])
    }
  }
}
