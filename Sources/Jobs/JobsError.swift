package import Primitives
package import Reading
import Store

/// What can go wrong with jobs, sources and the files that define them.
package enum JobsError: Error, Equatable, CustomStringConvertible {
  /// The files or the bundle cannot be accepted; every problem with its place.
  case invalid([PlacedProblem])
  /// `kind` is `job` or `source`; `nearest` what the caller may have meant.
  case notFound(kind: String, name: String, nearest: String?)
  /// No job of this name, since the file that would define it never was right: what is wrong with it.
  case notYet(name: String, fault: String)
  /// The job of this name is archived, since its files are gone or somebody took it out.
  case archived(name: String, at: Timestamp)
  case noSuchTrigger(job: String, trigger: String, known: [String])
  /// Nothing there that could be applied.
  case nothing(path: String)
  case unreadable(path: String, reason: String)
  /// The bytes are no bundle at all.
  case notABundle(String)

  package var description: String {
    switch self {
    case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
    case .notFound(let kind, let name, let nearest):
      "There is no \(kind) \(quoted(name)).\(nearest.map { " Did you mean \(quoted($0))?" } ?? "")"
        + (ID.isShortEnd(name) && kind == "job"
          ? " If the end of an id is meant, give its last \(ID.shortestEnd) letters and digits, or more."
          : "")
    case .archived(let name, let moment):
      "The job \(quoted(name)) was archived at \(moment.inSentence); apply its file again to bring it back."
    case .notYet(let name, let fault): "There is no job \(quoted(name)) yet: \(fault)"
    case .noSuchTrigger(let job, let trigger, let known):
      "The job \(quoted(job)) has no trigger \(quoted(trigger)). "
        + (known.isEmpty ? "It has none at all." : "It has: \(known.joined(separator: ", ")).")
    case .nothing(let path):
      "\(path) holds no job: neither a job.yaml, nor folders with one. Give a job's folder, or one that has "
        + "jobs, agents/, environments/ and sources/ in it."
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)."
    case .notABundle(let reason): "This is no bundle of jobs: \(reason)"
    }
  }
}

/// A problem and the place a person can go to.
package struct PlacedProblem: Sendable, Hashable, CustomStringConvertible {
  /// The file as the person named it; nil when the bundle came as JSON.
  package var file: String?
  /// From 1.
  package var line: Int?
  /// From 1, in characters.
  package var column: Int?
  /// Inside the file or the bundle.
  package var path: FieldPath
  package var message: String

  package init(
    file: String? = nil, line: Int? = nil, column: Int? = nil, path: FieldPath = .root, _ message: String
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.message = message
  }

  /// `Jobs/daily-brief/job.yaml:4:8: agent: There is no agent "brief-writter".`
  package var description: String {
    let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(
      separator: ":")
    return [place, path.description, message].filter { !$0.isEmpty }.joined(separator: ": ")
  }
}
