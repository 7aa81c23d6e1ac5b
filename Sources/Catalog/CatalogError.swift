import JSON
package import Reading

/// What can go wrong with agents and environments.
package enum CatalogError: Error, Equatable, CustomStringConvertible {
  /// The body cannot be accepted.
  case invalid([Problem])
  /// `nearest` is what the caller may have meant, if anything is near.
  case notFound(kind: String, id: String, nearest: String? = nil)
  case noSuchVersion(agent: String, version: Int, latest: Int)
  /// The body's `version` is not the current one: somebody else was faster.
  case conflict(agent: String, given: Int, current: Int)
  case archived(kind: String, id: String)
  /// `config.type` of an environment is fixed.
  case configTypeChange(from: String, to: String)

  package var description: String {
    switch self {
    case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
    case .notFound(let kind, let id, let nearest):
      "There is no \(kind) \(quoted(id)).\(nearest.map { " Did you mean \(quoted($0))?" } ?? "")"
    case .noSuchVersion(let agent, let version, let latest):
      "Agent \(agent) has no version \(version); the latest is \(latest)."
    case .conflict(let agent, let given, let current):
      "Agent \(agent) is at version \(current), not \(given): it was changed in the meantime. "
        + "Read it again and repeat the update with version \(current)."
    case .archived(let kind, let id):
      "The \(kind) \(id) is archived, which is final: it can neither be changed nor used for anything new."
    case .configTypeChange(let from, let to):
      "The type of an environment cannot change from \(quoted(from)) to \(quoted(to)). "
        + "Create another environment."
    }
  }
}

extension Findings {
  /// - Throws: `CatalogError.invalid` when there is any problem.
  package func check() throws {
    if !problems.isEmpty { throw CatalogError.invalid(problems) }
  }
}

/// Who keeps a definition: the API, or files that `errand apply` sends. File ones are found by their names.
package enum Origin: String, Sendable {
  case api
  case file
}

/// What applying a definition did.
package enum Change: String, Sendable {
  case created
  case updated
  case unchanged
  case archived
  /// Was archived, and goes on as what it was.
  case restored
}
