import Primitives
import Store

extension Queue {
  /// Leases what is due to a worker, the longest due first, at most `room[kind]` items of each kind; there is
  /// room for 1 at least of each.
  func claim(_ tx: Transaction, for worker: String, room: [ItemKind: Int]) throws -> [Claim] {
    let now = time.now()
    var chosen: [Candidate] = []
    // Kinds may share a slot: what was chosen for one counts for the next.
    var taken = try leased(tx)
    for (kind, room) in room.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let free = try unslotted(tx, kind, now, limit: room)
      let slotted = try slotted(tx, kind, now, limit: room, taken: taken)
      let best = (free + slotted).sorted().prefix(room)
      for candidate in best { if let slot = candidate.slot { taken[slot, default: 0] += 1 } }
      chosen += best
    }
    if chosen.isEmpty { return [] }
    chosen.sort()
    let last = try draw(tx, "fence", count: chosen.count)
    return try chosen.enumerated().compactMap { index, candidate in
      let fence = last - Int64(chosen.count - 1 - index)
      let claimed = try tx.run(
        "UPDATE items SET worker = $3, fence = $4 WHERE kind = $1 AND ref = $2 AND worker IS NULL",
        candidate.kind.rawValue, candidate.ref, worker, fence)
      return claimed == 1 ? candidate.claim(by: worker, fence: fence) : nil
    }
  }

  /// Whether a claim with this room, which is positive, would find anything; asked of a reader, so that idle workers leave the writer alone.
  func hasClaimable(_ tx: Transaction, room: [ItemKind: Int]) throws -> Bool {
    let now = time.now()
    for kind in room.keys where try !unslotted(tx, kind, now, limit: 1).isEmpty { return true }
    let taken = try leased(tx)
    for kind in room.keys where try !slotted(tx, kind, now, limit: 1, taken: taken).isEmpty { return true }
    return false
  }

  /// When the next free item that is not due yet will be. Nil if there is none.
  func nextDue(_ tx: Transaction, kinds: some Sequence<ItemKind>) throws -> Timestamp? {
    let now = time.now()
    var next: Timestamp?
    for kind in kinds {
      for condition in ["slot IS NULL", "slot IS NOT NULL"] {
        let row = try tx.row(
          """
          SELECT due FROM items WHERE kind = $1 AND worker IS NULL AND \(condition) AND due > $2
          ORDER BY due LIMIT 1
          """, kind.rawValue, now)
        if let due: Timestamp = try row?["due"] { next = min(next ?? due, due) }
      }
    }
    return next
  }

  /// How many leases each slot has. They are few: as many as handlers are at work.
  private func leased(_ tx: Transaction) throws -> [String: Int] {
    let rows = try tx.rows(
      """
      SELECT slot, COUNT(*) AS leased FROM items WHERE worker IS NOT NULL AND slot IS NOT NULL GROUP BY slot
      """)
    return try rows.reduce(into: [:]) { $0[try $1["slot"]] = try $1["leased"] }
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

  /// So many rows are read at once, and so many in all, before the slots are looked at one by one.
  private static let page = 64
  private static let patience = 1024

  /// The first items of the slots that have room; of each slot as many as it has room for. The first item of
  /// a slot brings the limit, so an item with a greater one may wait behind it.
  ///
  /// Mostly the items that are due first are those. Where very many of full slots wait before them, the slots
  /// are found by another index that begins with the slot: a full one is passed over in one step.
  /// - Parameter taken: how many leases each slot has.
  private func slotted(
    _ tx: Transaction, _ kind: ItemKind, _ now: Timestamp, limit: Int, taken: [String: Int]
  ) throws -> [Candidate] {
    var (found, room, seen): ([Candidate], [String: Int], Int) = ([], [:], 0)
    var last: Candidate?
    while seen < Queue.patience {
      let page = min(Queue.page, max(limit, 8))
      let rows = try tx.rows(
        """
        SELECT kind, ref, slot, slot_limit, due, position, wake, errors, crashes FROM items
        WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND due <= $2 AND (due, position) > ($3, $4)
        ORDER BY due, position LIMIT $5 \(tx.dialect.skippingLocked)
        """, kind.rawValue, now, last?.due ?? Timestamp(microseconds: .min), last?.position ?? .min, page)
      for row in rows {
        let candidate = try Candidate(row)
        let slot = candidate.slot ?? ""
        let left = try room[slot] ?? (row["slot_limit"] - taken[slot, default: 0])
        room[slot] = left - 1
        if left > 0 { found.append(candidate) }
        if found.count == limit { return found }
        last = candidate
      }
      if rows.count < page { return found }
      seen += rows.count
    }
    return try bySlot(tx, kind, now, limit: limit, taken: taken)
  }

  private func bySlot(
    _ tx: Transaction, _ kind: ItemKind, _ now: Timestamp, limit: Int, taken: [String: Int]
  ) throws -> [Candidate] {
    let heads = try tx.rows(
      """
      \(Queue.waiting)
      SELECT head.slot, head.slot_limit FROM waiting JOIN items AS head ON head.kind = $1 AND head.ref = (
        SELECT ref FROM items
        WHERE kind = $1 AND worker IS NULL AND slot IS NOT NULL AND slot = waiting.slot AND due <= $2
        ORDER BY due, position LIMIT 1)
      WHERE waiting.slot IS NOT NULL ORDER BY head.due, head.position
      """, kind.rawValue, now)
    var found: [Candidate] = []
    var open = 0
    for row in heads where open < limit {
      let slot: String = try row["slot"]
      let room = try row["slot_limit"] - taken[slot, default: 0]
      guard room > 0 else { continue }
      open += 1
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
