package import Primitives
package import Store

/// How much of one kind is in the queue; for health and metrics.
package struct Backlog: Hashable, Sendable {
  package let kind: ItemKind
  /// All items, leased ones included.
  package let items: Int
  package let leased: Int
  /// Free items whose time has come.
  package let due: Int
  /// Since when the longest due of them waits.
  package let oldest: Timestamp?
}

extension Queue {
  /// One entry per kind that has items, by name. It counts every row; ask once in a while, and in a read.
  package func backlog(_ tx: Transaction) throws -> [Backlog] {
    try tx.rows(
      """
      SELECT kind, COUNT(*) AS items, COUNT(worker) AS leased,
        COUNT(CASE WHEN worker IS NULL AND due <= $1 THEN 1 END) AS due,
        MIN(CASE WHEN worker IS NULL AND due <= $1 THEN due END) AS oldest
      FROM items GROUP BY kind ORDER BY kind
      """, time.now()
    ).map { row in
      Backlog(
        kind: ItemKind(rawValue: try row["kind"]), items: try row["items"], leased: try row["leased"],
        due: try row["due"], oldest: try row["oldest"])
    }
  }
}

// Signs that nobody works; cheap enough to be asked often.
extension Queue {
  /// When a worker last gave a sign of life; nil without any.
  package func lastBeat(_ tx: Transaction) throws -> Timestamp? {
    try tx.row("SELECT beat_at FROM workers ORDER BY beat_at DESC LIMIT 1").map { try $0["beat_at"] }
  }

  /// Since when the first free item of a kind is due while none of that kind is leased; nil when there is none.
  package func stuck(_ tx: Transaction, kind: ItemKind) throws -> Timestamp? {
    let leased = try tx.row(
      "SELECT 1 AS found FROM items WHERE worker IS NOT NULL AND kind = $1 LIMIT 1", kind.rawValue)
    if leased != nil { return nil }
    let free = ["slot IS NULL", "slot IS NOT NULL"].map {
      "SELECT due FROM items WHERE kind = $1 AND worker IS NULL AND \($0) ORDER BY due LIMIT 1"
    }
    let dues = try free.compactMap { sql -> Timestamp? in
      try tx.row(sql, kind.rawValue).map { try $0["due"] }
    }
    return dues.min().flatMap { $0 <= time.now() ? $0 : nil }
  }
}
