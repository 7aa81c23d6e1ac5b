import Primitives
import Store

/// Tells waiting tasks that a session changed. Carries nothing but glimpses of what is being said: whoever
/// wakes reads the rows. Signals that come while a listener is busy count as one.
final class Signals: Sendable {
  /// The most glimpses that wait for a listener; what comes on top is lost.
  static let previewLimit = 1000

  private struct Listener {
    var wake: AsyncStream<Void>.Continuation
    /// Nil when the listener wants no glimpses.
    var previews: [Preview]?
  }

  private struct State {
    var next = 0
    var listeners: [String: [Int: Listener]] = [:]
  }
  private let state = Lock(State())

  /// Signals of one session from now on. Ends when the caller stops iterating.
  func listen(to session: String) -> AsyncStream<Void> {
    listen(to: session, previewing: false).changes
  }

  /// - Returns: the signals, and what takes the glimpses that came since it was last called.
  func listen(
    to session: String, previewing: Bool
  ) -> (changes: AsyncStream<Void>, takePreviews: @Sendable () -> [Preview]) {
    let (changes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let key = state.withLock { state -> Int in
      state.next += 1
      state.listeners[session, default: [:]][state.next] = Listener(
        wake: wake, previews: previewing ? [] : nil)
      return state.next
    }
    wake.onTermination = { [weak self] _ in
      self?.state.withLock { state in
        state.listeners[session]?[key] = nil
        if state.listeners[session]?.isEmpty == true { state.listeners[session] = nil }
      }
    }
    let take: @Sendable () -> [Preview] = { [weak self] in
      self?.state.withLock { state in
        guard let previews = state.listeners[session]?[key]?.previews, !previews.isEmpty else { return [] }
        state.listeners[session]?[key]?.previews = []
        return previews
      } ?? []
    }
    return (changes, take)
  }

  func ring(_ session: String) {
    for listener in state.withLock({ Array(($0.listeners[session] ?? [:]).values) }) { listener.wake.yield() }
  }

  /// For changes made by another process, of which only their existence is known.
  func ringAll() {
    for listener in state.withLock({ $0.listeners.values.flatMap(\.values) }) { listener.wake.yield() }
  }

  /// Whether anybody wants to see what is being said.
  func isPreviewed(_ session: String) -> Bool {
    state.withLock { $0.listeners[session]?.values.contains { $0.previews != nil } == true }
  }

  func send(_ preview: Preview, of session: String) {
    let woken = state.withLock { state -> [AsyncStream<Void>.Continuation] in
      guard let listeners = state.listeners[session] else { return [] }
      var woken: [AsyncStream<Void>.Continuation] = []
      for (key, listener) in listeners {
        guard let previews = listener.previews, previews.count < Signals.previewLimit else { continue }
        state.listeners[session]?[key]?.previews?.append(preview)
        woken.append(listener.wake)
      }
      return woken
    }
    for wake in woken { wake.yield() }
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
