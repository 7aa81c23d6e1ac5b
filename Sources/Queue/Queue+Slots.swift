package import Store

// Who is in the way of whom; for explanations.
extension Queue {
  /// Who has a slot, and how many free items wait for it before this one.
  package func holders(_ tx: Transaction, of slot: Slot, before item: Item) throws -> (
    refs: [String], ahead: Int
  ) {
    let refs: [String] = try tx.rows(
      "SELECT ref FROM items WHERE slot = $1 AND worker IS NOT NULL ORDER BY fence LIMIT 100", slot.name
    ).map { try $0["ref"] }
    let ahead = try tx.row(
      """
      SELECT COUNT(*) AS ahead FROM items WHERE kind = $1 AND slot = $2 AND worker IS NULL AND (due < $3 OR
        (due = $3 AND position < (SELECT position FROM items WHERE kind = $1 AND ref = $4)))
      """, item.kind.rawValue, slot.name, item.due, item.ref)
    return (refs, try ahead?["ahead"] ?? 0)
  }

  /// Whether any worker is registered. One that has died is, until the others notice.
  package func hasWorkers(_ tx: Transaction) throws -> Bool {
    try tx.row("SELECT 1 FROM workers LIMIT 1") != nil
  }
}
