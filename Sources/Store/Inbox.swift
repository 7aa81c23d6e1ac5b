import Primitives

/// Work that waits for a thread of the database, first come first served, up to a limit.
final class Inbox<Job: Sendable>: Sendable {
  private struct State {
    /// The jobs in reverse order, so that taking one is cheap; new ones go to `back`.
    var front: [Job] = []
    var back: [Job] = []
    var isRefusing = false
    var isClosed = false

    mutating func take(upTo limit: Int) -> [Job] {
      if front.isEmpty {
        front = back.reversed()
        back.removeAll(keepingCapacity: true)
      }
      let taken = Array(front.suffix(limit).reversed())
      front.removeLast(taken.count)
      return taken
    }
  }

  private let state = Gate(State())
  private let limit: Int
  private let path: String

  init(limit: Int, path: String) {
    self.limit = limit
    self.path = path
  }

  func add(_ job: Job) throws(StoreError) {
    let refusal = state.update { state -> StoreError? in
      if state.isRefusing { return .closed(path: path) }
      let waiting = state.front.count + state.back.count
      if waiting >= limit { return .overloaded(waiting: waiting) }
      state.back.append(job)
      return nil
    }
    if let refusal { throw refusal }
  }

  /// How many jobs wait.
  var count: Int { state.update { $0.front.count + $0.back.count } }

  /// Waits for work and takes what is there, at most `count`. Empty once the inbox is closed and drained.
  func take(upTo count: Int) -> [Job] {
    state.wait { state in
      let jobs = state.take(upTo: count)
      return jobs.isEmpty && !state.isClosed ? nil : jobs
    }
  }

  /// Accepts nothing more; what was accepted is still handed out.
  func refuse() {
    state.update { $0.isRefusing = true }
  }

  /// Refuses, and ends the threads that take once nothing is left.
  func close() {
    state.update { state in
      state.isRefusing = true
      state.isClosed = true
    }
  }
}
