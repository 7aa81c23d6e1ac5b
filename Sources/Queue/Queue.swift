package import Primitives
package import Store

/// Items that are due at a time, each worked on by one worker at a time.
///
/// ```
/// push ─▶ free ──claim──▶ leased ──finish──▶ gone          (pushed meanwhile: free, due now)
///           ▲                ├──reschedule──▶ free, due later  (pushed meanwhile: due now)
///           └────────────────┴──worker dead──▶ free, one crash more
/// ```
///
/// What is pushed, finished or rescheduled happens in the caller's transaction, together with the change it
/// belongs to. Every write that a lease allows begins with `holds`, `finish` or `reschedule`: they throw
/// `QueueError.stale` once the lease is another's, and the caller's transaction is undone.
package final class Queue: Sendable {
  package let database: Database
  package let time: Time
  /// The last place in the order of arrival that was given out here.
  private let arrivals = Lock(Int64.min)

  package init(database: Database, time: Time = .system) {
    self.database = database
    self.time = time
  }

  /// Makes sure that the item is looked at when `due` has come, or earlier if it is due earlier. An item that
  /// exists counts one wake more, so that whoever works on it notices.
  /// - Parameter slot: nil leaves the slot that an existing item has.
  package func push(_ tx: Transaction, _ kind: ItemKind, _ ref: String, due: Timestamp, slot: Slot? = nil)
    throws
  {
    try tx.run(
      """
      INSERT INTO items (kind, ref, due, position, slot, slot_limit) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (kind, ref) DO UPDATE SET
        wake = items.wake + 1,
        due = CASE WHEN EXCLUDED.due < items.due THEN EXCLUDED.due ELSE items.due END,
        slot = COALESCE(EXCLUDED.slot, items.slot),
        slot_limit = COALESCE(EXCLUDED.slot_limit, items.slot_limit)
      """, kind.rawValue, ref, due, arrival(), slot?.name, slot?.limit)
    tx.ring()
  }

  /// Throws `QueueError.stale` unless the lease is still the claim's.
  package func holds(_ tx: Transaction, _ claim: Claim) throws {
    let row = try tx.row(
      "SELECT 1 FROM items WHERE kind = $1 AND ref = $2 AND worker = $3 AND fence = $4",
      claim.kind.rawValue, claim.ref, claim.worker, claim.fence)
    if row == nil { throw QueueError.stale(kind: claim.kind, ref: claim.ref) }
  }

  /// Deletes the item if nobody has pushed it since it was claimed. Else gives the lease back, the item due
  /// now, and returns false.
  @discardableResult
  package func finish(_ tx: Transaction, _ claim: Claim) throws -> Bool {
    let deleted = try tx.run(
      "DELETE FROM items WHERE kind = $1 AND ref = $2 AND worker = $3 AND fence = $4 AND wake = $5",
      claim.kind.rawValue, claim.ref, claim.worker, claim.fence, claim.wake)
    // Its slot may have room for another now.
    tx.ring()
    if deleted == 1 { return true }
    try release(tx, claim, due: time.now(), errors: 0, crashes: 0)
    return false
  }

  /// Gives the lease back; the item is due at `due`, or now if it was pushed since it was claimed.
  /// - Parameter failed: counts one more of the errors in a row; else errors and crashes are forgotten.
  package func reschedule(_ tx: Transaction, _ claim: Claim, due: Timestamp, failed: Bool) throws {
    try release(
      tx, claim, due: due, errors: failed ? claim.errors + 1 : 0, crashes: failed ? claim.crashes : 0)
  }

  /// Deletes the item whoever holds it; its holder finds the claim stale.
  package func remove(_ tx: Transaction, _ kind: ItemKind, _ ref: String) throws {
    try tx.run("DELETE FROM items WHERE kind = $1 AND ref = $2", kind.rawValue, ref)
    tx.ring()
  }

  /// Deletes the items whose refs begin with a text, whoever holds them.
  package func remove(_ tx: Transaction, _ kind: ItemKind, prefix: String) throws {
    // `LIKE` finds no index on every engine. No ref goes on with the last character there is.
    try tx.run(
      "DELETE FROM items WHERE kind = $1 AND ref >= $2 AND ref < $3", kind.rawValue, prefix,
      prefix + "\u{10FFFF}")
    tx.ring()
  }

  package func item(_ tx: Transaction, _ kind: ItemKind, _ ref: String) throws -> Item? {
    try tx.row("SELECT * FROM items WHERE kind = $1 AND ref = $2", kind.rawValue, ref).map(Item.init)
  }

  /// Frees a leased item. A wake that came meanwhile makes it due now.
  func release(_ tx: Transaction, _ claim: Claim, due: Timestamp, errors: Int, crashes: Int) throws {
    let now = time.now()
    let freed = try tx.run(
      """
      UPDATE items SET worker = NULL, errors = $5, crashes = $6,
        due = CASE WHEN wake = $7 OR $8 < $9 THEN $8 ELSE $9 END
      WHERE kind = $1 AND ref = $2 AND worker = $3 AND fence = $4
      """, claim.kind.rawValue, claim.ref, claim.worker, claim.fence, errors, crashes, claim.wake, due, now)
    guard freed == 1 else { throw QueueError.stale(kind: claim.kind, ref: claim.ref) }
    tx.ring()
  }

  /// A place in the order of arrival, which decides between items that are due at one moment: the time in
  /// microseconds, or the next number after the last one given out.
  private func arrival() -> Int64 {
    let now = time.now().microseconds
    return arrivals.withLock { last in
      // After a clock that was far ahead has been put right, places begin anew.
      last = last < now || last > now + Queue.tolerance.microseconds ? now : last + 1
      return last
    }
  }

  /// The last of `count` new numbers of a counter.
  func draw(_ tx: Transaction, _ counter: String, count: Int = 1) throws -> Int64 {
    let row = try tx.row(
      "UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value", counter, count)
    guard let row else { throw QueueError.noCounter(counter) }
    return try row["value"]
  }
}

extension Item {
  init(_ row: Row) throws {
    kind = ItemKind(rawValue: try row["kind"])
    ref = try row["ref"]
    due = try row["due"]
    if let name: String = try row["slot"], let limit: Int = try row["slot_limit"] {
      slot = Slot(name: name, limit: limit)
    } else {
      slot = nil
    }
    worker = try row["worker"]
    fence = try row["fence"]
    wake = try row["wake"]
    errors = try row["errors"]
    crashes = try row["crashes"]
  }
}
