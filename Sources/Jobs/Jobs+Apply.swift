import Catalog
import JSON
import Primitives
import Reading
package import Store

/// A bundle that was found right, with the contents of its files kept: ready to be written.
struct PreparedBundle: Sendable {
  let checked: CheckedBundle
  /// By job name, in the order of the draft's files.
  let contents: [String: [JobFile]]
  let places: Places
  /// Where each job comes from, by its name: who keeps it, and in which file.
  var keepers: [String: (keeper: String, file: String?)] = [:]
}

/// Why what keeps in step with the jobs cannot follow one.
private struct JobRefusal: Error, CustomStringConvertible {
  let job: String
  let cause: any Error

  var description: String { "The job \(quoted(job)) cannot be applied: \(cause)" }
}

extension Jobs {
  /// Who keeps a job that was applied and not read from a folder, unless somebody says otherwise.
  package static let applied = "apply"

  /// Brings the server to what a bundle says. Things that are as they were stay untouched.
  /// - Parameters:
  ///   - prune: archives every job of files that the bundle does not have and that the same keeper applied, or that
  ///     nobody knows the keeper of.
  ///   - keeper: in whose name; each prunes its own only.
  ///   - folder: where the bundle was read from. If this process reads the same folder, that is its keeper.
  /// - Throws: `JobsError.invalid` with every problem, and what the stores say. Nothing has changed then.
  package func apply(
    _ bundle: Bundle, prune: Bool = false, keeper: String = Jobs.applied, folder: String? = nil
  ) async throws -> ApplyReport {
    let known = try await database.read { [self] tx in
      Names(
        agents: try agents.names(tx), environments: try environments.names(tx),
        sources: try sources(tx).map(\.name))
    }
    let checked = try bundle.checked(
      kinds: kinds, known: known, surroundings: surroundings, now: time.now())
    let watched = watched.withLock { $0 }
    let keeper = folder.flatMap { watched.contains($0) ? $0 : nil } ?? keeper
    var prepared = try await Thread.run("apply") { [self] () throws(FilesError) in
      try prepare(checked, bundle)
    }
    for draft in checked.jobs { prepared.keepers[draft.name] = (keeper, nil) }
    let precautions = checked.precautions.map { Jobs.placed($0, bundle, checked).description }
    return try await database.write { [self, prepared] tx in
      let before = try jobs(tx)
      var report = try write(tx, prepared) { index, refusal in
        // Whoever looks among many files has to know in which one.
        JobsError.invalid([prepared.places.placed(Problem(JobFolderReading.place(ofJob: index), refusal))])
      }
      report.warnings = precautions
      for job in before where prepared.keepers[job.name] != nil && job.origin == .file {
        guard let root = job.keeper, root != keeper, watched.contains(root) else { continue }
        report.warnings.append(
          "The job \(job.name) is also in the folder \(root), which the server reads: when a file changes there, it "
            + "is what that says again. Keep it in one place.")
      }
      let shared = watched.contains(keeper) ? [] : shared.withLock { $0 }
      for line in report.changes where shared.contains("\(line.thing) \(line.name)") {
        report.warnings.append(
          "The \(line.thing) \(line.name) is also in a folder that the server reads, \(watched.joined(separator: " or ")): "
            + "when a file changes there, it is what that says again, for every job. Keep it in one place, or under "
            + "another name here.")
      }
      if prune {
        for job in before where job.origin == .file && prepared.keepers[job.name] == nil {
          guard job.keeper == nil || job.keeper == keeper else { continue }
          report.add("job", job.name, try archive(tx, job), id: job.id)
        }
      }
      return report
    }
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
  func prepare(_ checked: CheckedBundle, _ bundle: Bundle) throws(FilesError) -> PreparedBundle {
    var contents: [String: [JobFile]] = [:]
    for draft in checked.jobs {
      var files: [JobFile] = []
      for (path, bytes) in draft.files {
        files.append(JobFile(path: path, content: try self.files.keep(bytes)))
      }
      contents[draft.name] = files
    }
    var prepared = PreparedBundle(checked: checked, contents: contents, places: bundle.places)
    for (index, root) in bundle.roots.enumerated() {
      guard let name = bundle.jobs[index].definition["name"]?.stringValue else { continue }
      let file = bundle.places.files.first { $0.prefix == JobFolderReading.place(ofJob: index) }
      prepared.keepers[name] = (root, file.map { PlainFile.absolute($0.name) })
    }
    return prepared
  }

  /// - Parameter refuse: what is thrown for a job that cannot be followed, by its place in the bundle.
  func write(
    _ tx: Transaction, _ bundle: PreparedBundle, refuse: (Int, String) -> any Error
  ) throws -> ApplyReport {
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
        let (job, change) = try apply(
          tx, draft, bundle.contents[draft.name] ?? [], bundle.keepers[draft.name])
        report.add("job", job.name, change, id: job.id)
      } catch let refusal as JobRefusal {
        throw refuse(index, refusal.description)
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

  private func apply(
    _ tx: Transaction, _ draft: JobDraft, _ files: [JobFile], _ keeper: (keeper: String, file: String?)?
  ) throws -> (job: Job, change: Change) {
    let now = time.now()
    // What was archived goes on when its file is back, whoever took it away: its runs and schedules are still its own.
    let before = try find(tx, named: draft.name) ?? archived(tx, named: draft.name)
    var job = Job(
      id: before?.id ?? ID.make("depl", at: now, randomness), name: draft.name,
      description: draft.description, origin: .file, agent: try agent(tx, draft.agent),
      environment: try environment(tx, draft.environment), triggers: draft.triggers,
      overlap: draft.overlap, expires: draft.expires, message: draft.message, files: files,
      repositories: draft.repositories, outcome: draft.outcome, limits: draft.limits,
      callbacks: draft.callbacks,
      rehearsal: draft.rehearsal, revision: before?.revision ?? 1, createdAt: before?.createdAt ?? now,
      updatedAt: before?.updatedAt ?? now, archivedAt: nil)
    job.keeper = keeper?.keeper ?? before?.keeper
    job.file = keeper?.file
    if let before {
      if before.archivedAt == nil, before.definition == job.definition {
        if before.keeper != job.keeper || before.file != job.file { try move(tx, job) }
        return (before, .unchanged)
      }
      job.revision += 1
      job.updatedAt = now
    }
    try write(tx, job)
    do {
      try changed(tx, job)
    } catch let error where !(error is StoreError) {
      throw JobRefusal(job: job.name, cause: error)
    }
    guard let before else { return (job, .created) }
    return (job, before.archivedAt == nil ? .updated : .restored)
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
        archived_at, keeper, file)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      ON CONFLICT (id) DO UPDATE SET agent_id = $4, definition = $5, revision = $6, written = $7,
        updated_at = $9, archived_at = $10, keeper = $11, file = $12
      """,
      job.id, job.name, job.origin.rawValue, job.agent, job.definition, job.revision,
      Hex.encode(randomness.bytes(8)), job.createdAt, job.updatedAt, job.archivedAt, job.keeper,
      job.file)
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

  /// The job stays as it is, and is kept elsewhere from now on.
  private func move(_ tx: Transaction, _ job: Job) throws {
    try tx.run(
      "UPDATE jobs SET keeper = $2, file = $3, written = $4 WHERE id = $1", job.id, job.keeper, job.file,
      Hex.encode(randomness.bytes(8)))
  }

  // MARK: Archiving

  func archive(_ tx: Transaction, _ job: Job) throws -> Change {
    var job = job
    job.archivedAt = time.now()
    job.updatedAt = time.now()
    job.revision += 1
    try write(tx, job)
    try changed(tx, job)
    return .archived
  }

  /// Archives the jobs of the API that work with an agent, as on the wire. A job of a file stays: its file still
  /// stands, and what fires it says why nothing starts.
  package func archive(_ tx: Transaction, ofAgent agent: String) throws {
    let rows = try tx.rows(
      "SELECT id FROM jobs WHERE agent_id = $1 AND origin = $2 AND archived_at IS NULL ORDER BY id", agent,
      Origin.api.rawValue)
    for row in rows { _ = try archive(tx, job(tx, id: row["id"])) }
  }
}
