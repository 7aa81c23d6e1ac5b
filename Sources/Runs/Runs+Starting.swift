import Catalog
import JSON
import Jobs
import Primitives
import Queue
import Sessions
import Store

// The start of a run: a copy of all it needs, its session with the first input, its clocks.
extension Runs {
  /// Starts the firing's run, or decides why there can be none.
  /// - Parameter line: where the run takes its turn.
  func launch(_ tx: Transaction, _ fire: Fire, line: String?, after wait: String = "") throws -> Firing {
    if let reason = try usedUp(tx, fire) { return try decide(tx, fire, .skipped, reason: reason) }
    let snapshot: Snapshot
    do {
      snapshot = try self.snapshot(tx, fire)
    } catch let error where !(error is StoreError) {
      return try decide(tx, fire, .failedToStart, reason: String(describing: error))
    }
    let run = ID.make("run", at: time.now(), randomness)
    let decided = try decide(tx, fire, .started, reason: "\(wait)It started \(run).", run: run)
    try begin(tx, run, fire, snapshot, line: line)
    try countStart(tx, fire)
    return decided
  }

  /// What fired, without what came with it.
  private func trigger(_ fire: Fire) -> JSON.Object {
    var trigger: JSON.Object = [
      "kind": .string(fire.occurrence.kind), "id": .string(fire.occurrence.trigger),
      "time": .string((fire.firing.nominalAt ?? fire.firing.createdAt).description),
      "actor": fire.occurrence.actor.json,
    ]
    if let receipt = fire.firing.receipt { trigger["receipt_id"] = .string(receipt) }
    return trigger
  }

  /// What a template sees, except for the last results.
  func context(_ fire: Fire) -> JSON.Object {
    let trigger = trigger(fire)
    var all = trigger
    for (key, value) in fire.occurrence.context { all[key] = value }
    return [
      "trigger": .object(all),
      "job": ["name": .string(fire.job.name), "description": .string(fire.job.description ?? "")],
      "firing": ["id": .string(fire.firing.id), "time": trigger["time"] ?? .null],
    ]
  }

  /// The prompt for a firing.
  func message(_ tx: Transaction, _ fire: Fire) throws -> String {
    // Without a tag there is nothing to render.
    if !fire.job.message.utf8.contains(UInt8(ascii: "{")) { return fire.job.message }
    var context = context(fire)
    // Most prompts don't ask, and looking costs.
    if fire.job.message.contains("last") { context["last"] = try lastResults(tx, of: fire.job.id) }
    return try Template.render(fire.job.message, context: .object(context), randomness: randomness)
  }

  private func snapshot(_ tx: Transaction, _ fire: Fire) throws -> Snapshot {
    let job = fire.job
    let message = try message(tx, fire)
    let values: JSON =
      job.repositories.isEmpty && job.callbacks.isEmpty ? .null : .object(context(fire))
    let repositories = try job.repositories.map { try resource($0.resolved(context: values)) }
    let callbacks = try job.callbacks.map { try jobs.rendered($0, context: values) }
    let agent = try agent(tx, job.agent)
    let environment = try environment(tx, job.environment)
    let terms = terms.terms(job, agent, environment)
    // Last: a job that does not start leaves no rows of files.
    let resources = try job.files.map { file in try resource(tx, file) } + repositories
    return Snapshot(
      terms: terms, trigger: .object(trigger(fire)), message: message, resources: resources,
      callbacks: callbacks, expiresAt: fire.expiresAt)
  }

  /// The agent as it stands now.
  private func agent(_ tx: Transaction, _ id: String) throws -> Agent {
    let agent = try agents.agent(tx, id)
    if agent.archivedAt != nil { throw RunsError.archived(kind: "agent", name: agent.name) }
    return agent
  }

  private func environment(_ tx: Transaction, _ id: String) throws -> Environment {
    let environment = try environments.environment(tx, id)
    if environment.archivedAt != nil {
      throw RunsError.archived(kind: "environment", name: environment.name)
    }
    return environment
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
    _ tx: Transaction, _ run: String, _ fire: Fire, _ snapshot: Snapshot, line: String?
  ) throws {
    let (now, job) = (time.now(), fire.job)
    let session = try sessions.create(
      tx, snapshot.session(job: job.id, name: job.name), inputs: snapshot.inputs)
    try terms.store(tx, snapshot.terms)
    try tx.run(
      """
      INSERT INTO runs (id, firing_id, job_id, job_name, state, terms, snapshot, session_id, line, remaining,
        created_at)
      VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10)
      """, run, fire.firing.id, job.id, job.name, snapshot.terms.hash, snapshot.json, session.id, line,
      snapshot.terms.timeout.microseconds, now)
    try queue.push(tx, .timer, "\(run):deadline", due: now + snapshot.terms.deadline)
    if let expiresAt = snapshot.expiresAt { try queue.push(tx, .timer, "\(run):expiry", due: expiresAt) }
  }
}
