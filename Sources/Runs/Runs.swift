package import Catalog
import JSON
package import Jobs
package import Outbox
package import Primitives
package import Queue
package import Sessions
package import Store

extension ItemKind {
  /// A run's clock: the ref is `<run>:timeout` or `<run>:deadline`.
  package static let timer = ItemKind(rawValue: "timer")
}

/// Runs: started by firings, carried by sessions, ended exactly once.
///
/// `start` writes firing, run, session, first input and queue item in one transaction, the caller's own.
/// `began` and `settled` follow the session in the session's transactions. `end` stops a run from outside.
package final class Runs: Sendable {
  let jobs: Jobs
  let agents: Agents
  let environments: Environments
  package let sessions: Sessions
  let files: Files
  let queue: Queue
  let outbox: Outbox
  let time: Time
  let randomness: Randomness
  /// Whether sessions play their jobs' rehearsals instead of asking models.
  let rehearses: Bool

  package init(
    jobs: Jobs, agents: Agents, environments: Environments, sessions: Sessions, files: Files, outbox: Outbox,
    rehearses: Bool = false, time: Time = .system, randomness: Randomness = .system
  ) {
    self.jobs = jobs
    self.agents = agents
    self.environments = environments
    self.sessions = sessions
    self.files = files
    queue = sessions.queue
    self.outbox = outbox
    self.rehearses = rehearses
    self.time = time
    self.randomness = randomness
    sessions.attach(self)
  }

  /// What `start` came to.
  package struct Start: Sendable, Equatable {
    package var firing: Firing
    /// Whether the firing was there before: a repeated request or an occurrence already decided.
    package var isRepeat: Bool
  }

  /// Fires a job for an occurrence: writes the ledger row and, unless it fails to start, the run with
  /// everything that it needs to go on by itself. All in the caller's transaction.
  ///
  /// The same occurrence always answers with the same firing.
  /// - Throws: `RunsError.jobArchived`; a job that cannot start now is no error but a firing with the
  ///   decision `failed_to_start`.
  package func start(_ tx: Transaction, _ job: Job, _ occurrence: Occurrence) throws -> Start {
    if job.archivedAt != nil { throw RunsError.jobArchived(name: job.name) }
    let (firing, isNew) = try enter(tx, job, occurrence)
    guard isNew else { return Start(firing: firing, isRepeat: true) }
    let snapshot: Snapshot
    do {
      snapshot = try self.snapshot(tx, job, occurrence, firing)
    } catch let error where !(error is StoreError) {
      let reason = String(describing: error)
      return Start(
        firing: try decide(tx, firing.id, .failedToStart, reason: reason, run: nil), isRepeat: false)
    }
    let run = try begin(tx, job, firing, snapshot)
    return Start(
      firing: try decide(tx, firing.id, .started, reason: "It started \(run).", run: run), isRepeat: false)
  }

  /// Records an occurrence that starts nothing.
  @discardableResult
  package func record(
    _ tx: Transaction, _ job: Job, _ occurrence: Occurrence, _ decision: Firing.Decision, reason: String
  ) throws -> Firing {
    let (firing, isNew) = try enter(tx, job, occurrence)
    return isNew ? try decide(tx, firing.id, decision, reason: reason, run: nil) : firing
  }

  // MARK: The ledger

  /// The occurrence's row, made when it is not there yet.
  private func enter(_ tx: Transaction, _ job: Job, _ occurrence: Occurrence) throws -> (Firing, isNew: Bool)
  {
    var nominal: Timestamp?
    var receipt: String?
    var key: String?
    switch occurrence.cause {
    case .time(let time): nominal = time
    case .receipt(let id): receipt = id
    case .request(let given): key = given
    }
    let now = time.now()
    let inserted = try tx.row(
      """
      INSERT INTO firings (id, job_id, job_name, trigger_id, trigger_kind, nominal_at, receipt_id, idempotency_key,
        created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING *
      """,
      ID.make("drun", at: now, randomness), job.id, job.name, occurrence.trigger, occurrence.kind, nominal,
      receipt, key, now)
    if let inserted { return (try Firing(inserted), true) }
    let existing = try tx.row(
      """
      SELECT * FROM firings WHERE job_id = $1 AND (
        ($2 IS NOT NULL AND trigger_id = $3 AND nominal_at = $2) OR ($4 IS NOT NULL AND receipt_id = $4)
        OR ($5 IS NOT NULL AND idempotency_key = $5))
      """, job.id, nominal, occurrence.trigger, receipt, key)
    guard let existing else { throw RunsError.notFound(id: job.id) }
    return (try Firing(existing), false)
  }

  private func decide(
    _ tx: Transaction, _ id: String, _ decision: Firing.Decision, reason: String, run: String?
  ) throws -> Firing {
    let row = try tx.row(
      """
      UPDATE firings SET decision = $2, reason = $3, run_id = $4, decided_at = $5
      WHERE id = $1 AND decision IS NULL RETURNING *
      """, id, decision.rawValue, reason, run, time.now())
    guard let row else { throw RunsError.notFound(id: id) }
    return try Firing(row)
  }

  // MARK: Starting

  private func snapshot(
    _ tx: Transaction, _ job: Job, _ occurrence: Occurrence, _ firing: Firing
  ) throws -> Snapshot {
    var trigger: JSON.Object = [
      "kind": .string(occurrence.kind), "id": .string(occurrence.trigger),
      "time": .string((firing.nominalAt ?? firing.createdAt).description),
    ]
    if let receipt = firing.receipt { trigger["receipt_id"] = .string(receipt) }
    var context = trigger
    for (key, value) in occurrence.context { context[key] = value }
    let values: JSON = [
      "trigger": .object(context),
      "job": ["name": .string(job.name), "description": .string(job.description ?? "")],
      "firing": ["id": .string(firing.id), "time": trigger["time"] ?? .null],
    ]
    let message = try Template.render(job.message, context: values, randomness: randomness)
    let repositories = try job.repositories.map { try resource($0.resolved(context: values)) }
    let callbacks = try job.callbacks.map { try jobs.rendered($0, context: values) }
    let agent = try agent(tx, job.agent)
    let environment = try environment(tx, job.environment)
    // Last: a job that does not start leaves no rows of files.
    let resources = try job.files.map { file in try resource(tx, file) } + repositories
    return Snapshot(
      of: job, callbacks: callbacks, trigger: .object(trigger), agent: agent, environment: environment,
      message: message,
      resources: resources,
      rehearsal: rehearses ? job.rehearsal : nil)
  }

  /// The agent as it stands now, as a session keeps it.
  private func agent(_ tx: Transaction, _ id: String) throws -> JSON {
    let agent = try agents.agent(tx, id)
    if agent.archivedAt != nil { throw RunsError.archived(kind: "agent", name: agent.name) }
    var snapshot = agent.json.objectValue ?? [:]
    for key in ["created_at", "updated_at", "archived_at", "metadata"] { snapshot[key] = nil }
    return .object(snapshot)
  }

  private func environment(_ tx: Transaction, _ id: String) throws -> JSON {
    let environment = try environments.environment(tx, id)
    if environment.archivedAt != nil {
      throw RunsError.archived(kind: "environment", name: environment.name)
    }
    return environment.config
  }

  private func resource(_ tx: Transaction, _ file: JobFile) throws -> JSON {
    let now = time.now()
    let stored = try files.add(tx, file.content, named: file.name)
    return [
      "id": .string(ID.make("sesrsc", at: now, randomness)), "type": "file", "file_id": .string(stored.id),
      "mount_path": .string(file.path), "sha256": .string(file.content.sha256),
      "created_at": .string(now.description), "updated_at": .string(now.description),
    ]
  }

  private func begin(
    _ tx: Transaction, _ job: Job, _ firing: Firing, _ snapshot: Snapshot
  ) throws -> String {
    let now = time.now()
    let run = ID.make("run", at: now, randomness)
    let session = try sessions.create(tx, snapshot.session(job: job.id, name: job.name))
    try tx.run(
      """
      INSERT INTO runs (id, firing_id, job_id, job_name, state, snapshot, session_id, remaining, created_at)
      VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8)
      """, run, firing.id, job.id, job.name, snapshot.json, session.id, snapshot.timeout.microseconds, now)
    try tx.run(
      "INSERT INTO attempts (run_id, number, session_id, started_at) VALUES ($1, 1, $2, $3)", run, session.id,
      now)
    try sessions.append(tx, to: session.id, snapshot.inputs)
    try queue.push(tx, .timer, "\(run):deadline", due: now + snapshot.deadline)
    return run
  }
}
