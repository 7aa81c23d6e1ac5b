import Primitives
package import Store

// Items are due by the clock that was read when they were pushed. When that was far ahead and is put right, they would
// wait for the time in between.
extension Queue {
  /// A time this far in the future was read from a clock that was wrong.
  package static let tolerance = Duration.seconds(60)

  /// Has what a clock that was ahead put into the queue come due as it was meant: so long from now as it was from then.
  /// - Parameter longest: how long the items of a kind can wait at most; those that would wait longer are due now.
  /// - Returns: how many items have another time now.
  package func putRight(_ tx: Transaction, longest: [ItemKind: Duration]) throws -> Int {
    let now = time.now()
    var changed = 0
    let rows = try tx.rows(
      "SELECT kind, ref, due, position FROM items WHERE position > $1 AND worker IS NULL",
      (now + Queue.tolerance).microseconds)
    for row in rows {
      let (kind, ref): (String, String) = (try row["kind"], try row["ref"])
      let pushed = Timestamp(microseconds: try row["position"])
      var due: Timestamp = try row["due"]
      // What was due before its own arrival got its due time from another clock.
      if due >= pushed - Queue.tolerance {
        due = max(now, due - (pushed - now))
        changed += 1
      }
      try tx.run(
        "UPDATE items SET due = $3, position = $4 WHERE kind = $1 AND ref = $2 AND worker IS NULL", kind, ref,
        due,
        now.microseconds)
    }
    for (kind, longest) in longest.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      changed += try tx.run(
        "UPDATE items SET due = $2 WHERE kind = $1 AND worker IS NULL AND due > $3", kind.rawValue, now,
        now + longest)
    }
    if changed > 0 { tx.ring() }
    return changed
  }
}
