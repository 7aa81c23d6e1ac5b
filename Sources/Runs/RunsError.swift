/// What can be wrong with a request about runs.
package enum RunsError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case ended(id: String, state: String)
  case jobArchived(name: String)

  package var description: String {
    switch self {
    case .notFound(let id): "There is no run \(id)."
    case .ended(let id, let state): "Run \(id) has ended already: \(state)."
    case .jobArchived(let name):
      "Job \(name) is archived and starts no more runs. Apply its file again to bring it back."
    }
  }
}
