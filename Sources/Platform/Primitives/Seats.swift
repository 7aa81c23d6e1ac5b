/// Lets so many tasks work at one time. Others wait in line, from which the owner with the fewest seats is served
/// first, and each owner's in the order they came; when the line is full they are turned away.
package final class Seats: Sendable {
  /// Who several tasks belong to: an object that lives as long as they do. All without one count as one owner.
  package typealias Owner = ObjectIdentifier

  private struct State {
    /// By owner; those without any are left out.
    var taken: [Owner?: Int] = [:]
    var total = 0
    var next = 0
    var line: [(ticket: Int, owner: Owner?, waiter: CheckedContinuation<Bool, Never>)] = []

    mutating func seat(_ owner: Owner?) {
      taken[owner, default: 0] += 1
      total += 1
    }

    mutating func free(_ owner: Owner?) {
      let left = taken[owner, default: 1] - 1
      taken[owner] = left > 0 ? left : nil
      total -= 1
    }
  }
  private let state = Lock(State())
  private let count: Int
  private let spare: Int
  private let lineLimit: Int

  /// - Parameters:
  ///   - count: how many work at one time; at least 1.
  ///   - spare: how many more do whose owner has no seat, so that a few owners with slow tasks keep no other
  ///     waiting.
  ///   - line: how many may wait.
  package init(_ count: Int, spare: Int = 0, line: Int) {
    self.count = max(1, count)
    self.spare = spare
    lineLimit = line
  }

  /// How many wait.
  package var waiting: Int { state.withLock { $0.line.count } }

  /// Waits for a seat, which `leave` gives back. False when the line is full, or the task was cancelled in it:
  /// then there is no seat.
  package func take(for owner: Owner? = nil) async -> Bool {
    let ticket = state.withLock { state -> Int in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
        let answer = state.withLock { state -> Bool? in
          // Looked at under the lock: a cancellation after this finds the waiter in the line.
          if Task.isCancelled { return false }
          if hasRoom(for: owner, state) {
            state.seat(owner)
            return true
          }
          guard state.line.count < lineLimit else { return false }
          state.line.append((ticket, owner, waiter))
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

  /// Gives a seat of this owner to one in the line, or frees it.
  package func leave(for owner: Owner? = nil) {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      state.free(owner)
      let taken = state.taken
      guard
        let place = state.line.indices.min(by: {
          taken[state.line[$0].owner, default: 0] < taken[state.line[$1].owner, default: 0]
        }), hasRoom(for: state.line[place].owner, state)
      else { return nil }
      let next = state.line.remove(at: place)
      state.seat(next.owner)
      return next.waiter
    }
    next?.resume(returning: true)
  }

  private func hasRoom(for owner: Owner?, _ state: State) -> Bool {
    state.total < count || state.total < count + spare && state.taken[owner] == nil
  }
}
