import Reading

/// What can be wrong with a request about a session.
package enum SessionError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case noThread(id: String, session: String)
  case noResource(id: String, session: String)
  /// The session takes no input any more.
  case closed(id: String, reason: String)
  case archived(id: String)
  case invalidInput(place: String, problem: String)
  /// More is queued than anybody will answer soon.
  case queueFull(id: String, limit: Int)
  /// A second outcome while one is being worked on.
  case outcomeActive(id: String)
  case running(id: String, action: String)
  /// The idempotency key came with other events before.
  case keyUsed(id: String, key: String)
  /// A message while the agent waits for answers to these tool uses.
  case awaitsAnswers(id: String, events: [String])

  package var description: String {
    switch self {
    case .notFound(let id): "There is no session \(id)."
    case .noThread(let id, let session): "The session \(session) has no thread \(id)."
    case .noResource(let id, let session): "The session \(session) has no resource \(id)."
    case .closed(let id, let reason): "Session \(id) takes no more input: \(reason)."
    case .archived(let id): "Session \(id) is archived, which is final: it cannot be changed."
    case .invalidInput(let place, let problem): "\(place): \(problem)"
    case .queueFull(let id, let limit):
      "Session \(id) has \(limit) messages waiting for the agent, which is the most. Wait until it has taken some, "
        + "or interrupt it."
    case .outcomeActive(let id):
      "Session \(id) is still working on an outcome. Wait until it is decided, or interrupt it, "
        + "before defining the next."
    case .running(let id, let action):
      "Session \(id) is running; it can't be \(action) now. Interrupt it first."
    case .keyUsed(let id, let key):
      "Idempotency-Key: The key \(quoted(key)) came with other events for session \(id) before. Take a new one for "
        + "each request."
    case .awaitsAnswers(let id, let events):
      "Session \(id) waits for answers to \(events.joined(separator: ", ")). Answer them, or send a "
        + "user.interrupt, before the next message."
    }
  }
}
