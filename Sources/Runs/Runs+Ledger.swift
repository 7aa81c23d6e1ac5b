import JSON
import Jobs
import Primitives
import Store

// The ledger: one row for each occurrence, and one decision for each row.
extension Runs {
  /// The occurrence's row, made when it is not there yet.
  func enter(_ tx: Transaction, _ job: Job, _ occurrence: Occurrence) throws -> (Firing, isNew: Bool) {
    var nominal: Timestamp?
    var receipt: String?
    var key: String?
    switch occurrence.cause {
    case .time(let time): nominal = time
    case .receipt(let id): receipt = id
    case .request(let given): key = given
    }
    let now = time.now()
    let inserted = try tx.row(
      """
      INSERT INTO firings (id, job_id, job_name, trigger_id, trigger_kind, nominal_at, receipt_id, idempotency_key,
        created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING *
      """,
      ID.make("drun", at: now, randomness), job.id, job.name, occurrence.trigger, occurrence.kind, nominal,
      receipt, key, now)
    if let inserted { return (try Firing(inserted), true) }
    let existing = try tx.row(
      """
      SELECT * FROM firings WHERE job_id = $1 AND (
        ($2 IS NOT NULL AND trigger_id = $3 AND nominal_at = $2 AND trigger_kind = $6) OR ($4 IS NOT NULL AND receipt_id = $4)
        OR ($5 IS NOT NULL AND idempotency_key = $5))
      """, job.id, nominal, occurrence.trigger, receipt, key, occurrence.kind)
    guard let existing else { throw RunsError.notFound(id: job.id) }
    return (try Firing(existing), false)
  }

  func decide(
    _ tx: Transaction, _ id: String, _ decision: Firing.Decision, reason: String, run: String? = nil
  ) throws -> Firing {
    let row = try tx.row(
      """
      UPDATE firings SET decision = $2, reason = $3, run_id = $4, decided_at = $5
      WHERE id = $1 AND decision IS NULL RETURNING *
      """, id, decision.rawValue, reason, run, time.now())
    guard let row else { throw RunsError.notFound(id: id) }
    return try Firing(row)
  }

  /// Why it has no decision yet.
  func note(_ tx: Transaction, _ id: String, reason: String) throws -> Firing {
    let row = try tx.row(
      "UPDATE firings SET reason = $2 WHERE id = $1 AND decision IS NULL RETURNING *", id, reason)
    guard let row else { throw RunsError.notFound(id: id) }
    return try Firing(row)
  }
}
