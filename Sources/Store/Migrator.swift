import Crypto
import Primitives
import SQLite

/// Brings the schema of a file up to what this program knows.
///
/// Every step is looked up and applied under the write lock, in a transaction of its own, so several
/// processes may start at once: each step is applied by whoever comes first.
struct Migrator {
  let path: String
  let connection: Connection
  let options: Database.Options

  func apply(_ migrations: [Migration]) throws {
    var checksums: [String: String] = [:]
    for migration in migrations {
      let checksum = Hex.encode(SHA256.hash(data: Array(migration.sql.utf8)))
      guard checksums.updateValue(checksum, forKey: migration.id) == nil else {
        throw StoreError.duplicateMigration(migration.id)
      }
    }
    try prepare()
    let applied = try compare(with: checksums)
    for migration in migrations where !applied.contains(migration.id) {
      try apply(migration, checksum: checksums[migration.id] ?? "")
    }
    // A newer version may have come first while this one was at work.
    if applied.count < migrations.count { _ = try compare(with: checksums) }
  }

  /// Makes the table of applied steps in a file that is new. A file with other tables only is left alone.
  private func prepare() throws {
    let known = "SELECT 1 FROM sqlite_master WHERE name = 'migrations'"
    guard try ask(known).isEmpty else { return }
    try inTransaction {
      guard try ask(known).isEmpty else { return }
      guard try ask("SELECT 1 FROM sqlite_master LIMIT 1").isEmpty else {
        throw StoreError.otherProgram(path: path)
      }
      _ = try ask(
        """
        CREATE TABLE migrations (
          id TEXT PRIMARY KEY,
          checksum TEXT NOT NULL, -- SHA-256 of the script, in hexadecimal
          applied_at INTEGER NOT NULL
        ) STRICT
        """)
    }
  }

  /// Holds what was applied against what this program knows; returns the applied ids.
  private func compare(with checksums: [String: String]) throws -> Set<String> {
    var applied: Set<String> = []
    for row in try ask("SELECT id, checksum FROM migrations ORDER BY id") {
      guard case .text(let id) = row[0], case .text(let checksum) = row[1] else { continue }
      guard let known = checksums[id] else { throw StoreError.newer(path: path, migration: id) }
      guard known == checksum else { throw StoreError.changedMigration(id) }
      applied.insert(id)
    }
    return applied
  }

  private func apply(_ migration: Migration, checksum: String) throws {
    try inTransaction {
      guard try ask("SELECT 1 FROM migrations WHERE id = $1", .text(migration.id)).isEmpty else { return }
      do throws(SQLiteError) {
        try connection.execute(migration.sql)
      } catch {
        throw StoreError.failedMigration(
          migration.id, reason: "\(StoreError(error, path: path, patience: options.patience))")
      }
      guard connection.isInTransaction else {
        throw StoreError.failedMigration(migration.id, reason: "it ended the transaction it runs in.")
      }
      _ = try ask(
        "INSERT INTO migrations (id, checksum, applied_at) VALUES ($1, $2, $3)",
        .text(migration.id), .text(checksum), .integer(options.time.now().microseconds))
    }
  }

  private func inTransaction(_ body: () throws -> Void) throws {
    _ = try ask("BEGIN IMMEDIATE")
    do {
      try body()
      _ = try ask("COMMIT")
    } catch {
      if connection.isInTransaction {
        // The connection is given up with this error anyway.
        _ = try? ask("ROLLBACK")
      }
      throw error
    }
  }

  private func ask(_ sql: String, _ values: SQLiteValue...) throws -> [[SQLiteValue]] {
    do {
      return try connection.run(sql, values).rows
    } catch {
      throw StoreError(error, path: path, patience: options.patience)
    }
  }
}
