import Catalog
import JSON
import Primitives
import Store

/// A bundle that was found right, with the contents of its files kept: ready to be written.
struct PreparedBundle: Sendable {
  let checked: CheckedBundle
  /// By job name, in the order of the draft's files.
  let contents: [String: [JobFile]]
  let places: Places
}

/// Why what keeps in step with the jobs cannot follow one.
private struct JobRefusal: Error, CustomStringConvertible {
  let job: String
  let cause: any Error

  var description: String { "The job \(quoted(job)) cannot be applied: \(cause)" }
}

extension Jobs {
  /// Brings the server to what a bundle says. Things that are as they were stay untouched.
  /// - Parameter prune: archives every job of files that the bundle does not have.
  /// - Throws: `JobsError.invalid` with every problem, and what the stores say. Nothing has changed then.
  package func apply(_ bundle: Bundle, prune: Bool = false) async throws -> ApplyReport {
    let known = try await database.read { [self] tx in
      Names(
        agents: try agents.names(tx), environments: try environments.names(tx),
        sources: try sources(tx).map(\.name))
    }
    let checked = try bundle.checked(
      kinds: kinds, known: known, surroundings: surroundings, now: time.now())
    let prepared = try await Thread.run("apply") { [self] () throws(FilesError) in
      try prepare(checked, bundle.places)
    }
    var report = try await database.write { [self] tx in try apply(tx, prepared, prune: prune) }
    report.warnings = checked.precautions.map { Jobs.placed($0, bundle, checked) }
    return report
  }

  /// Whoever sent the bundle as JSON knows its things by their names.
  private static func placed(
    _ problem: Problem, _ bundle: Bundle, _ checked: CheckedBundle
  ) -> PlacedProblem {
    let placed = bundle.places.placed(problem)
    let steps = problem.path.steps
    guard placed.file == nil, steps.count > 1, case .key(let list) = steps[0],
      case .index(let index) = steps[1]
    else { return placed }
    switch list {
    case "jobs" where checked.jobs.indices.contains(index):
      return PlacedProblem(
        file: "job \(checked.jobs[index].name)", path: FieldPath(Array(steps.dropFirst(3))), problem.message)
    case "sources" where checked.sources.indices.contains(index):
      return PlacedProblem(
        file: "source \(checked.sources[index].name)", path: FieldPath(Array(steps.dropFirst(2))),
        problem.message)
    default: return placed
    }
  }

  /// Keeps the contents of a bundle's files, which must be on the disk before rows name them.
  private func prepare(_ checked: CheckedBundle, _ places: Places) throws(FilesError) -> PreparedBundle {
    var contents: [String: [JobFile]] = [:]
    for draft in checked.jobs {
      var files: [JobFile] = []
      for (path, bytes) in draft.files {
        files.append(JobFile(path: path, content: try self.files.keep(bytes)))
      }
      contents[draft.name] = files
    }
    return PreparedBundle(checked: checked, contents: contents, places: places)
  }

  private func apply(_ tx: Transaction, _ bundle: PreparedBundle, prune: Bool) throws -> ApplyReport {
    var report = ApplyReport()
    for definition in bundle.checked.agents {
      let (agent, change) = try agents.apply(tx, definition)
      report.add("agent", agent.name, change, id: agent.id, version: agent.version)
    }
    for definition in bundle.checked.environments {
      let (environment, change) = try environments.apply(tx, definition)
      report.add("environment", environment.name, change, id: environment.id)
    }
    for source in bundle.checked.sources {
      report.add("source", source.name, try apply(tx, source))
    }
    for (index, draft) in bundle.checked.jobs.enumerated() {
      do {
        let (job, change) = try apply(tx, draft, bundle.contents[draft.name] ?? [])
        report.add("job", job.name, change, id: job.id)
      } catch let refusal as JobRefusal {
        // Whoever looks among many files has to know in which one.
        let path = FieldPath.root.key("jobs").index(index).key("definition")
        throw JobsError.invalid([bundle.places.placed(Problem(path, refusal.description))])
      }
    }
    if prune {
      let kept = Set(bundle.checked.jobs.map(\.name))
      for job in try jobs(tx) where job.origin == .file && !kept.contains(job.name) {
        report.add("job", job.name, try archive(tx, job), id: job.id)
      }
    }
    return report
  }

  // MARK: One thing

