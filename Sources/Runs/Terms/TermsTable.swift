import Catalog
import JSON
import Jobs
import Primitives
import Store

/// The table of terms, and those of them that were used lately.
final class TermsTable: Sendable {
  /// So many jobs' terms, and so many texts, are remembered; then it starts anew.
  private static let capacity = 1000

  /// The last terms of a job, and what they were made of.
  private struct Latest {
    var revision: Int
    var agentVersion: Int
    var environmentEdition: Int
    var terms: Terms
  }

  private struct Memory {
    /// By the job's id.
    var latest: [String: Latest] = [:]
    /// Those that have their row, by hash.
    var stored: [String: Terms] = [:]
  }

  private let memory = Lock(Memory())
  private let rehearses: Bool

  init(rehearses: Bool) {
    self.rehearses = rehearses
  }

  /// The terms of a run that starts now, if nothing of what they were made of has changed: neither is decoded again
  /// for each start then.
  func known(_ tx: Transaction, of job: Job) throws -> Terms? {
    guard let known = memory.withLock({ $0.latest[job.id] }), known.revision == job.revision else {
      return nil
    }
    let row = try tx.row(
      """
      SELECT a.version, e.edition FROM agents a, environments e
      WHERE a.id = $1 AND a.archived_at IS NULL AND e.id = $2 AND e.archived_at IS NULL
      """, job.agent, job.environment)
    guard let row, try row["version"] == known.agentVersion, try row["edition"] == known.environmentEdition
    else { return nil }
    return known.terms
  }

  /// The terms of a run that starts now. They are remembered once they are committed: what a transaction saw that came
  /// to nothing may have the same versions as something else later.
  func terms(_ tx: Transaction, _ job: Job, _ agent: Agent, _ environment: Environment) -> Terms {
    let terms = Terms(
      of: job, agent: agent.snapshot, environment: environment.config, rehearses: rehearses)
    let latest = Latest(
      revision: job.revision, agentVersion: agent.version, environmentEdition: environment.edition,
      terms: terms)
    let id = job.id
    tx.afterCommit { [self] in
      memory.withLock { memory in
        if memory.latest.count >= TermsTable.capacity { memory.latest.removeAll() }
        memory.latest[id] = latest
      }
    }
    return terms
  }

  /// Makes sure that they have their row.
  func store(_ tx: Transaction, _ terms: Terms) throws {
    if memory.withLock({ $0.stored[terms.hash] }) != nil { return }
    try tx.run(
      "INSERT INTO terms (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", terms.hash, terms.text)
    tx.afterCommit { [self] in remember(terms) }
  }

  /// The terms that a run's row names.
  func terms(_ tx: Transaction, hash: String) throws -> Terms {
    if let known = memory.withLock({ $0.stored[hash] }) { return known }
    guard let row = try tx.row("SELECT body FROM terms WHERE hash = $1", hash) else {
      throw RunsError.noTerms(hash: hash)
    }
    let terms = Terms(json: try row["body"])
    // Only what is committed counts as stored; what this transaction wrote is not yet.
    tx.afterCommit { [self] in remember(terms) }
    return terms
  }

  private func remember(_ terms: Terms) {
    memory.withLock { memory in
      if memory.stored.count >= TermsTable.capacity { memory.stored.removeAll() }
      memory.stored[terms.hash] = terms
    }
  }
}
