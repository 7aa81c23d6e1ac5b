package import JSON
package import Primitives
package import Store

/// One line of the list of what came in.
package struct ReceiptLine: Sendable, Equatable {
  package enum State: String, Sendable, CaseIterable {
    case taken, refused
  }

  package var id: String
  package var source: String
  package var type: String?
  package var receivedAt: Timestamp
  package var repeats: Int
  package var state: State
  /// Why it was refused.
  package var code: String?
  package var reason: String?

  init(_ row: Row) throws {
    id = try row["id"]
    source = try row["source"]
    type = try row["type"]
    receivedAt = try row["received_at"]
    repeats = try row["repeats"]
    code = try row["code"]
    reason = try row["reason"]
    state = code == nil ? .taken : .refused
  }

  package var json: JSON {
    [
      "id": .string(id), "type": "receipt", "source": .string(source), "event": .optional(type),
      "state": .string(state.rawValue), "code": .optional(code), "reason": .optional(reason),
      "repeats": JSON(repeats), "created_at": .string(receivedAt.description),
    ]
  }
}

extension Hooks {
  /// What came in, the newest first. What was refused and taken later is among what was taken.
  package func receipts(
    _ tx: Transaction, source: String? = nil, state: ReceiptLine.State? = nil, before: String? = nil,
    limit: Int
  ) throws -> [ReceiptLine] {
    let filter = "($1 IS NULL OR source = $1) AND ($2 IS NULL OR id < $2)"
    let taken = """
      SELECT id, source, type, received_at, repeats, NULL AS code, NULL AS reason FROM receipts WHERE \(filter)
      """
    let refused = """
      SELECT id, source, NULL AS type, received_at, repeats, code, reason FROM refused_receipts
      WHERE replayed_at IS NULL AND \(filter)
      """
    let parts = [state == .refused ? nil : taken, state == .taken ? nil : refused].compactMap(\.self)
    return try tx.rows(
      parts.joined(separator: " UNION ALL ") + " ORDER BY id DESC LIMIT $3", source, before, limit
    ).map(ReceiptLine.init)
  }
}
