import Glibc
import Primitives

/// Takes everything out of a pipe as it comes, so that the process at the other end never waits for us.
package final class OutputReader: Sendable {
  private struct State {
    let sink: @Sendable (UnsafeRawBufferPointer) -> Void
    var isStopped = false
  }
  /// How much is taken in one go.
  private static let chunk = 131_072

  private let descriptor: Descriptor
  private let state: Lock<State>
  private let token = Lock<UInt64?>(nil)

  /// - Parameter descriptor: the reading end, non-blocking.
  /// - Parameter sink: called in order, from one thread at a time; must not block.
  package init(_ descriptor: Descriptor, sink: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) throws {
    self.descriptor = descriptor
    state = Lock(State(sink: sink))
    // Weak, or a reader that nobody stops would keep itself alive.
    let token = try Readiness.shared.watch(descriptor, .readable) { [weak self] in
      guard let self else { return .stop }
      return self.take(atMost: Self.chunk) ? .again : .stop
    }
    self.token.withLock { $0 = token }
  }

  deinit { stop() }

  /// Takes what lies in the pipe now, at most `limit` bytes. What a process wrote before it ended, or before
  /// it told us something another way, is then in the sink.
  package func drain(_ limit: Int = 1 << 20) {
    _ = take(atMost: limit)
  }

  package func stop() {
    state.withLock { $0.isStopped = true }
    let token = token.withLock { token in
      defer { token = nil }
      return token
    }
    if let token { Readiness.shared.stop(token) }
  }

  /// False at the end of the pipe.
  private func take(atMost limit: Int) -> Bool {
    state.withLock { state in
      guard !state.isStopped else { return false }
      var left = limit
      return withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 16) { buffer in
        while left > 0 {
          let size = read(descriptor.number, buffer.baseAddress, min(left, Self.chunk))
          if size < 0 { return errno == EAGAIN || errno == EINTR }
          if size == 0 { return false }
          state.sink(UnsafeRawBufferPointer(rebasing: buffer[..<size]))
          left -= size
        }
        return true
      }
    }
  }
}
