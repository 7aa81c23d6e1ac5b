package import Catalog
import JSON
package import Primitives
import Reading
package import Store

/// The jobs and the sources of their webhooks.
///
/// They come as a bundle of files, which `apply` checks and writes in one transaction: all of it, or nothing.
/// Who keeps something in step with the jobs, as the schedules do, takes part in that transaction
/// (`JobFollower`).
package final class Jobs: Sendable {
  package static let ids = IDTable("depl", in: "jobs")
  package static let migrations = [
    Migration(
      id: "jobs-0001",
      sql: """
        CREATE TABLE jobs (
          id TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          origin TEXT NOT NULL,
          agent_id TEXT NOT NULL,
          definition TEXT NOT NULL,
          revision INTEGER NOT NULL,
          written TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL,
          archived_at INTEGER
        );
        CREATE UNIQUE INDEX jobs_of_files ON jobs (name) WHERE origin = 'file' AND archived_at IS NULL;
        CREATE INDEX jobs_by_agent ON jobs (agent_id);
        CREATE TABLE job_sources (
          source TEXT NOT NULL,
          job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
          trigger_id TEXT NOT NULL,
          PRIMARY KEY (source, job_id, trigger_id)
        );
        CREATE INDEX job_sources_by_job ON job_sources (job_id);
        CREATE TABLE sources (
          name TEXT PRIMARY KEY,
          kind TEXT NOT NULL,
          settings TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL
        );
        """),
    Migration(
      id: "jobs-0002",
      sql: """
        CREATE TABLE source_editions (
          source TEXT PRIMARY KEY,
          edition TEXT NOT NULL
        );
        """),
    // `keeper` is the folder that a job was read from, as an absolute path, or in whose name it was applied; null for
    // jobs from before. `job_faults` is what cannot be applied of the folders that are read.
    Migration(
      id: "jobs-0003",
      sql: """
        ALTER TABLE jobs ADD COLUMN keeper TEXT;
        ALTER TABLE jobs ADD COLUMN file TEXT;
        CREATE TABLE job_faults (
          path TEXT PRIMARY KEY,
          root TEXT NOT NULL,
          thing TEXT NOT NULL,
          name TEXT,
          problems TEXT NOT NULL,
          since_at INTEGER NOT NULL
        );
        """),
    // Each new name is looked for among the jobs that were archived.
    Migration(id: "jobs-0004", sql: "CREATE INDEX jobs_by_name ON jobs (name);"),
  ]

  package let database: Database
  let files: Files
  let agents: Agents
  let environments: Environments
  package let kinds: Kinds
  /// Where its jobs run; nil warns of nothing that will come to nothing there.
  let surroundings: Surroundings?
  let time: Time
  let randomness: Randomness
  /// The folders of jobs that this process reads, as absolute paths.
  let watched = Lock<[String]>([])
  /// The agents, environments and sources that those folders define, as `agent NAME`.
  let shared = Lock<Set<String>>([])
  private let followers = Lock<[any JobFollower]>([])
  /// Jobs as read before, by id. `written` is drawn anew with every write, so that a value from a transaction
  /// that was rolled back is never taken for a stored one.
  private let seen = Lock<[String: (written: String, job: Job)]>([:])
  /// So many jobs are remembered; a table that outgrows this starts anew.
  private static let seenLimit = 10_000

  /// - Parameter kinds: what job files may say about sources, callbacks and patterns.
  package init(
    database: Database, files: Files, agents: Agents, environments: Environments, kinds: Kinds,
    surroundings: Surroundings? = nil, time: Time = .system, randomness: Randomness = .system
  ) {
    self.database = database
    self.files = files
    self.agents = agents
    self.environments = environments
    self.kinds = kinds
    self.surroundings = surroundings
    self.time = time
    self.randomness = randomness
  }

  /// Lets whoever applies the same files know that these folders are read.
  package func watch(_ folders: [String]) {
    watched.withLock { $0 = folders.map(JobFolder.root) }
  }

  /// Has those who keep something in step with the jobs take part in every change, in this order.
  package func involve(_ followers: any JobFollower...) {
    self.followers.withLock { $0 += followers }
  }

  func changed(_ tx: Transaction, _ job: Job) throws {
    for follower in followers.withLock({ $0 }) { try follower.changed(tx, job) }
  }

  /// Those of some contents that the jobs need, by their hashes.
  package func needed(_ tx: Transaction, of hashes: Set<String>) throws -> Set<String> {
    Set(try jobs(tx).flatMap(\.files).map(\.content.sha256)).intersection(hashes)
  }

  // MARK: Jobs

  /// Every job that is not archived, by name.
  /// - Parameter archived: those that are, too.
  package func jobs(_ tx: Transaction, archived: Bool = false) throws -> [Job] {
    try tx.rows(
      "SELECT * FROM jobs \(archived ? "" : "WHERE archived_at IS NULL") ORDER BY name, id"
    ).map(job)
  }

  /// The job that a file defined under this name.
  /// - Throws: `JobsError.notFound` with the nearest name; `JobsError.notYet` when only its file is there;
  ///   `JobsError.archived`.
  package func job(_ tx: Transaction, named name: String) throws -> Job {
    if let job = try find(tx, named: name) { return job }
    if let fault = try fault(tx, ofMissing: name) {
      throw JobsError.notYet(name: name, fault: fault.sentence)
    }
    if let moment = try archived(tx, named: name)?.archivedAt {
      throw JobsError.archived(name: name, at: moment)
    }
    let names: [String] = try tx.rows(
      "SELECT name FROM jobs WHERE origin = 'file' AND archived_at IS NULL ORDER BY name"
    ).map { try $0["name"] }
    throw JobsError.notFound(kind: "job", name: name, nearest: Nearest.to(name, among: names))
  }

  /// The job that a file defined under this name, or else the latest of those that were archived.
  /// - Throws: `JobsError.notFound` with the nearest name.
  package func job(_ tx: Transaction, everNamed name: String) throws -> Job {
    if let job = try find(tx, named: name) { return job }
    return try archived(tx, named: name) ?? job(tx, named: name)
  }

  /// The latest of the jobs of this name that were archived.
  func archived(_ tx: Transaction, named name: String) throws -> Job? {
    try tx.row(
      """
      SELECT * FROM jobs WHERE name = $1 AND origin = 'file' AND archived_at IS NOT NULL
      ORDER BY archived_at DESC, id DESC LIMIT 1
      """, name
    ).map(job)
  }

  func find(_ tx: Transaction, named name: String) throws -> Job? {
    try tx.row("SELECT * FROM jobs WHERE name = $1 AND origin = 'file' AND archived_at IS NULL", name).map(
      job)
  }

  /// The job with this id, archived or not.
  /// - Throws: `JobsError.notFound`.
  package func job(_ tx: Transaction, id: String) throws -> Job {
    // What is known is looked at first: a whole row is long, and every start asks for one.
    if let known = seen.withLock({ $0[id] }),
      try tx.row("SELECT 1 FROM jobs WHERE id = $1 AND written = $2", id, known.written) != nil
    {
      return known.job
    }
    guard let row = try tx.row("SELECT * FROM jobs WHERE id = $1", id) else {
      throw JobsError.notFound(kind: "job", name: id, nearest: nil)
    }
    return try job(row)
  }

  /// The jobs with a trigger for a source's webhooks, by name. The triggers of a webhook are few; every
  /// arriving one asks for them.
  package func jobs(_ tx: Transaction, withSource source: String) throws -> [(job: Job, trigger: Trigger)] {
    try tx.rows(
      """
      SELECT j.*, s.trigger_id FROM job_sources s JOIN jobs j ON j.id = s.job_id
      WHERE s.source = $1 AND j.archived_at IS NULL ORDER BY j.name, j.id, s.trigger_id
      """, source
    ).map { row in
      let job = try job(row)
      return (job, try job.trigger(row["trigger_id"]))
    }
  }

  private func job(_ row: Row) throws -> Job {
    let id: String = try row["id"]
    let written: String = try row["written"]
    if let known = seen.withLock({ $0[id] }), known.written == written { return known.job }
    var job = Job(
      id: id, name: try row["name"], origin: Origin(rawValue: try row["origin"]) ?? .api, agent: "",
      environment: "", triggers: [], message: "", files: [], limits: Limits(), callbacks: [],
      revision: try row["revision"], createdAt: try row["created_at"], updatedAt: try row["updated_at"],
      archivedAt: try row["archived_at"])
    job.read(try row["definition"])
    job.keeper = try row["keeper"]
    job.file = try row["file"]
    seen.withLock { seen in
      if seen.count >= Jobs.seenLimit { seen.removeAll() }
      seen[id] = (written, job)
    }
    return job
  }

  // MARK: Sources

  /// - Throws: `JobsError.notFound` with the nearest name.
  package func source(_ tx: Transaction, named name: String) throws -> Source {
    guard let row = try tx.row("SELECT * FROM sources WHERE name = $1", name) else {
      let names = try sources(tx).map(\.name)
      throw JobsError.notFound(kind: "source", name: name, nearest: Nearest.to(name, among: names))
    }
    return try Source(row)
  }

  /// Drawn anew whenever the source or a job that listens to it is written, by whichever process: who keeps
  /// something made of them sees here whether it is still right. Nil before the first time.
  package func edition(_ tx: Transaction, ofSource name: String) throws -> String? {
    try tx.row("SELECT edition FROM source_editions WHERE source = $1", name)?["edition"]
  }

  func renew(_ tx: Transaction, editionOf source: String) throws {
    try tx.run(
      """
      INSERT INTO source_editions (source, edition) VALUES ($1, $2)
      ON CONFLICT (source) DO UPDATE SET edition = $2
      """, source, Hex.encode(randomness.bytes(8)))
  }

  /// By name.
  package func sources(_ tx: Transaction) throws -> [Source] {
    try tx.rows("SELECT * FROM sources ORDER BY name").map(Source.init)
  }
}

extension Source {
  init(_ row: Row) throws {
    self.init(name: try row["name"], kind: try row["kind"], settings: try row["settings"])
  }
}
