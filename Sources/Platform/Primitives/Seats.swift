/// Lets so many tasks work at one time. Others wait in line, in the order they came; when the line is full they
/// are turned away.
package final class Seats: Sendable {
  private struct State {
    var taken = 0
    var next = 0
    var line: [(ticket: Int, waiter: CheckedContinuation<Bool, Never>)] = []
  }
  private let state = Lock(State())
  private let count: Int
  private let lineLimit: Int

  /// - Parameters:
  ///   - count: how many work at one time; at least 1.
  ///   - line: how many may wait.
  package init(_ count: Int, line: Int) {
    self.count = max(1, count)
    lineLimit = line
  }

  /// How many wait.
  package var waiting: Int { state.withLock { $0.line.count } }

  /// Waits for a seat, which `leave` gives back. False when the line is full, or the task was cancelled in it:
  /// then there is no seat.
  package func take() async -> Bool {
    let ticket = state.withLock { state -> Int in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
        let answer = state.withLock { state -> Bool? in
          // Looked at under the lock: a cancellation after this finds the waiter in the line.
          if Task.isCancelled { return false }
          if state.taken < count {
            state.taken += 1
            return true
          }
          guard state.line.count < lineLimit else { return false }
          state.line.append((ticket, waiter))
          return nil
        }
        if let answer { waiter.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard let place = state.line.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return state.line.remove(at: place).waiter
      }
      waiter?.resume(returning: false)
    }
  }

  /// Gives a seat to the first in the line, or frees it.
  package func leave() {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      if state.line.isEmpty {
        state.taken -= 1
        return nil
      }
      return state.line.removeFirst().waiter
    }
    next?.resume(returning: true)
  }
}
