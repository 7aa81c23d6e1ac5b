package import Primitives
package import Store

// What has come in; for explanations.
extension Hooks {
  /// Nil when there is no such receipt.
  package func receipt(_ tx: Transaction, _ id: String) throws -> Receipt? {
    try tx.row("SELECT \(Receipt.columns) FROM receipts WHERE id = $1", id).map(Receipt.init)
  }

  /// When the last webhook came from a source that proved itself.
  package func lastArrival(_ tx: Transaction, at source: String) throws -> Timestamp? {
    // Ids are in the order of their time.
    try tx.row("SELECT received_at FROM receipts WHERE source = $1 ORDER BY id DESC LIMIT 1", source).map {
      try $0["received_at"]
    }
  }

  /// How many webhooks of a source were refused since a moment, by reason, the most frequent first. The counts
  /// are written some seconds after the refusals.
  package func refusals(
    _ tx: Transaction, at source: String, since: Timestamp
  ) throws -> [(reason: String, count: Int)] {
    try tx.rows(
      """
      SELECT reason, SUM(count) AS count FROM refusals WHERE source = $1 AND minute >= $2
      GROUP BY reason ORDER BY count DESC, reason
      """, source, since.seconds / 60
    ).map { (try $0["reason"], try $0["count"]) }
  }
}
