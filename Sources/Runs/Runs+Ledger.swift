import JSON
import Jobs
import Primitives
import Queue
import Store

// The ledger: one row for each occurrence, and one decision for each row.
extension Runs {
  /// The occurrence's row, if there is one. Nobody else can make it until this transaction has ended. A backfill
  /// that came to nothing is no obstacle to another.
  func find(_ tx: Transaction, _ job: Job, _ occurrence: Occurrence) throws -> Firing? {
    try tx.lock("firings of \(job.id)")
    let row =
      switch occurrence.cause {
      case .time(let nominal) where occurrence.isBackfill:
        try tx.row(
          """
          SELECT * FROM firings WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3
            AND trigger_kind = 'backfill' AND (decision IS NULL OR decision IN ('started', 'joined'))
          """, job.id, occurrence.trigger, nominal)
      case .time(let nominal):
        try tx.row(
          """
          SELECT * FROM firings WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3
            AND trigger_kind = 'schedule'
          """, job.id, occurrence.trigger, nominal)
      case .receipt(let id):
        try tx.row("SELECT * FROM firings WHERE job_id = $1 AND receipt_id = $2", job.id, id)
      case .request(let key?): try find(tx, job, key)
      case .request(nil): nil as Row?
      }
    return try row.map(Firing.init)
  }

  /// - Throws: `RunsError.keyUsed` when the key came with another request, be it for another job.
  private func find(_ tx: Transaction, _ job: Job, _ key: RequestKey) throws -> Row? {
    let row = try tx.row("SELECT * FROM firings WHERE job_id = $1 AND idempotency_key = $2", job.id, key.text)
    guard let fingerprint = key.fingerprint else { return row }
    if let row {
      guard try row["request_fingerprint"] == fingerprint else { throw RunsError.keyUsed(key: key.shown) }
      return row
    }
    try tx.lock("request \(key.text)")
    if try tx.row("SELECT id FROM firings WHERE idempotency_key = $1 LIMIT 1", key.text) != nil {
      throw RunsError.keyUsed(key: key.shown)
    }
    guard let bare = key.bare else { return nil }
    return try tx.row(
      "SELECT * FROM firings WHERE job_id = $1 AND idempotency_key = $2 AND request_fingerprint IS NULL",
      job.id,
      bare)
  }

  /// A new firing, without a row yet.
  func fire(_ job: Job, _ occurrence: Occurrence) -> Fire {
    let now = time.now()
    let firing = Firing(
      id: ID.make("drun", at: now, randomness), job: job.id, jobName: job.name, occurrence, at: now)
    return Fire(job: job, occurrence: occurrence, firing: firing, isStored: false)
  }

  private func enter(_ tx: Transaction, _ firing: Firing, _ occurrence: Occurrence) throws {
    var request: RequestKey?
    if case .request(let given) = occurrence.cause { request = given }
    try tx.run(
      """
      INSERT INTO firings (id, job_id, job_name, trigger_id, trigger_kind, nominal_at, receipt_id, idempotency_key,
        repeat_key, actor, lane, decision, reason, run_id, created_at, decided_at, request_fingerprint)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
      """, firing.id, firing.job, firing.jobName, firing.trigger, firing.kind, firing.nominalAt,
      firing.receipt, request?.text, firing.key, firing.actor?.name, firing.actor?.lane.rawValue,
      firing.decision?.rawValue, firing.reason, firing.run,
      firing.createdAt, firing.decidedAt, request?.fingerprint)
  }

  /// Decides about a firing that has its row, or gives it one.
  func decide(
    _ tx: Transaction, _ fire: Fire, _ decision: Firing.Decision, reason: String, run: String? = nil
  ) throws -> Firing {
    if fire.isStored { return try decide(tx, fire.firing.id, decision, reason: reason, run: run) }
    var firing = fire.firing
    firing.decision = decision
    firing.reason = reason
    firing.run = run
    firing.decidedAt = time.now()
    try enter(tx, firing, fire.occurrence)
    tellFailure(tx, firing)
    return firing
  }

  /// Why a firing has no decision yet.
  func note(_ tx: Transaction, _ fire: Fire, reason: String) throws -> Firing {
    if fire.isStored { return try note(tx, fire.firing.id, reason: reason) }
    var firing = fire.firing
    firing.reason = reason
    try enter(tx, firing, fire.occurrence)
    return firing
  }

  /// Decides about a firing that waited, and ends its waiting.
  @discardableResult
  func decide(
    _ tx: Transaction, _ id: String, _ decision: Firing.Decision, reason: String, run: String? = nil
  ) throws -> Firing {
    let held = try tx.row("DELETE FROM held WHERE firing_id = $1 RETURNING trigger_id", id)
    try queue.remove(tx, .start, id)
    let row = try tx.row(
      """
      UPDATE firings SET decision = $2, reason = $3, run_id = $4, decided_at = $5
      WHERE id = $1 AND decision IS NULL RETURNING *
      """, id, decision.rawValue, reason, run, time.now())
    guard let row else { throw RunsError.notFound(id: id) }
    let firing = try Firing(row)
    tellFailure(tx, firing)
    if let held {
      var told = firing
      told.trigger = try held["trigger_id"]
      try tell(tx, told)
    }
    return firing
  }

  private func note(_ tx: Transaction, _ id: String, reason: String) throws -> Firing {
    let row = try tx.row(
      "UPDATE firings SET reason = $2 WHERE id = $1 AND decision IS NULL RETURNING *", id, reason)
    guard let row else { throw RunsError.notFound(id: id) }
    return try Firing(row)
  }
}
