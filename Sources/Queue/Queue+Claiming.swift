import Primitives
import Store

extension Queue {
  /// Leases what is due to a worker, the longest due first, at most `room[kind]` items of each kind; there is
  /// room for 1 at least of each.
  ///
  /// Free items without a slot are found by one index, those with a slot by another that begins with the
  /// slot: a full slot is passed over in one step, however many items wait in it.
  func claim(_ tx: Transaction, for worker: String, room: [ItemKind: Int]) throws -> [Claim] {
    let now = time.now()
    var chosen: [Candidate] = []
    for (kind, room) in room.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let free = try unslotted(tx, kind, now, limit: room)
      // Kinds may share a slot: what was chosen for one counts for the next.
      let taken = chosen.reduce(into: [:]) { $0[$1.slot ?? "", default: 0] += 1 }
      let slotted = try slotted(tx, kind, now, limit: room, taken: taken)
      chosen += (free + slotted).sorted().prefix(room)
    }
    if chosen.isEmpty { return [] }
    chosen.sort()
    let last = try draw(tx, "fence", count: chosen.count)
    return try chosen.enumerated().map { index, candidate in
      let fence = last - Int64(chosen.count - 1 - index)
      try tx.run(
        "UPDATE items SET worker = $3, fence = $4 WHERE kind = $1 AND ref = $2 AND worker IS NULL",
        candidate.kind.rawValue, candidate.ref, worker, fence)
      return candidate.claim(by: worker, fence: fence)
    }
  }

  /// Whether a claim with this room, which is positive, would find anything; asked of a reader, so that idle workers leave the writer alone.
  func hasClaimable(_ tx: Transaction, room: [ItemKind: Int]) throws -> Bool {
    let now = time.now()
    for kind in room.keys {
      if try !unslotted(tx, kind, now, limit: 1).isEmpty { return true }
      if try !slotted(tx, kind, now, limit: 1, taken: [:]).isEmpty { return true }
    }
    return false
  }

  /// When the next free item that is not due yet will be. Nil if there is none.
  func nextDue(_ tx: Transaction, kinds: some Sequence<ItemKind>) throws -> Timestamp? {
    let now = time.now()
    var next: Timestamp?
    for kind in kinds {
      let row = try tx.row(
        """
        \(Queue.waiting)
        SELECT MIN(due) AS due FROM (
          SELECT MIN(due) AS due FROM items WHERE kind = $1 AND worker IS NULL AND slot IS NULL AND due > $2
          UNION ALL
          SELECT (SELECT MIN(due) FROM items
            WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND slot = waiting.slot AND due > $2)
          FROM waiting WHERE waiting.slot IS NOT NULL
        ) AS next
        """, kind.rawValue, now)
      if let due: Timestamp = try row?["due"] { next = min(next ?? due, due) }
    }
    return next
  }

  private func unslotted(_ tx: Transaction, _ kind: ItemKind, _ now: Timestamp, limit: Int) throws
    -> [Candidate]
  {
    try tx.rows(
      """
      SELECT kind, ref, slot, due, position, wake, errors, crashes FROM items
      WHERE kind = $1 AND worker IS NULL AND slot IS NULL AND due <= $2
      ORDER BY due, position LIMIT $3 \(tx.dialect.skippingLocked)
      """, kind.rawValue, now, limit
    ).map(Candidate.init)
  }

  /// The first items of the slots that have room; of each slot as many as it has room for. The first item of
  /// a slot brings the limit, so an item with a greater one may wait behind it.
  private func slotted(
    _ tx: Transaction, _ kind: ItemKind, _ now: Timestamp, limit: Int, taken: [String: Int]
  ) throws -> [Candidate] {
    let open = try tx.rows(
      """
      \(Queue.waiting), heads (slot, slot_limit, due, position, leased) AS MATERIALIZED (
        SELECT head.slot, head.slot_limit, head.due, head.position,
          (SELECT COUNT(*) FROM items
            WHERE worker IS NOT NULL AND slot IS NOT NULL AND slot = waiting.slot)
        FROM waiting JOIN items AS head ON head.kind = $1 AND head.ref = (
          SELECT ref FROM items
          WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND slot = waiting.slot AND due <= $2
          ORDER BY due, position LIMIT 1)
        WHERE waiting.slot IS NOT NULL
      )
      SELECT slot, slot_limit, leased FROM heads WHERE leased < slot_limit ORDER BY due, position LIMIT $3
      """, kind.rawValue, now, limit)
    var found: [Candidate] = []
    for row in open {
      let slot: String = try row["slot"]
      let leased: Int = try row["leased"]
      let room = try row["slot_limit"] - leased - taken[slot, default: 0]
      guard room > 0 else { continue }
      found += try tx.rows(
        """
        SELECT kind, ref, slot, due, position, wake, errors, crashes FROM items
        WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND slot = $2 AND due <= $3
        ORDER BY due, position LIMIT $4 \(tx.dialect.skippingLocked)
        """, kind.rawValue, slot, now, min(room, limit)
      ).map(Candidate.init)
    }
    return found
  }

  /// The slots in which items of kind `$1` wait. Each step of the recursion is one look into the index, for
  /// the next greater name.
  private static let waiting = """
    WITH RECURSIVE waiting (slot) AS (
      SELECT MIN(slot) FROM items WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL
      UNION ALL
      SELECT (SELECT MIN(slot) FROM items
        WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND slot > waiting.slot)
      FROM waiting WHERE waiting.slot IS NOT NULL
    )
    """
}

/// A free item that is due.
private struct Candidate: Comparable {
  let kind: ItemKind
  let ref: String
  let slot: String?
  let due: Timestamp
  let position: Int64
  let wake: Int64
  let errors: Int
  let crashes: Int

  init(_ row: Row) throws {
    kind = ItemKind(rawValue: try row["kind"])
    ref = try row["ref"]
    slot = try row["slot"]
    due = try row["due"]
    position = try row["position"]
    wake = try row["wake"]
    errors = try row["errors"]
    crashes = try row["crashes"]
  }

  func claim(by worker: String, fence: Int64) -> Claim {
    Claim(
      kind: kind, ref: ref, worker: worker, fence: fence, wake: wake, errors: errors, crashes: crashes,
      due: due)
  }

  static func < (left: Candidate, right: Candidate) -> Bool {
    (left.due, left.position) < (right.due, right.position)
  }
}
