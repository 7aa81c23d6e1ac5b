import Catalog
import Crypto
import JSON
package import Primitives
import Reading
package import Store

/// The keys of the API: the bootstrap key, which the server's start knows, and those that were made with it.
///
/// Only hashes are stored. Requests are checked against a copy in memory, because that happens before their
/// bodies are read; another process's changes arrive with the database's bell.
package final class APIKeys: Sendable {
  static let ids = IDTable("apikey", in: "api_keys")

  package static let migrations = [
    Migration(
      id: "keys-0001",
      sql: """
        CREATE TABLE api_keys (
          id TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          scope TEXT NOT NULL,
          hash TEXT NOT NULL UNIQUE,
          created_at INTEGER NOT NULL,
          revoked_at INTEGER
        );
        CREATE UNIQUE INDEX api_keys_by_name ON api_keys (name) WHERE revoked_at IS NULL;
        """)
  ]

  /// How often another process's changes are looked for at most.
  private static let pause = Duration.seconds(1)

  private let database: Database
  private let bootstrap: (hash: String, key: APIKey)
  private let time: Time
  private let randomness: Randomness
  private let known = Lock<[String: APIKey]>([:])

  /// - Parameter bootstrap: the key of the first start or of the environment; it may do everything.
  package init(
    database: Database, bootstrap: String, time: Time = .system, randomness: Randomness = .system
  ) async throws {
    self.database = database
    self.time = time
    self.randomness = randomness
    self.bootstrap = (
      APIKeys.hash(bootstrap),
      APIKey(id: "apikey_bootstrap", name: "bootstrap", scope: .admin, createdAt: time.now())
    )
    try await reload()
  }

  /// The key that somebody shows, if it is one and not revoked. The text is hashed first, so the comparison
  /// tells nothing about how much of it was right.
  func key(showing text: String) -> APIKey? {
    let hash = APIKeys.hash(text)
    // A key that was made keeps its scope, also when a server's start is told it as its own.
    if let made = known.withLock({ $0[hash] }) { return made }
    return hash == bootstrap.hash ? bootstrap.key : nil
  }

  /// The key with this text, if it is one that was made here, revoked or not.
  package func made(_ text: String) async throws -> APIKey? {
    try await database.read { tx in
      try tx.row("SELECT * FROM api_keys WHERE hash = $1", APIKeys.hash(text)).map(APIKey.init)
    }
  }

  /// Follows the changes of other processes, until cancelled.
  package func run() async throws {
    for await _ in database.changes() {
      try await reload()
      try await time.sleep(APIKeys.pause)
    }
    try Task.checkCancellation()
  }

  private func reload() async throws {
    let rows = try await database.read { tx in
      try tx.rows("SELECT * FROM api_keys WHERE revoked_at IS NULL").map { row in
        (try row["hash"] as String, try APIKey(row))
      }
    }
    known.withLock { $0 = Dictionary(rows, uniquingKeysWith: { first, _ in first }) }
  }

  // MARK: Making and revoking

  /// - Returns: the key and its text, which is never shown again.
  /// - Throws: `CatalogError.invalid`; `APIError.conflict` when the name is taken.
  func create(_ body: JSON) async throws -> (key: APIKey, text: String) {
    let findings = Findings()
    let fields = Fields(body, "a key", keys: ["name", "scope"], findings)
    let name = fields?.text("name", required: true, length: 1...64)
    let scope = fields?.choice("scope", of: KeyScope.allCases.map(\.rawValue), required: true)
    try findings.check()
    let text = "errand_" + Hex.encode(randomness.bytes(24))
    let now = time.now()
    let id = ID.make("apikey", at: now, randomness)
    let key = try await database.write { tx in
      if try tx.row("SELECT 1 AS found FROM api_keys WHERE name = $1 AND revoked_at IS NULL", name) != nil {
        throw APIError.conflict(
          "There is a key named \(quoted(name ?? "")) already. Revoke it, or take another name.")
      }
      try tx.run(
        "INSERT INTO api_keys (id, name, scope, hash, created_at) VALUES ($1, $2, $3, $4, $5)", id, name,
        scope,
        APIKeys.hash(text), now)
      tx.ring()
      return try APIKeys.key(tx, id)
    }
    try await reload()
    return (key, text)
  }

  /// Ends a key's use at once; again changes nothing.
  /// - Throws: `APIError.notFound`.
  func revoke(_ id: String) async throws -> APIKey {
    let now = time.now()
    let key = try await database.write { tx in
      try tx.run("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", id, now)
      tx.ring()
      return try APIKeys.key(tx, id)
    }
    try await reload()
    return key
  }

  /// All keys that were made, the newest first, also revoked ones.
  func list(_ tx: Transaction, after: String?, limit: Int) throws -> [APIKey] {
    try tx.rows(
      "SELECT * FROM api_keys WHERE ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2", after ?? "", limit
    ).map(APIKey.init)
  }

  private static func key(_ tx: Transaction, _ id: String) throws -> APIKey {
    guard let row = try tx.row("SELECT * FROM api_keys WHERE id = $1", id) else {
      throw APIError.notFound("There is no key \(id).")
    }
    return try APIKey(row)
  }

  private static func hash(_ text: String) -> String {
    Hex.encode(SHA256.hash(data: Array(text.utf8)))
  }
}
