import Crypto
import JSON
import Primitives
package import Store

/// Answers to requests that carried an `Idempotency-Key`, kept for a day: the same request gets the same
/// answer, and makes nothing twice.
package struct Repeats: Sendable {
  package static let migrations = [
    Migration(
      id: "repeats-0001",
      sql: """
        CREATE TABLE repeatable_requests (
          api_key_id TEXT NOT NULL,
          idempotency_key TEXT NOT NULL,
          fingerprint TEXT NOT NULL,
          answer TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          PRIMARY KEY (api_key_id, idempotency_key)
        );
        CREATE INDEX repeatable_requests_by_time ON repeatable_requests (created_at);
        """)
  ]

  static let kept = Duration.seconds(86_400)

  var apiKey: String
  var idempotencyKey: String
  /// A hash over everything that makes the request what it is.
  var fingerprint: String

  init(apiKey: String, idempotencyKey: String, method: String, path: String, body: [UInt8]) {
    self.apiKey = apiKey
    self.idempotencyKey = idempotencyKey
    var hash = SHA256()
    hash.update(data: Array("\(method) \(path)\n".utf8))
    hash.update(data: body)
    fingerprint = Hex.encode(hash.finalize())
  }

  /// The key with whose it is, for who keeps it with what came of the request. No header holds a line end, so
  /// nobody can give a text that is somebody else's.
  var ownKey: String { "\(apiKey)\n\(idempotencyKey)" }

  /// The earlier answer, or a new one, which is kept in the same transaction.
  /// - Throws: `APIError.conflict` when the key came with another request.
  func answer(_ tx: Transaction, at now: Timestamp, _ make: (Transaction) throws -> JSON) throws -> JSON {
    try tx.run("DELETE FROM repeatable_requests WHERE created_at < $1", now - Repeats.kept)
    let earlier = try tx.row(
      "SELECT fingerprint, answer FROM repeatable_requests WHERE api_key_id = $1 AND idempotency_key = $2",
      apiKey, idempotencyKey)
    if let earlier {
      guard try earlier["fingerprint"] as String == fingerprint else {
        throw APIError.conflict(
          "Idempotency-Key: This key came with another request before. Take a new one for each request.")
      }
      return try earlier["answer"]
    }
    let answer = try make(tx)
    try tx.run(
      """
      INSERT INTO repeatable_requests (api_key_id, idempotency_key, fingerprint, answer, created_at)
      VALUES ($1, $2, $3, $4, $5)
      """, apiKey, idempotencyKey, fingerprint, answer, now)
    return answer
  }
}
