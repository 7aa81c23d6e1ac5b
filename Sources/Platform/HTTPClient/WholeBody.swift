import Primitives

/// Gathers an answer with its body for `send`.
final class WholeBody: Receiver {
  private struct State {
    var answer = HTTPClient.Response(status: 0)
    var waiter: CheckedContinuation<HTTPClient.Response, any Error>?
    var isOver = false
  }

  private let state = Lock(State())
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  var isOver: Bool { state.withLock { $0.isOver } }

  func wait(_ waiter: CheckedContinuation<HTTPClient.Response, any Error>) {
    let isLate = state.withLock { state in
      if !state.isOver { state.waiter = waiter }
      return state.isOver
    }
    // Only a cancellation can come before the wait.
    if isLate { waiter.resume(throwing: CancellationError()) }
  }

  func receive(status: Int, headers: HTTPClient.Headers) {
    state.withLock {
      $0.answer.status = status
      $0.answer.headers = headers
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Reception {
    state.withLock { state in
      guard !state.isOver, bytes.count <= limit - state.answer.body.count else { return .refused }
      state.answer.body.append(contentsOf: bytes)
      return .taken
    }
  }

  func cancel() {
    finish(CancellationError())
  }

  func finish(_ failure: (any Error)?) {
    let (waiter, answer) = state.withLock { state in
      state.isOver = true
      defer {
        state.waiter = nil
        state.answer.body = []
      }
      return (state.waiter, state.answer)
    }
    if let failure {
      waiter?.resume(throwing: failure)
    } else {
      waiter?.resume(returning: answer)
    }
  }
}
