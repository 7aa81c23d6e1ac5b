import Primitives

/// The bytes of a response that is produced while it is sent, such as server-sent events.
///
/// Many producers may send; one connection takes. What is waiting is bounded: a client that reads too slowly
/// loses its stream rather than the program its memory. The pieces are shared, so one array sent to a
/// thousand channels exists once.
package final class ByteChannel: Sendable {
  /// Most bytes that may wait for the client. A long piece counts as a quarter of it at most: that a few of them
  /// follow each other says nothing about how fast the client reads.
  package let limit: Int
  /// Most bytes that may wait, long pieces counted in full.
  private let most: Int
  /// The longest silence: then `: keep-alive` is sent as a comment, so that proxies keep the connection and
  /// a client that vanished is noticed.
  package let heartbeat: Duration

  /// What the connection gets when it asks for bytes.
  enum Pull: Equatable {
    /// So many were put into the buffer.
    case bytes(Int)
    /// Nothing yet; the connection will be woken.
    case wait
    /// Finished, and everything is taken.
    case end
    /// The client reads too slowly, or is gone.
    case broken
  }

  private enum Phase { case open, finished, dropped, gone }

  private struct State {
    var phase = Phase.open
    var queue: ByteQueue
    /// Whether the connection was told to wait.
    var isParked = false
    var waker: Waker?
    var onClose: [@Sendable () -> Void] = []
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter = 0
  }
  private let state: Lock<State>

  /// - Parameters:
  ///   - bytes: most bytes that may wait for the client; 1 MiB.
  ///   - most: as many with long pieces; without it, as many as may wait at all.
  package init(limit bytes: Int = 1 << 20, most: Int? = nil, heartbeat: Duration = .seconds(15)) {
    limit = bytes
    self.most = most ?? bytes
    self.heartbeat = heartbeat
    state = Lock(State(queue: ByteQueue(heaviest: max(1, bytes / 4))))
  }

  /// False once the stream has been finished or dropped, or its client is gone.
  package var isOpen: Bool { state.withLock { $0.phase == .open } }

  /// Adds bytes for the client. False when the channel is closed, or when they would exceed the limit: then
  /// the stream is dropped. A client for whom nothing waits is given any piece, so that a long one alone does
  /// not end its stream.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    let (isAdded, waker) = add(bytes)
    waker?.wake()
    return isAdded
  }

  /// Adds the same bytes to many channels, and wakes their connections together.
  package static func send(_ bytes: [UInt8], to channels: [ByteChannel]) {
    Waker.wake(channels.compactMap { $0.add(bytes).waker })
  }

  /// - Returns: whether the channel took the bytes, and whom to wake for them.
  private func add(_ bytes: [UInt8]) -> (isAdded: Bool, waker: Waker?) {
    enum Outcome { case closed, overflow, added(Waker?) }
    let outcome = state.withLock { state -> Outcome in
      guard state.phase == .open else { return .closed }
      let queue = state.queue
      guard
        queue.isEmpty
          || queue.weight + queue.weight(of: bytes) <= limit && queue.count + bytes.count <= most
      else { return .overflow }
      state.queue.append(bytes)
      guard state.isParked, !state.queue.isEmpty else { return .added(nil) }
      state.isParked = false
      return .added(state.waker)
    }
    switch outcome {
    case .closed: return (false, nil)
    case .overflow:
      close(as: .dropped)
      return (false, nil)
    case .added(let waker): return (true, waker)
    }
  }

  /// Ends the stream once the client has taken what was sent.
  package func finish() {
    close(as: .finished)
  }

  /// Has the closure called once, when the stream is finished or dropped or its client is gone; at once if
  /// that has happened. It must return quickly: it may run on the server's thread.
  package func onClose(_ body: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state -> Bool in
      if state.phase == .open { state.onClose.append(body) }
      return state.phase != .open
    }
    if isLate { body() }
  }

  /// Returns when the stream is finished or dropped, its client is gone, or the calling task is cancelled.
  package func closed() async {
    let key = state.withLock { state -> Int in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
        let isLate = state.withLock { state -> Bool in
          if state.phase != .open || Task.isCancelled { return true }
          state.waiters[key] = waiter
          return false
        }
        if isLate { waiter.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
    }
  }

  private func close(as phase: Phase) {
    let before = state.withLock { state -> State? in
      // A finished stream still has bytes to throw away when its client leaves early.
      guard state.phase == .open || (state.phase == .finished && phase == .gone) else { return nil }
      let before = state
      state.phase = phase
      state.isParked = false
      state.onClose = []
      state.waiters = [:]
      if phase != .finished { state.queue.removeAll() }
      return before
    }
    guard let before else { return }
    // A connection that is stuck in writing has not parked, and must hear of the drop all the same.
    if before.isParked || phase == .dropped { before.waker?.wake() }
    for waiter in before.waiters.values { waiter.resume() }
    for closure in before.onClose { closure() }
  }
}

// The connection's side, called on the server's thread.
extension ByteChannel {
  /// Names whom to wake when there is something for a connection that was told to wait, and when the stream is
  /// dropped.
  func attach(_ waker: Waker) {
    state.withLock { $0.waker = waker }
  }

  /// Moves waiting bytes into the buffer, as many as fit.
  func pull(into buffer: UnsafeMutableRawBufferPointer) -> Pull {
    state.withLock { state in
      guard state.phase == .open || state.phase == .finished else { return .broken }
      let filled = state.queue.take(into: buffer)
      if filled > 0 { return .bytes(filled) }
      if state.phase == .finished { return .end }
      state.isParked = true
      return .wait
    }
  }

  /// Sends the comment that keeps an idle stream alive, unless bytes are waiting anyway.
  func beat() {
    if state.withLock({ $0.queue.isEmpty }) { send(ByteChannel.comment) }
  }

  /// The client is gone: what waits is thrown away.
  func abandon() {
    close(as: .gone)
  }

  /// Whether the stream ended because its client read too slowly.
  var isDropped: Bool { state.withLock { $0.phase == .dropped } }

  private static let comment = Array(": keep-alive\n\n".utf8)
}
