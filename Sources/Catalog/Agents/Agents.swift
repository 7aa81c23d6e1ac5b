package import JSON
package import Primitives
import Reading
package import Store

/// The agents and all their versions.
///
/// A change makes the next version; sessions copy the version they start with, so nothing that runs is
/// touched. Archiving is final.
package final class Agents: Sendable {
  package static let ids = IDTable("agent", in: "agents")
  package static let migrations = [
    Migration(
      id: "agents-0001",
      sql: """
        CREATE TABLE agents (
          id TEXT PRIMARY KEY,
          origin TEXT NOT NULL,
          name TEXT NOT NULL,
          version INTEGER NOT NULL,
          created_at INTEGER NOT NULL,
          archived_at INTEGER
        );
        CREATE UNIQUE INDEX agents_of_files ON agents (name) WHERE origin = 'file' AND archived_at IS NULL;
        CREATE TABLE agent_versions (
          agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
          version INTEGER NOT NULL,
          definition TEXT NOT NULL,
          updated_at INTEGER NOT NULL,
          PRIMARY KEY (agent_id, version)
        );
        """)
  ]

  private let time: Time
  private let randomness: Randomness
  private let archiveHooks = Lock<[@Sendable (Transaction, Agent) throws -> Void]>([])

  package init(time: Time = .system, randomness: Randomness = .system) {
    self.time = time
    self.randomness = randomness
  }

  /// Has `body` called in the transaction that archives an agent.
  package func onArchive(_ body: @escaping @Sendable (Transaction, Agent) throws -> Void) {
    archiveHooks.withLock { $0.append(body) }
  }

  // MARK: Reading

  private static let columns = """
    SELECT a.id, a.origin, a.created_at, a.archived_at, v.version, v.definition, v.updated_at
    FROM agents a JOIN agent_versions v ON v.agent_id = a.id
    """

  /// One version, the latest by default.
  /// - Throws: `CatalogError.notFound`, `.noSuchVersion`.
  package func agent(_ tx: Transaction, _ id: String, version: Int? = nil) throws -> Agent {
    let latest = try tx.row("\(Agents.columns) WHERE a.id = $1 AND v.version = a.version", id).map(Agent.init)
    guard let latest else { throw CatalogError.notFound(kind: "agent", id: id) }
    guard let version, version != latest.version else { return latest }
    let row = try tx.row("\(Agents.columns) WHERE a.id = $1 AND v.version = $2", id, version)
    guard let row else {
      throw CatalogError.noSuchVersion(agent: id, version: version, latest: latest.version)
    }
    return try Agent(row)
  }

  /// The agent that a file defined under this name.
  /// - Throws: `CatalogError.notFound` with the nearest name.
  package func agent(_ tx: Transaction, named name: String) throws -> Agent {
    if let found = try find(tx, named: name) { return found }
    throw CatalogError.notFound(
      kind: "agent", id: name, nearest: Nearest.to(name, among: try names(tx)))
  }

  private func find(_ tx: Transaction, named name: String) throws -> Agent? {
    try tx.row(
      """
      \(Agents.columns) WHERE a.name = $1 AND a.origin = 'file' AND a.archived_at IS NULL
        AND v.version = a.version
      """, name
    ).map(Agent.init)
  }

  /// The names that files gave, sorted.
  package func names(_ tx: Transaction) throws -> [String] {
    try tx.rows("SELECT name FROM agents WHERE origin = 'file' AND archived_at IS NULL ORDER BY name")
      .map { try $0["name"] }
  }

  /// A page of agents in their latest versions, newest first.
  /// - Parameter after: the id of the last agent of the page before.
  package func agents(
    _ tx: Transaction, created: TimeRange = TimeRange(), archived: Bool = false, after: String? = nil,
    limit: Int
  ) throws -> [Agent] {
    var conditions = Conditions()
    conditions.add("v.version = a.version")
    created.add(to: &conditions, "a.created_at")
    if !archived { conditions.add("a.archived_at IS NULL") }
    if let after { conditions.add("a.id < $", after) }
    let most = conditions.bind(limit)
    return try tx.rows(
      "\(Agents.columns) \(conditions.clause) ORDER BY a.id DESC LIMIT \(most)", values: conditions.values
    ).map(Agent.init)
  }

  /// A page of an agent's versions, newest first.
  /// - Parameter below: the last version of the page before.
  package func versions(_ tx: Transaction, _ id: String, below: Int? = nil, limit: Int) throws -> [Agent] {
    _ = try agent(tx, id)
    return try tx.rows(
      "\(Agents.columns) WHERE a.id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3", id,
      below ?? .max, limit
    ).map(Agent.init)
  }

  // MARK: Writing

  /// Creates version 1 from a body of `POST /v1/agents`.
  /// - Throws: `CatalogError.invalid`.
  package func create(_ tx: Transaction, _ body: JSON) throws -> Agent {
    let findings = Findings()
    guard let definition = AgentDefinition(body, findings) else {
      throw CatalogError.invalid(findings.problems)
    }
    return try insert(tx, definition, origin: .api)
  }

  /// Applies a body of `POST /v1/agents/{id}`: what it leaves out stays. Without an effective change there is
  /// no new version.
  /// - Throws: `CatalogError.conflict` when the body's `version` is not the current one, `.archived`,
  ///   `.invalid`, `.notFound`.
  package func update(_ tx: Transaction, _ id: String, _ body: JSON) throws -> Agent {
    let current = try agent(tx, id)
    let findings = Findings()
    let keys = ["version"] + AgentDefinition.keys
    guard let given = Fields(body, "an agent's update", keys: keys, findings), findings.problems.isEmpty
    else {
      throw CatalogError.invalid(findings.problems)
    }
    if let version = given.version("version"), version != current.version {
      throw CatalogError.conflict(agent: id, given: version, current: current.version)
    }
    if current.archivedAt != nil { throw CatalogError.archived(kind: "agent", id: id) }
    guard let definition = AgentDefinition(current.definition.merged(with: given.object), findings),
      findings.problems.isEmpty
    else { throw CatalogError.invalid(findings.problems) }
    return try replace(tx, current, definition).agent
  }

  /// Brings the file-origin agent of this name to a definition.
  package func apply(
    _ tx: Transaction, _ definition: AgentDefinition
  ) throws -> (agent: Agent, change: Change) {
    if let current = try find(tx, named: definition.name) { return try replace(tx, current, definition) }
    return (try insert(tx, definition, origin: .file), .created)
  }

  /// Ends the agent's use for anything new. Archiving again changes nothing.
  package func archive(_ tx: Transaction, _ id: String) throws -> Agent {
    let current = try agent(tx, id)
    if current.archivedAt != nil { return current }
    try tx.run("UPDATE agents SET archived_at = $2 WHERE id = $1", id, time.now())
    let archived = try agent(tx, id)
    for hook in archiveHooks.withLock({ $0 }) { try hook(tx, archived) }
    return archived
  }

  private func insert(_ tx: Transaction, _ definition: AgentDefinition, origin: Origin) throws -> Agent {
    let now = time.now()
    let id = ID.make("agent", at: now, randomness)
    try tx.run(
      "INSERT INTO agents (id, origin, name, version, created_at) VALUES ($1, $2, $3, 1, $4)", id,
      origin.rawValue, definition.name, now)
    try insertVersion(tx, id, 1, definition, now)
    return try agent(tx, id)
  }

  private func replace(
    _ tx: Transaction, _ current: Agent, _ definition: AgentDefinition
  ) throws -> (agent: Agent, change: Change) {
    guard definition != current.definition else { return (current, .unchanged) }
    let version = current.version + 1
    try insertVersion(tx, current.id, version, definition, time.now())
    try tx.run(
      "UPDATE agents SET version = $2, name = $3 WHERE id = $1", current.id, version, definition.name)
    return (try agent(tx, current.id), .updated)
  }

  private func insertVersion(
    _ tx: Transaction, _ id: String, _ version: Int, _ definition: AgentDefinition, _ now: Timestamp
  ) throws {
    try tx.run(
      "INSERT INTO agent_versions (agent_id, version, definition, updated_at) VALUES ($1, $2, $3, $4)", id,
      version, JSON.object(definition.fields), now)
  }
}
