import Catalog
import JSON
import Reading

/// Reads job files from folders.
///
/// A folder of jobs has a folder for each job, at any depth, with its job.yaml (or job.yml) in it, and `agents/`,
/// `environments/` and `sources/` with a YAML file for each thing; its name is the file's unless it says otherwise.
/// A single job's folder can be given too: what the job refers to is then taken from the folders beside it, or beside
/// those it lies in. What looks as if it was meant to be read, and is not, is warned of.
package enum JobFolder {
  /// - Parameters:
  ///   - path: a folder of jobs, one job's folder, or its job.yaml.
  ///   - kinds: what settings sources and callbacks may have; without them those are not looked at.
  ///   - secrets: given, every reference must lead to a secret here and now.
  ///   - surroundings: given, what will come to nothing there is among the warnings.
  /// - Throws: `JobsError`; `.invalid` tells every problem with its file, line and column.
  package static func load(
    _ path: String, kinds: Kinds? = nil, secrets: Secrets? = nil, surroundings: Surroundings? = nil
  ) throws(JobsError) -> Bundle {
    var loader = JobFolderLoader()
    try loader.load(path)
    if loader.isEmpty { throw .nothing(path: path) }
    do {
      let checked = try loader.bundle.checked(
        kinds: kinds, known: loader.known, secrets: secrets, surroundings: surroundings)
      loader.warnings += (checked.warnings + checked.precautions).map(loader.bundle.places.placed)
    } catch .invalid(let found) {
      // What could not be read is said once, by whoever tried to read it.
      let told = Set(loader.problems.map { [$0.file, $0.path.description] })
      loader.problems += found.filter { !told.contains([$0.file, $0.path.description]) }
    }
    guard loader.problems.isEmpty else { throw .invalid(loader.problems.sorted(by: PlacedProblem.isBefore)) }
    var bundle = loader.bundle
    bundle.warnings = loader.warnings.sorted(by: PlacedProblem.isBefore)
    return bundle
  }

  /// How a folder is known, whatever the working directory: as an absolute path.
  package static func root(of path: String) -> String {
    JobFolderLoader().place(path).root
  }

  /// Reads several folders as far as they can be read; what they define is one whole, in which a name stands once.
  package static func read(_ paths: [String]) -> JobFolderReading {
    var loader = JobFolderLoader()
    var reading = JobFolderReading()
    for path in paths {
      let root = root(of: path)
      reading.roots.append(root)
      do {
        try loader.load(path)
        if (try? PlainFile.names(in: path))?.isEmpty == true { reading.absent[root] = .empty }
      } catch {
        reading.absent[root] = .unreadable(error)
      }
    }
    reading.bundle = loader.bundle
    reading.known = loader.known
    reading.problems = loader.problems
    reading.warnings = loader.warnings.sorted(by: PlacedProblem.isBefore)
    reading.files = loader.files
    return reading
  }
}

/// What was found in folders of jobs, right or not.
package struct JobFolderReading: Sendable {
  /// Why nothing can be said of a folder.
  package enum Absence: Sendable, Equatable {
    /// Nothing is in it, as in the place of a disk that is not mounted.
    case empty
    case unreadable(JobsError)
  }

  /// What a file, or a folder, is about.
  struct File: Sendable {
    /// `job`, `agent`, `environment`, `source`; `folder` for one that may hold anything.
    var thing: String
    /// As the file says, or as its place does; nil for a folder.
    var name: String?
  }

  /// The folders, as absolute paths.
  package internal(set) var roots: [String] = []
  package internal(set) var absent: [String: Absence] = [:]
  package internal(set) var bundle = Bundle()
  /// What could not be read.
  package internal(set) var problems: [PlacedProblem] = []
  package internal(set) var warnings: [PlacedProblem] = []
  /// Whether there is nothing at all, be it right or wrong.
  package var isEmpty: Bool {
    bundle.jobs.isEmpty && bundle.agents.isEmpty && bundle.environments.isEmpty && bundle.sources.isEmpty
      && problems.isEmpty && absent.isEmpty
  }
  var known = Names()
  /// By the files' paths, as the problems name them.
  var files: [String: File] = [:]
}

extension PlacedProblem {
  static func isBefore(_ left: PlacedProblem, _ right: PlacedProblem) -> Bool {
    (left.file ?? "", left.line ?? 0, left.column ?? 0) < (
      right.file ?? "", right.line ?? 0, right.column ?? 0
    )
  }
}
