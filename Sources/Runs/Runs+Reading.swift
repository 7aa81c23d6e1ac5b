import Catalog
package import Jobs
package import Primitives
import Sessions
package import Store

extension Runs {
  /// - Throws: `RunsError.notFound`.
  package func run(_ tx: Transaction, _ id: String) throws -> Run {
    guard let run = try find(tx, id) else { throw RunsError.notFound(id: id) }
    return run
  }

  func find(_ tx: Transaction, _ id: String) throws -> Run? {
    if let edit: RunEdit = tx.edited(Runs.name(of: id)) { return edit.run }
    return try tx.row("SELECT * FROM runs WHERE id = $1", id).map { try run(tx, $0) }
  }

  private static func name(of id: String) -> String { "run \(id)" }

  /// Changes a run: its row is locked, loaded once, and saved once, whoever else changes it in the same
  /// transaction.
  /// - Throws: `RunsError.notFound`.
  func edit<Result>(_ tx: Transaction, _ id: String, _ body: (RunEdit) throws -> Result) throws -> Result {
    try tx.edit(
      Runs.name(of: id),
      load: {
        let row = try tx.row("SELECT * FROM runs WHERE id = $1 \(tx.dialect.locking)", id)
        guard let row else { throw RunsError.notFound(id: id) }
        return RunEdit(tx, try run(tx, row))
      }, body)
  }

  /// Changes the run whose current attempt the session is. An earlier attempt's session has no say any more, and
  /// one without a run has none at all: nothing happens then.
  func edit(_ tx: Transaction, ofSession session: String, _ body: (RunEdit) throws -> Void) throws {
    let row = try tx.row("SELECT * FROM runs WHERE session_id = $1 \(tx.dialect.locking)", session)
    guard let run = try row.map({ try run(tx, $0) }) else { return }
    try tx.edit(Runs.name(of: run.id), load: { RunEdit(tx, run) }, body)
  }

  private func run(_ tx: Transaction, _ row: Row) throws -> Run {
    try Run(row, terms: (row["terms"] as String?).map { try terms.terms(tx, hash: $0) })
  }

  func find(_ tx: Transaction, firing id: String) throws -> Firing? {
    try tx.row("SELECT * FROM firings WHERE id = $1", id).map(Firing.init)
  }

  /// - Throws: `RunsError.notFound`.
  package func firing(_ tx: Transaction, _ id: String) throws -> Firing {
    guard let firing = try find(tx, firing: id) else { throw RunsError.notFound(id: id) }
    return firing
  }

  /// The run whose current attempt the session is.
  func run(_ tx: Transaction, ofSession session: String) throws -> Run? {
    try tx.row("SELECT id FROM runs WHERE session_id = $1", session).flatMap { try find(tx, $0["id"]) }
  }

  // A filter that is not wanted leaves the statement: “no job given, or this job” would find no index.

  /// The newest first.
  /// - Parameters:
  ///   - created: only those that were made then.
  ///   - before: only runs older than this id.
  package func runs(
    _ tx: Transaction, job: String? = nil, state: Run.State? = nil, created: TimeRange = TimeRange(),
    before: String? = nil, limit: Int
  ) throws -> [Run] {
    var conditions = Conditions()
    if let job { conditions.add("job_name = $", job) }
    if let state { conditions.add("state = $", state.rawValue) }
    // Ids sort by time, and have the index; the times themselves decide at the edges.
    if let begin = created.from ?? created.after { conditions.add("id >= $", ID.first("run", at: begin)) }
    created.add(to: &conditions, "created_at")
    if let before { conditions.add("id < $", before) }
    let most = conditions.bind(limit)
    return try tx.rows(
      "SELECT * FROM runs \(conditions.clause) ORDER BY id DESC LIMIT \(most)", values: conditions.values
    ).map { try run(tx, $0) }
  }

  /// The newest of a job's own runs: others may have had its name.
  package func lastRun(_ tx: Transaction, ofJob id: String, named name: String) throws -> Run? {
    try tx.row(
      "SELECT * FROM runs WHERE job_name = $1 AND job_id = $2 ORDER BY id DESC LIMIT 1", name, id
    ).map { try run(tx, $0) }
  }

  /// The newest first.
  /// - Parameter isHeld: only those without a decision yet.
  package func firings(
    _ tx: Transaction, job: String? = nil, decision: Firing.Decision? = nil, isHeld: Bool = false,
    before: String? = nil, limit: Int
  ) throws -> [Firing] {
    try tx.rows(
      """
      SELECT * FROM firings WHERE \(job == nil ? "$1 IS NULL" : "job_name = $1")
        AND \(isHeld ? "decision IS NULL AND $2 IS NULL" : decision == nil ? "$2 IS NULL" : "decision = $2") AND \(before == nil ? "$3 IS NULL" : "id < $3")
      ORDER BY id DESC LIMIT $4
      """, job, decision?.rawValue, before, limit
    ).map(Firing.init)
  }

  /// What was decided about a schedule's time when it came; nil when nothing was yet.
  package func firing(
    _ tx: Transaction, job: String, trigger: String, nominal: Timestamp
  ) throws -> Firing? {
    try tx.row(
      """
      SELECT * FROM firings
      WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3 AND trigger_kind = 'schedule'
      """, job, trigger, nominal
    ).map(Firing.init)
  }

  /// What was decided about a time of a job that is known by its name, by whichever of its triggers, and by earlier
  /// jobs of that name too.
  package func firings(_ tx: Transaction, of job: Job, nominal: Timestamp) throws -> [Firing] {
    try tx.rows(
      "SELECT * FROM firings WHERE job_name = $1 AND nominal_at = $2 ORDER BY id", job.name, nominal
    ).map(Firing.init).filter { try isKnown(tx, $0, as: job) }
  }

  /// Whether a firing with a job's name is one of the job's, or of an earlier one that a file defined. Jobs of the
  /// API may have the same name and nothing else in common.
  func isKnown(_ tx: Transaction, _ firing: Firing, as job: Job) throws -> Bool {
    if firing.job == job.id { return true }
    return try job.origin == .file && jobs.job(tx, id: firing.job).origin == .file
  }

  /// The firing that makes up for a schedule's time, under any of the ids that its trigger had: of several the
  /// one that did not come to nothing, or else the latest. Nil when nobody asked for that.
  package func backfill(
    _ tx: Transaction, job: String, triggers: [String], nominal: Timestamp
  ) throws -> Firing? {
    let all = try triggers.flatMap { trigger in
      try tx.rows(
        """
        SELECT * FROM firings
        WHERE job_id = $1 AND trigger_id = $2 AND nominal_at = $3 AND trigger_kind = 'backfill'
        """, job, trigger, nominal
      ).map(Firing.init)
    }
    return all.first { !$0.cameToNothing } ?? all.max { $0.id < $1.id }
  }

  /// The firings that a receipt caused, in the order of their jobs.
  package func firings(_ tx: Transaction, ofReceipt receipt: String) throws -> [Firing] {
    try tx.rows("SELECT * FROM firings WHERE receipt_id = $1 ORDER BY job_name", receipt).map(Firing.init)
  }
}
