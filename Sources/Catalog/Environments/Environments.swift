package import JSON
package import Primitives
import Reading
package import Store

/// The environments. They have no versions: sessions copy the config they start with.
package final class Environments: Sendable {
  package static let ids = IDTable("env", in: "environments")
  package static let migrations = [
    Migration(
      id: "environments-0001",
      sql: """
        CREATE TABLE environments (
          id TEXT PRIMARY KEY,
          origin TEXT NOT NULL,
          name TEXT NOT NULL,
          definition TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL,
          archived_at INTEGER
        );
        CREATE UNIQUE INDEX environments_of_files ON environments (name)
          WHERE origin = 'file' AND archived_at IS NULL;
        """),
    // Counts the changes, so that whoever keeps something made of an environment sees whether it still is the same.
    Migration(
      id: "environments-0002",
      sql: "ALTER TABLE environments ADD COLUMN edition INTEGER NOT NULL DEFAULT 0"),
  ]

  private let time: Time
  private let randomness: Randomness
  private let managers: Set<String>

  /// - Parameter managers: the package managers that sandboxes of this server can run.
  package init(
    time: Time = .system, randomness: Randomness = .system,
    managers: Set<String> = Set(EnvironmentDefinition.packageManagers)
  ) {
    self.time = time
    self.randomness = randomness
    self.managers = managers
  }

  // MARK: Reading

  /// - Throws: `CatalogError.notFound`.
  package func environment(_ tx: Transaction, _ id: String) throws -> Environment {
    guard let row = try tx.row("SELECT * FROM environments WHERE id = $1", id) else {
      throw CatalogError.notFound(kind: "environment", id: id)
    }
    return try Environment(row)
  }

  /// The environment that a file defined under this name.
  /// - Throws: `CatalogError.notFound` with the nearest name.
  package func environment(_ tx: Transaction, named name: String) throws -> Environment {
    if let found = try find(tx, named: name) { return found }
    throw CatalogError.notFound(
      kind: "environment", id: name, nearest: Nearest.to(name, among: try names(tx)))
  }

  private func find(_ tx: Transaction, named name: String) throws -> Environment? {
    try tx.row(
      "SELECT * FROM environments WHERE name = $1 AND origin = 'file' AND archived_at IS NULL", name
    ).map(Environment.init)
  }

  /// The names that files gave, sorted.
  package func names(_ tx: Transaction) throws -> [String] {
    try tx.rows("SELECT name FROM environments WHERE origin = 'file' AND archived_at IS NULL ORDER BY name")
      .map { try $0["name"] }
  }

  /// A page of environments, newest first.
  /// - Parameter after: the id of the last one of the page before.
  package func environments(
    _ tx: Transaction, archived: Bool = false, after: String? = nil, limit: Int
  ) throws -> [Environment] {
    try tx.rows(
      """
      SELECT * FROM environments WHERE (archived_at IS NULL OR $1 = 1) AND ($2 = '' OR id < $2)
      ORDER BY id DESC LIMIT $3
      """, archived, after ?? "", limit
    ).map(Environment.init)
  }

  // MARK: Writing

  /// Creates one from a body of `POST /v1/environments`.
  /// - Throws: `CatalogError.invalid`.
  package func create(_ tx: Transaction, _ body: JSON) throws -> Environment {
    let findings = Findings()
    guard let definition = EnvironmentDefinition(body, findings) else {
      throw CatalogError.invalid(findings.problems)
    }
    return try insert(tx, definition, origin: .api)
  }

  /// Applies a body of `POST /v1/environments/{id}`: what it leaves out stays.
  /// - Throws: `CatalogError.archived`, `.configTypeChange`, `.invalid`, `.notFound`.
  package func update(_ tx: Transaction, _ id: String, _ body: JSON) throws -> Environment {
    let current = try environment(tx, id)
    if current.archivedAt != nil { throw CatalogError.archived(kind: "environment", id: id) }
    let findings = Findings()
    let keys = EnvironmentDefinition.keys
    guard let given = Fields(body, "an environment's update", keys: keys, findings), findings.problems.isEmpty
    else { throw CatalogError.invalid(findings.problems) }
    if let from = current.config["type"]?.stringValue,
      let to = EnvironmentDefinition.type(of: given["config"]?["type"]),
      from != to
    {
      throw CatalogError.configTypeChange(from: from, to: to)
    }
    guard let definition = EnvironmentDefinition(current.definition.merged(with: given.object), findings)
    else {
      throw CatalogError.invalid(findings.problems)
    }
    return try replace(tx, current, definition).environment
  }

  /// Brings the file-origin environment of this name to a definition.
  package func apply(
    _ tx: Transaction, _ definition: EnvironmentDefinition
  ) throws -> (environment: Environment, change: Change) {
    if let current = try find(tx, named: definition.name) {
      // A file says what should be; unlike the API's clients, its author sees the sessions' snapshots stay.
      return try replace(tx, current, definition)
    }
    return (try insert(tx, definition, origin: .file), .created)
  }

  /// Ends the environment's use for new sessions. Archiving again changes nothing.
  package func archive(_ tx: Transaction, _ id: String) throws -> Environment {
    let current = try environment(tx, id)
    if current.archivedAt != nil { return current }
    let now = time.now()
    try tx.run("UPDATE environments SET archived_at = $2, updated_at = $2 WHERE id = $1", id, now)
    return try environment(tx, id)
  }

  /// Removes the environment. Sessions that have copied it go on.
  package func delete(_ tx: Transaction, _ id: String) throws {
    guard try tx.run("DELETE FROM environments WHERE id = $1", id) == 1 else {
      throw CatalogError.notFound(kind: "environment", id: id)
    }
  }

  /// What could not be installed is refused now, rather than missed by every session.
  /// - Throws: `CatalogError.invalid`.
  private func checkPackages(_ definition: EnvironmentDefinition) throws {
    let findings = Findings()
    for (manager, _) in Packages(environment: definition.config).lists where !managers.contains(manager) {
      let here = EnvironmentDefinition.packageManagers.filter(managers.contains)
      findings.add(
        FieldPath.root.key("config").key("packages").key(manager),
        "This server cannot install packages with \(manager)"
          + (here.isEmpty ? "." : "; it can with \(here.joined(separator: " and "))."))
    }
    try findings.check()
  }

  private func insert(
    _ tx: Transaction, _ definition: EnvironmentDefinition, origin: Origin
  ) throws -> Environment {
    try checkPackages(definition)
    let now = time.now()
    let id = ID.make("env", at: now, randomness)
    try tx.run(
      """
      INSERT INTO environments (id, origin, name, definition, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $5)
      """, id, origin.rawValue, definition.name, JSON.object(definition.fields), now)
    return try environment(tx, id)
  }

  private func replace(
    _ tx: Transaction, _ current: Environment, _ definition: EnvironmentDefinition
  ) throws -> (environment: Environment, change: Change) {
    guard definition != current.definition else { return (current, .unchanged) }
    try checkPackages(definition)
    try tx.run(
      """
      UPDATE environments SET name = $2, definition = $3, updated_at = $4, edition = edition + 1 WHERE id = $1
      """, current.id, definition.name, JSON.object(definition.fields), time.now())
    return (try environment(tx, current.id), .updated)
  }
}
