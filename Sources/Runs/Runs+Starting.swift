import Catalog
import JSON
package import Jobs
import Primitives
import Queue
import Sessions
package import Store

// The start of a run: a copy of all it needs, its session with the first input, its clocks.
extension Runs {
  /// Starts the firing's run, or decides why there can be none.
  /// - Parameters:
  ///   - line: where the run takes its turn.
  ///   - wait: how long it has waited, in whole seconds.
  func launch(
    _ tx: Transaction, _ fire: Fire, line: String?, after wait: Duration = .zero
  ) throws -> Firing {
    if let reason = try usedUp(tx, fire) { return try decide(tx, fire, .skipped, reason: reason) }
    let snapshot: Snapshot
    do {
      snapshot = try self.snapshot(tx, fire)
    } catch let error where !(error is StoreError) {
      return try decide(tx, fire, .failedToStart, reason: String(describing: error))
    }
    let run = ID.make("run", at: time.now(), randomness)
    let begun =
      wait > .zero ? "After \(DurationText.text(wait)) of waiting it started \(run)." : "It started \(run)."
    let decided = try decide(tx, fire, .started, reason: begun, run: run)
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
  /// - Parameter showsCredentials: whether it is for a setting that is a credential itself.
  func context(_ tx: Transaction, _ fire: Fire, showsCredentials: Bool = false) throws -> JSON.Object {
    let trigger = trigger(fire)
    let moment = fire.firing.nominalAt ?? fire.firing.createdAt
    var all = trigger.merging(fire.job.clock(at: moment, trigger: fire.occurrence.trigger))
    for (key, value) in fire.occurrence.context { all[key] = value }
    // Kept apart from the body by the source's kind, see `CredentialField`.
    let credentials = all[Occurrence.credentials]?.objectValue
    all[Occurrence.credentials] = nil
    if let credentials, showsCredentials {
      all["body"] = .object((all["body"]?.objectValue ?? [:]).merging(credentials))
    }
    return [
      "trigger": .object(all),
      "job": ["name": .string(fire.job.name), "description": .string(fire.job.description ?? "")],
      "firing": ["id": .string(fire.firing.id), "time": trigger["time"] ?? .null],
      "previous": fire.job.previous(try previous(tx, fire, moment), trigger: fire.occurrence.trigger),
    ]
  }

  /// The time before this one: that of the schedule, or where there is none, when the job last started a run.
  private func previous(_ tx: Transaction, _ fire: Fire, _ moment: Timestamp) throws -> Timestamp? {
    guard fire.job.mentionsPrevious else { return nil }
    if fire.job.hasSchedule {
      return fire.job.scheduledTime(before: moment, trigger: fire.occurrence.trigger)
    }
    return try tx.row(
      """
      SELECT created_at FROM firings WHERE job_name = $1 AND id < $2 AND job_id = $3
        AND decision IN ('started', 'joined') ORDER BY id DESC LIMIT 1
      """, fire.job.name, fire.firing.id, fire.job.id
    ).map { try $0["created_at"] }
  }

  /// The prompt for a firing.
  func message(_ tx: Transaction, _ fire: Fire) throws -> String {
    // Without a tag there is nothing to render.
    if !fire.job.message.utf8.contains(UInt8(ascii: "{")) { return fire.job.message }
    var context = try context(tx, fire)
    // Most prompts don't ask, and looking costs.
    if fire.job.message.contains("last") { context["last"] = try lastResults(tx, of: fire.job.id) }
    return try Template.render(fire.job.message, context: .object(context), randomness: randomness).text
  }

  private func snapshot(_ tx: Transaction, _ fire: Fire) throws -> Snapshot {
    let job = fire.job
    let message = try message(tx, fire)
    let values: JSON =
      job.repositories.isEmpty && job.callbacks.isEmpty ? .null : .object(try context(tx, fire))
    let repositories = try job.repositories.map { try resource($0.resolved(context: values)) }
    let destinations = try job.callbacks.map { callback in
      try jobs.destination(
        callback, context: values, credentials: .object(context(tx, fire, showsCredentials: true)))
    }
    let terms =
      try terms.known(tx, of: job) ?? terms.terms(tx, job, agent(tx, of: job), environment(tx, of: job))
    let resources = job.files.map(resource) + repositories
    return Snapshot(
      terms: terms, trigger: .object(trigger(fire)), message: message, resources: resources,
      destinations: destinations, expiresAt: fire.expiresAt)
  }

  /// What keeps a job from starting anything whatever fires it; nil when nothing does.
  package func obstacle(_ tx: Transaction, to job: Job) throws -> RunsError? {
    do {
      _ = try agent(tx, of: job)
      _ = try environment(tx, of: job)
      return nil
    } catch let error as RunsError {
      return error
    }
  }

  private func agent(_ tx: Transaction, of job: Job) throws -> Agent {
    do {
      let agent = try agents.agent(tx, job.agent)
      if agent.archivedAt == nil { return agent }
      throw RunsError.archived(kind: "agent", name: agent.name, job: job.name)
    } catch CatalogError.notFound {
      throw RunsError.gone(kind: "agent", id: job.agent, job: job.name)
    }
  }

  private func environment(_ tx: Transaction, of job: Job) throws -> Environment {
    do {
      let environment = try environments.environment(tx, job.environment)
      if environment.archivedAt == nil { return environment }
      throw RunsError.archived(kind: "environment", name: environment.name, job: job.name)
    } catch CatalogError.notFound {
      throw RunsError.gone(kind: "environment", id: job.environment, job: job.name)
    }
  }

  private func resource(_ file: JobFile) -> JSON {
    let now = time.now()
    return [
      "id": .string(ID.make("sesrsc", at: now, randomness)), "type": "file",
      "mount_path": .string(file.path), "name": .string(file.name), "sha256": .string(file.content.sha256),
      "size_bytes": .integer(file.content.size), "created_at": .string(now.description),
      "updated_at": .string(now.description),
    ]
  }

  /// The session of one attempt, with copies of the job's files that are its own: they stay as long as it does,
  /// whatever becomes of the job.
  func session(_ tx: Transaction, of snapshot: Snapshot, job: String, name: String) throws -> Session {
    var new = snapshot.session(job: job, name: name)
    let id = ID.make("sesn", at: time.now(), randomness)
    new.id = id
    new.resources = try new.resources.map { resource in
      guard var own = resource.objectValue, let hash = own["sha256"]?.stringValue,
        let size = own["size_bytes"]?.integerValue
      else { return resource }
      let copy = try files.add(
        tx, Content(sha256: hash, size: size), named: own["name"]?.stringValue ?? hash, mountedIn: id)
      own["file_id"] = .string(copy.id)
      for key in ["name", "size_bytes"] { own[key] = nil }
      return .object(own)
    }
    return try sessions.create(tx, new, inputs: snapshot.inputs)
  }

  private func begin(
    _ tx: Transaction, _ run: String, _ fire: Fire, _ snapshot: Snapshot, line: String?
  ) throws {
    let (now, job) = (time.now(), fire.job)
    let session = try session(tx, of: snapshot, job: job.id, name: job.name)
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
