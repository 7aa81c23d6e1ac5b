/// Wakes one waiting task before its time. Rings that come while it is busy count as one.
package final class Bell: Sendable {
  private enum State {
    case quiet
    case rung
    case waiting(CheckedContinuation<Void, Never>)
  }
  private let state = Lock(State.quiet)

  package init() {}

  package func ring() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if case .waiting(let waiter) = state {
        state = .quiet
        return waiter
      }
      state = .rung
      return nil
    }
    waiter?.resume()
  }

  /// Returns at the next ring, or after the duration. For one task at a time. Throws `CancellationError`.
  package func wait(upTo duration: Duration, _ time: Time) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await time.sleep(duration) }
      group.addTask { await self.rung() }
      defer { group.cancelAll() }
      try await group.next()
    }
    try Task.checkCancellation()
  }

  /// Returns at the next ring, or when the task is cancelled.
  private func rung() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isOver = state.withLock { state -> Bool in
          if case .rung = state {
            state = .quiet
            return true
          }
          // Looked at under the lock: a cancellation after this finds the waiter and resumes it.
          if Task.isCancelled { return true }
          state = .waiting(waiter)
          return false
        }
        if isOver { waiter.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard case .waiting(let waiter) = state else { return nil }
        state = .quiet
        return waiter
      }
      waiter?.resume()
    }
  }
}
