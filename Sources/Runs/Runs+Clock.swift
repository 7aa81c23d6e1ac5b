import Outbox
package import Primitives
import Queue
import Sessions
package import Store

extension Runs {
  /// How long an item can wait for its next try at most, with some room. A run's clocks may wait for as long as its
  /// job says.
  private static let longest: [ItemKind: Duration] = [
    .session: .seconds(30 * 3600), .delivery: .seconds(30 * 3600), .start: Held.glance + .seconds(60),
    .account: .seconds(30 * 3600),
  ]

  /// Has what waits by a clock that was ahead wait by the right one: sessions, deliveries, held firings, the clocks
  /// of runs.
  /// - Returns: how many things have another time now.
  package func putClockRight(_ tx: Transaction) throws -> Int {
    var changed = try queue.putRight(tx, longest: Runs.longest)
    try outbox.followQueue(tx)
    let now = time.now()
    let rows = try tx.rows(
      """
      SELECT held.*, firings.created_at FROM held JOIN firings ON firings.id = held.firing_id
      WHERE firings.created_at > $1
      """, now + Queue.tolerance)
    for row in rows {
      let held = try Held(row)
      let created: Timestamp = try row["created_at"]
      // Counted from when it began to wait.
      func right(_ time: Timestamp?) -> Timestamp? { time.map { $0 >= created ? $0 - (created - now) : $0 } }
      let readyAt = right(held.readyAt)
      let expiresAt = right(held.expiresAt)
      guard readyAt != held.readyAt || expiresAt != held.expiresAt else { continue }
      try tx.run(
        "UPDATE held SET ready_at = $2, expires_at = $3 WHERE firing_id = $1", held.firing, readyAt, expiresAt
      )
      try queue.push(
        tx, .start, held.firing, due: Held.due(readyAt: readyAt, expiresAt: expiresAt, now: now))
      changed += 1
    }
    return changed
  }

  /// Forgets that times which have not come were missed: a clock that was ahead had passed them. What has started, or
  /// was left out on purpose, stays decided.
  /// - Parameter last: a firing that is to stay, since the schedule tells of it.
  package func forgetMissed(
    _ tx: Transaction, job: String, trigger: String, after now: Timestamp, except last: String?
  ) throws {
    try tx.run(
      """
      DELETE FROM firings WHERE job_id = $1 AND trigger_id = $2 AND nominal_at > $3
        AND trigger_kind = 'schedule' AND decision = 'missed' AND run_id IS NULL AND id <> $4
      """, job, trigger, now, last ?? "")
  }
}