  private func apply(_ tx: Transaction, _ source: Source) throws -> Change {
    let now = time.now()
    if let row = try tx.row("SELECT * FROM sources WHERE name = $1", source.name) {
      if try Source(row) == source { return .unchanged }
      try renew(tx, editionOf: source.name)
      try tx.run(
        "UPDATE sources SET kind = $2, settings = $3, updated_at = $4 WHERE name = $1", source.name,
        source.kind, source.settings, now)
      return .updated
    }
    try renew(tx, editionOf: source.name)
    try tx.run(
      "INSERT INTO sources (name, kind, settings, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
      source.name, source.kind, source.settings, now)
    return .created
  }

  private func apply(_ tx: Transaction, _ draft: JobDraft, _ files: [JobFile]) throws -> (
    job: Job, change: Change
  ) {
    let now = time.now()
    let before = try find(tx, named: draft.name)
    var job = Job(
      id: before?.id ?? ID.make("depl", at: now, randomness), name: draft.name,
      description: draft.description, origin: .file, agent: try agent(tx, draft.agent),
      environment: try environment(tx, draft.environment), triggers: draft.triggers,
      overlap: draft.overlap, expires: draft.expires, message: draft.message, files: files,
      repositories: draft.repositories, outcome: draft.outcome, limits: draft.limits,
      callbacks: draft.callbacks,
      rehearsal: draft.rehearsal, revision: before?.revision ?? 1, createdAt: before?.createdAt ?? now,
      updatedAt: before?.updatedAt ?? now, archivedAt: nil)
    if let before {
      if before.definition == job.definition { return (before, .unchanged) }
      job.revision += 1
      job.updatedAt = now
    }
    try write(tx, job)
    do {
      try changed(tx, job)
    } catch let error where !(error is StoreError) {
      throw JobRefusal(job: job.name, cause: error)
    }
    return (job, before == nil ? .created : .updated)
  }

  /// The id behind a name, or behind an id after a look at it.
  private func agent(_ tx: Transaction, _ reference: String) throws -> String {
    guard reference.hasPrefix("agent_"), !(try agents.names(tx).contains(reference)) else {
      return try agents.agent(tx, named: reference).id
    }
    let agent = try agents.agent(tx, reference)
    if agent.archivedAt != nil { throw CatalogError.archived(kind: "agent", id: reference) }
    return agent.id
  }

  private func environment(_ tx: Transaction, _ reference: String) throws -> String {
    guard reference.hasPrefix("env_"), !(try environments.names(tx).contains(reference)) else {
      return try environments.environment(tx, named: reference).id
    }
    let environment = try environments.environment(tx, reference)
    if environment.archivedAt != nil { throw CatalogError.archived(kind: "environment", id: reference) }
    return environment.id
  }

  private func write(_ tx: Transaction, _ job: Job) throws {
    try tx.run(
      """
      INSERT INTO jobs (id, name, origin, agent_id, definition, revision, written, created_at, updated_at,
        archived_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      ON CONFLICT (id) DO UPDATE SET agent_id = $4, definition = $5, revision = $6, written = $7,
        updated_at = $9, archived_at = $10
      """,
      job.id, job.name, job.origin.rawValue, job.agent, job.definition, job.revision,
      Hex.encode(randomness.bytes(8)), job.createdAt, job.updatedAt, job.archivedAt)
    let before: [String] = try tx.rows(
      "DELETE FROM job_sources WHERE job_id = $1 RETURNING source", job.id
    ).map { try $0["source"] }
    for source in Set(before) { try renew(tx, editionOf: source) }
    for trigger in job.triggers {
      guard case .webhook(let source) = trigger.kind else { continue }
      try renew(tx, editionOf: source)
      try tx.run(
        "INSERT INTO job_sources (source, job_id, trigger_id) VALUES ($1, $2, $3)", source, job.id, trigger.id
      )
    }
  }

  // MARK: Archiving

  private func archive(_ tx: Transaction, _ job: Job) throws -> Change {
    var job = job
    job.archivedAt = time.now()
    job.updatedAt = time.now()
    job.revision += 1
    try write(tx, job)
    try changed(tx, job)
    return .archived
  }

  func archive(_ tx: Transaction, ofAgent agent: String) throws {
    let rows = try tx.rows(
      "SELECT id FROM jobs WHERE agent_id = $1 AND origin = $2 AND archived_at IS NULL ORDER BY id", agent,
      Origin.api.rawValue)
    for row in rows { _ = try archive(tx, job(tx, id: row["id"])) }
  }
}
