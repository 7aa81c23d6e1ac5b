/// One thing that is wrong with a value somebody wrote, and where.
package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the problem is about, so that a reader of text can point at it.
  package enum Aim: Hashable, Sendable {
    /// The value at the path.
    case value
    /// The key under which it stands: it should not be there.
    case key
    /// A character of the text at the path, counted from 0.
    case character(Int)
  }

  package var path: FieldPath
  package var aim: Aim
  /// One or more sentences for the author; they do not repeat the place.
  package var message: String
  /// The stable name of the cause, where the wire has one.
  package var code: String?

  package init(_ path: FieldPath, _ message: String, aim: Aim = .value, code: String? = nil) {
    self.path = path
    self.message = message
    self.aim = aim
    self.code = code
  }

  /// `limits.attempts: Expected a whole number from 1 to 10, found "three".`
  package var description: String {
    path.steps.isEmpty ? message : "\(path): \(message)"
  }
}

/// The problems met while a value is read, so that its author hears of all at once.
package final class Findings {
  /// So many are told at most; whoever has more wrote another kind of file.
  package static let limit = 50

  package private(set) var problems: [Problem] = []
  /// What is most likely a mistake, but need not be one.
  package private(set) var warnings: [Problem] = []

  package init() {}

  package func add(_ problem: Problem) {
    if problems.count < Findings.limit { problems.append(problem) }
  }

  package func warn(_ problem: Problem) {
    if warnings.count < Findings.limit { warnings.append(problem) }
  }

  package func add(_ path: FieldPath, _ message: String) {
    add(Problem(path, message))
  }
}
