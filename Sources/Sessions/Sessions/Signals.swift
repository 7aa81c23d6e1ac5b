import Primitives
import Store

/// Tells waiting tasks that a session changed. Carries nothing: whoever wakes reads the rows. Signals that
/// come while a listener is busy count as one.
final class Signals: Sendable {
  private struct State {
    var next = 0
    var listeners: [String: [Int: AsyncStream<Void>.Continuation]] = [:]
  }
  private let state = Lock(State())

  /// Signals of one session from now on. Ends when the caller stops iterating.
  func listen(to session: String) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { listener in
      let key = state.withLock { state -> Int in
        state.next += 1
        state.listeners[session, default: [:]][state.next] = listener
        return state.next
      }
      listener.onTermination = { [weak self] _ in
        self?.state.withLock { state in
          state.listeners[session]?[key] = nil
          if state.listeners[session]?.isEmpty == true { state.listeners[session] = nil }
        }
      }
    }
  }

  func ring(_ session: String) {
    for listener in state.withLock({ Array(($0.listeners[session] ?? [:]).values) }) { listener.yield() }
  }

  /// For changes made by another process, of which only their existence is known.
  func ringAll() {
    for listener in state.withLock({ $0.listeners.values.flatMap(\.values) }) { listener.yield() }
  }
}

extension Sessions {
  /// Passes on that another process has written, until cancelled: its changes may concern any session that is
  /// followed here.
  package func listenToOthers() async throws {
    for await _ in database.changes() { signals.ringAll() }
    try Task.checkCancellation()
  }
}
