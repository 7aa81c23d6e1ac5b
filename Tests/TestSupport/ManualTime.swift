package import Primitives

/// A clock that a test advances. `sleep` returns when `advance` has passed its end.
package final class ManualTime: Sendable {
  private struct Sleeper {
    let end: Timestamp
    let wake: CheckedContinuation<Void, any Error>
  }
  private struct State {
    var now: Timestamp
    /// Elapsed time, which `step` does not move.
    var elapsed: Timestamp
    var sleepers: [Int: Sleeper] = [:]
    var cancelled: Set<Int> = []
    var next = 0
    var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
  }
  private let state: Lock<State>

  package init(_ now: Timestamp) {
    state = Lock(State(now: now, elapsed: now))
  }

  package var now: Timestamp { state.withLock { $0.now } }

  package var time: Time {
    Time(
      now: { self.now }, sleep: { try await self.sleep($0) },
      elapsed: { .microseconds(self.state.withLock { $0.elapsed.microseconds }) })
  }

  /// When the sleeper that wakes first will; nil when nobody sleeps. Counts elapsed time.
  package var nextEnd: Timestamp? { state.withLock { $0.sleepers.values.map(\.end).min() } }

  /// Moves the wall clock without any time passing, as an operator or a time server does.
  package func step(by duration: Duration) {
    state.withLock { $0.now = $0.now + duration }
  }

  /// Lets time pass: both clocks move, and sleepers whose end has come wake.
  package func advance(by duration: Duration) {
    let woken = state.withLock { state -> [Sleeper] in
      state.now = state.now + duration
      state.elapsed = state.elapsed + duration
      let due = state.sleepers.filter { $0.value.end <= state.elapsed }
      for key in due.keys { state.sleepers[key] = nil }
      return due.values.sorted { $0.end < $1.end }
    }
    for sleeper in woken { sleeper.wake.resume() }
  }

  /// Waits until at least `count` tasks sleep, so that an advance cannot come too early.
  package func sleepers(_ count: Int) async {
    await withCheckedContinuation { wake in
      let enough = state.withLock { state -> Bool in
        if state.sleepers.count >= count { return true }
        state.watchers.append((count, wake))
        return false
      }
      if enough { wake.resume() }
    }
  }

  private func sleep(_ duration: Duration) async throws {
    try Task.checkCancellation()
    guard duration > .zero else { return }
    let key = state.withLock { state -> Int in
      state.next += 1
      return state.next
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
        let (gone, watchers) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
          if state.cancelled.remove(key) != nil { return (true, []) }
          state.sleepers[key] = Sleeper(end: state.elapsed + duration, wake: wake)
          let ready = state.watchers.filter { $0.count <= state.sleepers.count }.map(\.wake)
          state.watchers.removeAll { $0.count <= state.sleepers.count }
          return (false, ready)
        }
        if gone { wake.resume(throwing: CancellationError()) }
        for watcher in watchers { watcher.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        if let sleeper = state.sleepers.removeValue(forKey: key) { return sleeper }
        state.cancelled.insert(key)
        return nil
      }
      sleeper?.wake.resume(throwing: CancellationError())
    }
  }
}
