import Primitives

/// A value that comes once and that any number of tasks wait for.
package final class Latch<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
    /// Cancelled before they waited.
    var cancelled: Set<Int> = []
    var next = 0
  }
  private let state = Lock(State())

  package init() {}

  package var value: Value? { state.withLock { $0.value } }

  /// The first value stays.
  package func set(_ value: Value) {
    let waiting = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
      guard state.value == nil else { return [] }
      state.value = value
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for waiter in waiting { waiter.resume(returning: value) }
  }

  /// Throws `CancellationError`.
  package func wait() async throws -> Value {
    let key = state.withLock { state in
      state.next += 1
      return state.next
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Value, any Error>) in
        state.withLock { state in
          if let value = state.value {
            waiter.resume(returning: value)
          } else if state.cancelled.remove(key) != nil {
            waiter.resume(throwing: CancellationError())
          } else {
            state.waiting[key] = waiter
          }
        }
      }
    } onCancel: {
      state.withLock { state in
        if let waiter = state.waiting.removeValue(forKey: key) {
          waiter.resume(throwing: CancellationError())
        } else if state.value == nil {
          state.cancelled.insert(key)
        }
      }
    }
  }

  /// Nil when the time ran out first.
  package func wait(atMost limit: Duration) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await self.wait() }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }
}
