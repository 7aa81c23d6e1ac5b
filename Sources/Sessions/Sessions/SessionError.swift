/// What can be wrong with a request about a session.
package enum SessionError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  /// The session takes no input any more.
  case closed(id: String, reason: String)
  case invalidInput(place: String, problem: String)
  /// A second outcome while one is being worked on.
  case outcomeActive(id: String)
  case running(id: String, action: String)

  package var description: String {
    switch self {
    case .notFound(let id): "There is no session \(id)."
    case .closed(let id, let reason):
      "Session \(id) takes no more input: \(reason)\(reason.hasSuffix(".") ? "" : ".")"
    case .invalidInput(let place, let problem): "\(place): \(problem)"
    case .outcomeActive(let id):
      "Session \(id) is still working on an outcome. Wait until it is decided, or interrupt it, "
        + "before defining the next."
    case .running(let id, let action):
      "Session \(id) is running; it can't be \(action) now. Interrupt it first."
    }
  }
}
