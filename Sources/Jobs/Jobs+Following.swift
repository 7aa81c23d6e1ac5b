import Catalog
import Glibc
import JSON
import Primitives
import Reading
import Store

/// What bringing the server to what folders hold has done, and could not do.
package struct Following: Sendable {
  package var report = ApplyReport()
  /// Every problem, in the order of the files. What they are about is as it was.
  package var problems: [PlacedProblem] = []
  /// Jobs that were applied before and whose files are not there any more.
  package var missing: [Job] = []
  /// Jobs that go on although their files are broken.
  package var lagging: [Job] = []
  package var warnings: [PlacedProblem] = []

  package init() {}
}

/// A job that could not be written, by its place in the bundle.
private struct RefusedJob: Error {
  let index: Int
  let problem: PlacedProblem
}

extension Jobs {
  /// Brings the server to what folders of jobs hold: what is right is applied, and what is not stays as it was
  /// applied last, with the reason on record.
  /// - Parameter archiving: ids of jobs that are archived if their files are not there. Jobs that somebody applied
  ///   from elsewhere are none of these folders', and neither are those of a folder that cannot be read.
  package func follow(_ reading: JobFolderReading, archiving: Set<String> = []) async throws -> Following {
    var refused: [RefusedJob] = []
    while true {
      let stored = try await database.read { [self] tx in
        Names(
          agents: try agents.names(tx), environments: try environments.names(tx),
          sources: try sources(tx).map(\.name))
      }
      let sorted = reading.sorted(
        kinds: kinds, stored: stored, surroundings: surroundings, now: time.now(),
        refused: refused.map { ($0.index, $0.problem) })
      let prepared = try await Thread.run("apply") { [self] () throws(FilesError) in
        try prepare(sorted.checked, sorted.bundle)
      }
      do {
        return try await database.write { [self] tx in
          try follow(tx, reading, sorted, prepared, archiving: archiving)
        }
      } catch let refusal as RefusedJob where refused.count < reading.bundle.jobs.count {
        // By its place in what was read, from that in what was right of it.
        let file = prepared.places.files.first { $0.prefix == JobFolderReading.place(ofJob: refusal.index) }
        let index = reading.bundle.places.files.first { $0.name == file?.name }?.prefix.steps[1]
        guard case .index(let index)? = index else { throw JobsError.invalid([refusal.problem]) }
        refused.append(RefusedJob(index: index, problem: refusal.problem))
      }
    }
  }

  private func follow(
    _ tx: Transaction, _ reading: JobFolderReading, _ sorted: SortedReading, _ prepared: PreparedBundle,
    archiving: Set<String>
  ) throws -> Following {
    var following = Following()
    following.problems = sorted.problems
    let warnings = sorted.checked.warnings + sorted.checked.precautions
    following.warnings = (reading.warnings + warnings.map(prepared.places.placed))
      .sorted(by: PlacedProblem.isBefore)
    following.report = try write(tx, prepared) { index, refusal in
      let path = JobFolderReading.place(ofJob: index)
      return RefusedJob(index: index, problem: prepared.places.placed(Problem(path, refusal)))
    }
    let shared = Set(following.report.lines.filter { $0.thing != "job" }.map { "\($0.thing) \($0.name)" })
    tx.afterCommit { [self] in self.shared.withLock { $0 = shared } }
    let faults = faults(reading, sorted.problems)
    try keep(tx, faults, of: reading.roots)
    let applied = Set(prepared.checked.jobs.map(\.name))
    for job in try jobs(tx) where job.origin == .file && !applied.contains(job.name) {
      let isBroken = faults.contains { fault in
        fault.thing == "job"
          ? fault.name == job.name || fault.path == job.file
          : fault.thing == "folder" && job.file?.hasPrefix(fault.path + "/") == true
      }
      if isBroken {
        following.lagging.append(job)
      } else if reading.mayMiss(job) {
        if archiving.contains(job.id) {
          following.report.add("job", job.name, try archive(tx, job), id: job.id)
        } else {
          following.missing.append(job)
        }
      }
    }
    return following
  }

  /// The problems by their files.
  private func faults(_ reading: JobFolderReading, _ problems: [PlacedProblem]) -> [JobFault] {
    let now = time.now()
    var faults: [String: JobFault] = [:]
    for problem in problems {
      guard let file = problem.file else { continue }
      let path = PlainFile.absolute(file)
      let about = reading.files[file] ?? JobFolderReading.File(thing: "folder")
      faults[
        path, default: JobFault(thing: about.thing, name: about.name, path: path, problems: [], since: now)
      ].problems.append(problem.description)
    }
    for (root, absence) in reading.absent {
      let sentence: String
      switch absence {
      case .empty: sentence = "Nothing is in it, as in the place of a disk that is not mounted."
      case .unreadable(let error): sentence = error.description
      }
      faults[root] = JobFault(thing: "folder", name: nil, path: root, problems: [sentence], since: now)
    }
    return faults.values.sorted { $0.path < $1.path }
  }
}

extension JobFolderReading {
  static func place(ofJob index: Int) -> FieldPath {
    FieldPath.root.key("jobs").index(index).key("definition")
  }

  /// Whether these folders are where a job would have to be.
  fileprivate func mayMiss(_ job: Job) -> Bool {
    switch job.keeper {
    case .some(let keeper) where !keeper.hasPrefix("/"): return false
    case .some(let root) where roots.contains(root): return absent[root] == nil
    // A folder that is not read here any more, or by another server: its jobs are its own as long as it is there.
    case .some: return absent.isEmpty && job.file.map { access($0, F_OK) != 0 && errno == ENOENT } ?? true
    // What was applied before it was kept from where.
    case nil: return absent.isEmpty
    }
  }
}
