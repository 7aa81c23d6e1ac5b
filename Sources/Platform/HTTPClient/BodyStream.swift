import Primitives

/// Hands a body on in chunks for `stream`, and holds the server back while its reader is behind.
final class BodyStream: Receiver {
  typealias Head = (status: Int, headers: HTTPClient.Headers)

  /// From this many unread bytes on, the transfer rests until they are read.
  static let highWater = 256 * 1024

  fileprivate struct State {
    var head: Head?
    var unread: [UInt8] = []
    /// Whether bytes were turned away and must be asked for again.
    var isResting = false
    var headWaiter: CheckedContinuation<Head, any Error>?
    var chunkWaiter: CheckedContinuation<[UInt8]?, any Error>?
    var end: Result<Void, any Error>?
  }

  private let state = Lock(State())
  private let loop: CurlLoop
  private let ticket: CurlLoop.Ticket

  init(of ticket: CurlLoop.Ticket, on loop: CurlLoop) {
    self.ticket = ticket
    self.loop = loop
  }

  // What the reader calls.

  func waitForHead(_ waiter: CheckedContinuation<Head, any Error>) {
    let early = state.withLock { state -> Result<Void, any Error>? in
      if state.end == nil { state.headWaiter = waiter }
      return state.end
    }
    // Only a cancellation can come before the wait.
    if early != nil { waiter.resume(throwing: CancellationError()) }
  }

  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let (found, wasResting) = state.withLock { $0.take(for: waiter) }
        if let found { waiter.resume(with: found) }
        if wasResting { loop.resume(ticket) }
      }
    } onCancel: {
      cancel()
    }
  }

  /// Ends the transfer at once, whoever waits. What is unread is dropped, so from here on the body must not
  /// look complete, even if it is.
  func cancel() {
    let (wasRunning, head, chunk) = state.withLock { state in
      defer {
        state.unread = []
        state.end = .failure(CancellationError())
      }
      return (state.end == nil, state.headWaiter.take(), state.chunkWaiter.take())
    }
    head?.resume(throwing: CancellationError())
    chunk?.resume(throwing: CancellationError())
    if wasRunning { loop.drop(ticket) }
  }

  // What the loop calls.

  var isOver: Bool { state.withLock { $0.end != nil } }

  func receive(status: Int, headers: HTTPClient.Headers) {
    let waiter = state.withLock { state in
      state.head = (status, headers)
      return state.headWaiter.take()
    }
    waiter?.resume(returning: (status, headers))
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Reception {
    let (reception, waiter) = state.withLock {
      state -> (Reception, CheckedContinuation<[UInt8]?, any Error>?) in
      guard state.end == nil else { return (.refused, nil) }
      if let waiter = state.chunkWaiter.take() { return (.taken, waiter) }
      guard state.unread.count < BodyStream.highWater else {
        state.isResting = true
        return (.later, nil)
      }
      state.unread.append(contentsOf: bytes)
      return (.taken, nil)
    }
    waiter?.resume(returning: Array(bytes))
    return reception
  }

  func finish(_ failure: (any Error)?) {
    let end: Result<Void, any Error> = failure.map { .failure($0) } ?? .success(())
    let waiters = state.withLock { state in
      if state.end == nil { state.end = end }
      return (state.headWaiter.take(), state.chunkWaiter.take())
    }
    // An end without a head is always a failure.
    waiters.0?.resume(throwing: failure ?? HTTPClientError.closed)
    waiters.1?.resume(with: end.map { nil })
  }
}

extension BodyStream.State {
  /// What the reader gets now, or nothing if it has to wait; and whether the transfer was resting.
  fileprivate mutating func take(
    for waiter: CheckedContinuation<[UInt8]?, any Error>
  ) -> (Result<[UInt8]?, any Error>?, Bool) {
    if !unread.isEmpty {
      defer {
        unread = []
        isResting = false
      }
      return (.success(unread), isResting)
    }
    if let end { return (end.map { nil }, false) }
    guard chunkWaiter == nil else {
      return (.failure(HTTPClientError.failed("two tasks read the same body")), false)
    }
    chunkWaiter = waiter
    return (nil, false)
  }
}
