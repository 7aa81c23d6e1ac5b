import JSON
import Primitives
package import Store

// Requests that proved themselves and could not be taken: kept, within bounds, and played again.
extension Hooks {
  /// A longer body is refused without being kept.
  static let keptBodyLimit = 4 << 20
  /// So many are kept of one source and one kind of refusal; the oldest go first.
  static let keptLimit = 100
  /// So many of one source are written down in a minute.
  static let keptPerMinute = 20
  static let keptFor = Duration.seconds(30 * 86_400)

  /// What became of a request that was refused: `receipt` is nil when it was not kept.
  struct Kept: Sendable {
    var receipt: String?
  }

  /// Writes a refused request down, if there is room for it. One that comes again is counted.
  /// - Returns: nil when the source is another by now, and may take it.
  func keep(
    _ refusal: HookRefusal, _ request: HookRequest, from source: OpenSource, named name: String
  ) async throws -> Kept? {
    let now = time.now()
    let mayKeep = request.body.count <= Hooks.keptBodyLimit && hasRoom(name, at: now)
    let names = type(of: source.kind).keptHeaders + ["content-encoding"]
    let headers = JSON.object(request.all(names))
    let digest = Digest.of(headers.canonicalBytes + request.body)
    return try await database.write { [self] tx in
      guard try isCurrent(tx, source, named: name) else { return nil }
      guard mayKeep else { return Kept(receipt: nil) }
      try tx.run(
        "DELETE FROM refused_receipts WHERE source = $1 AND received_at < $2", name, now - Hooks.keptFor)
      let row = try tx.row(
        """
        INSERT INTO refused_receipts (id, source, code, reason, headers, body, digest, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (source, digest) DO UPDATE
          SET repeats = refused_receipts.repeats + 1, code = excluded.code, reason = excluded.reason
        RETURNING id
        """, ID.make("rcpt", at: now, randomness), name, refusal.code, refusal.description, headers,
        request.body, digest, now)
      try tx.run(
        """
        DELETE FROM refused_receipts WHERE source = $1 AND code = $2 AND id NOT IN (
          SELECT id FROM refused_receipts WHERE source = $1 AND code = $2 ORDER BY id DESC LIMIT \(Hooks.keptLimit))
        """, name, refusal.code)
      return Kept(receipt: try row?["id"])
    }
  }

  /// Counts one more to be kept, unless there were enough in this minute.
  private func hasRoom(_ source: String, at now: Timestamp) -> Bool {
    let minute = now.seconds / 60
    return keeping.withLock { keeping in
      let count = keeping[source].flatMap { $0.minute == minute ? $0.count : nil } ?? 0
      keeping[source] = (minute, count + 1)
      return count < Hooks.keptPerMinute
    }
  }

  /// Nil when there is no such receipt.
  package func refusedReceipt(_ tx: Transaction, _ id: String) throws -> RefusedReceipt? {
    try tx.row("SELECT \(RefusedReceipt.columns) FROM refused_receipts WHERE id = $1", id).map(
      RefusedReceipt.init)
  }

  /// Takes a request that was refused as if it came now: it is read by the source and its jobs as they are by now,
  /// and started under its own id. Its proof was looked at when it came.
  ///
  /// One that was taken already is a repeat.
  /// - Throws: `HookRefusal`: `.unknownReceipt`, `.notRefused`, or why it is refused again.
  package func replay(_ id: String) async throws -> HookAnswer {
    while true {
      if let answer = try await replayOnce(id) { return answer }
    }
  }

  /// Nil when the source was changed meanwhile.
  private func replayOnce(_ id: String) async throws -> HookAnswer? {
    let (refused, request, source) = try await database.read { [self] tx in
      guard let row = try tx.row("SELECT * FROM refused_receipts WHERE id = $1", id) else {
        throw try receipt(tx, id) == nil ? HookRefusal.unknownReceipt(id: id) : .notRefused(id: id)
      }
      let refused = try RefusedReceipt(row)
      // Opened anew: why it is replayed at all is that something about the source has changed.
      let source = try OpenSource(tx, kinds, jobs, named: refused.source, secrets: secrets)
      return (refused, try RefusedReceipt.request(row), source)
    }
    let arrival: HookArrival
    do {
      arrival = try HookArrival(request, at: source, named: refused.source)
    } catch {
      // Whoever asks why must read what is in the way now.
      try await database.write { tx in
        try tx.run(
          "UPDATE refused_receipts SET code = $2, reason = $3 WHERE id = $1 AND replayed_at IS NULL", id,
          error.code,
          error.description)
      }
      throw error
    }
    guard case .occurrence(let reading) = arrival.purpose else { throw HookRefusal.startsNothing(id: id) }
    return try await database.write { [self] tx in
      guard try isCurrent(tx, source, named: refused.source) else { return nil }
      if let known = try refusedReceipt(tx, id)?.receipt, let receipt = try receipt(tx, known) {
        return try answer(tx, toRepeatOf: receipt.id, unlisted: receipt.unlisted)
      }
      let answer = try write(tx, source: refused.source, arrival, reading, refused: refused)
      try tx.run(
        "UPDATE refused_receipts SET replayed_at = $2, receipt_id = $3 WHERE id = $1", id, time.now(),
        answer.receipt)
      return answer
    }
  }
}
