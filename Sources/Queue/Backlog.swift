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
