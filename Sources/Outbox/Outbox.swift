package import JSON
package import Primitives
package import Queue
package import Store

/// Results on their way out, as rows and queue items. Knows no target: the courier does the sending and
/// reports back here.
package final class Outbox: Sendable {
  package static let ids = IDTable("dlv", in: "deliveries")
  package static let migrations = [
    Migration(
      id: "outbox-0001",
      sql: """
        CREATE TABLE deliveries (
          id TEXT PRIMARY KEY,
          run_id TEXT NOT NULL,
          kind TEXT NOT NULL,
          target TEXT NOT NULL,
          payload TEXT NOT NULL,
          state TEXT NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0,
          next_at INTEGER,
          last_error TEXT,
          receipt TEXT,
          created_at INTEGER NOT NULL,
          settled_at INTEGER
        );
        CREATE INDEX deliveries_by_run ON deliveries (run_id, id);
        CREATE INDEX deliveries_by_state ON deliveries (state, id);
        """)
  ]

  private let queue: Queue
  private let time: Time
  private let randomness: Randomness

  package init(queue: Queue, time: Time = .system, randomness: Randomness = .system) {
    self.queue = queue
    self.time = time
    self.randomness = randomness
  }

  /// Puts a result on its way, in the transaction that made it.
  @discardableResult
  package func add(
    _ tx: Transaction, run: String, kind: String, target: JSON, payload: JSON
  ) throws -> String {
    let now = time.now()
    let id = ID.make("dlv", at: now, randomness)
    try tx.run(
      """
      INSERT INTO deliveries (id, run_id, kind, target, payload, state, next_at, created_at)
      VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)
      """, id, run, kind, target, payload, now)
    try queue.push(tx, .delivery, id, due: now)
    return id
  }

  /// - Throws: `OutboxError.notFound`.
  package func delivery(_ tx: Transaction, _ id: String) throws -> Delivery {
    guard let row = try tx.row("SELECT * FROM deliveries WHERE id = $1", id) else {
      throw OutboxError.notFound(id: id)
    }
    return try Delivery(row)
  }

  package func deliveries(_ tx: Transaction, ofRun run: String) throws -> [Delivery] {
    try tx.rows("SELECT * FROM deliveries WHERE run_id = $1 ORDER BY id", run).map(Delivery.init)
  }

  /// The newest first, older than `before` when given.
  package func deliveries(
    _ tx: Transaction, state: Delivery.State? = nil, before: String? = nil, limit: Int
  ) throws -> [Delivery] {
    // A filter that is not wanted leaves the statement: “no state given, or this one” would find no index.
    try tx.rows(
      """
      SELECT * FROM deliveries WHERE \(state == nil ? "$1 IS NULL" : "state = $1")
        AND \(before == nil ? "$2 IS NULL" : "id < $2") ORDER BY id DESC LIMIT $3
      """, state?.rawValue, before, limit
    ).map(Delivery.init)
  }

  // MARK: What the courier reports, under its claim

  // Giving the claim back at the end asks whether it is still held, and undoes the rest if not.

  /// The receiver took it; what it answered is kept.
  package func delivered(_ tx: Transaction, _ claim: Claim, receipt: JSON) throws {
    try tx.run(
      """
      UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, next_at = NULL, last_error = NULL,
        receipt = $2, settled_at = $3 WHERE id = $1
      """, claim.ref, receipt, time.now())
    try queue.finish(tx, claim)
  }

  /// An attempt failed; another is due then.
  package func failed(_ tx: Transaction, _ claim: Claim, error: String, next: Timestamp) throws {
    try tx.run(
      "UPDATE deliveries SET attempts = attempts + 1, next_at = $2, last_error = $3 WHERE id = $1", claim.ref,
      next, error)
    try queue.reschedule(tx, claim, due: next, failed: true)
  }

  /// The last attempt failed, or no attempt can ever succeed.
  package func buried(_ tx: Transaction, _ claim: Claim, reason: String) throws {
    try tx.run(
      """
      UPDATE deliveries SET state = 'dead', attempts = attempts + 1, next_at = NULL, last_error = $2,
        settled_at = $3 WHERE id = $1
      """, claim.ref, reason, time.now())
    try queue.finish(tx, claim)
  }

  /// Shows as the next attempt of each delivery the time that the queue has for it.
  package func followQueue(_ tx: Transaction) throws {
    try tx.run(
      """
      UPDATE deliveries SET next_at = (SELECT due FROM items WHERE kind = $1 AND ref = deliveries.id)
      WHERE state = 'pending' AND next_at IS NOT NULL
        AND next_at > (SELECT due FROM items WHERE kind = $1 AND ref = deliveries.id)
      """, ItemKind.delivery.rawValue)
  }

  /// Sends a delivery now, under its old id: a dead one again, with all of its attempts before it; one that waits for
  /// its next attempt ahead of its time, as that attempt.
  /// - Throws: `OutboxError`.
  package func sendNow(_ tx: Transaction, _ id: String) throws {
    let delivery = try delivery(tx, id)
    let now = time.now()
    switch delivery.state {
    case .delivered: throw OutboxError.delivered(id: id)
    case .dead:
      try tx.run(
        """
        UPDATE deliveries SET state = 'pending', attempts = 0, next_at = $2, settled_at = NULL WHERE id = $1
        """, id, now)
    case .pending:
      // To whoever holds it, this would be a wake: it would be sent once more after it has arrived.
      if try queue.item(tx, .delivery, id)?.worker != nil { throw OutboxError.underway(id: id) }
      try tx.run("UPDATE deliveries SET next_at = $2 WHERE id = $1", id, now)
    }
    try queue.push(tx, .delivery, id, due: now)
  }
}
