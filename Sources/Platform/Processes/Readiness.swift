import CLinux
import Glibc
import Primitives

/// One thread that waits for all pipes and processes at once and calls back when there is something to do.
package final class Readiness: Sendable {
  package enum Event: UInt32, Sendable { case readable = 1, writable = 4 }
  /// Whether a callback wants to be called again.
  package enum Next: Sendable { case again, stop }

  private struct Watch {
    /// Kept open for as long as it is watched.
    let descriptor: Descriptor
    /// Whether it ends before its body is called.
    var isOnce = false
    let body: @Sendable () -> Next
  }
  private struct State {
    var watches: [UInt64: Watch] = [:]
    var next: UInt64 = 0
  }

  package static let shared = Readiness()

  private let epoll: Int32
  private let state = Lock(State())

  private init() {
    epoll = linux_watch_make()
    precondition(epoll >= 0, "The system refused an epoll instance: error \(-epoll). Raise the file limit.")
    // Runs for the life of the process, like the instance itself.
    _ = Thread("readiness") { self.run() }
  }

  /// Calls `body` on the thread of this object whenever the event holds, until it returns `.stop`.
  /// `body` must not block.
  /// - Returns: what `stop` takes.
  package func watch(
    _ descriptor: Descriptor, _ event: Event, _ body: @escaping @Sendable () -> Next
  ) throws -> UInt64 {
    try add(Watch(descriptor: descriptor, body: body), event)
  }

  /// Returns when the event holds, or the descriptor's other end is gone. One waiter per descriptor.
  package func ready(_ descriptor: Descriptor, _ event: Event) async throws {
    try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
      do {
        let watch = Watch(descriptor: descriptor, isOnce: true) {
          waiter.resume()
          return .stop
        }
        _ = try add(watch, event)
      } catch {
        waiter.resume(throwing: error)
      }
    }
  }

  private func add(_ watch: Watch, _ event: Event) throws -> UInt64 {
    let descriptor = watch.descriptor
    let token = state.withLock { state in
      state.next += 1
      state.watches[state.next] = watch
      return state.next
    }
    let result = linux_watch_add(epoll, descriptor.number, event.rawValue, token)
    guard result == 0 else {
      state.withLock { _ = $0.watches.removeValue(forKey: token) }
      throw ProcessError.system(action: "watch a pipe", errno: -result)
    }
    return token
  }

  /// Ends a watch; a callback that is already running still finishes.
  package func stop(_ token: UInt64) {
    // The entry, and so the descriptor, outlives the removal from epoll.
    guard let watch = state.withLock({ $0.watches.removeValue(forKey: token) }) else { return }
    linux_watch_remove(epoll, watch.descriptor.number)
  }

  private func run() {
    linux_block_signals()
    var tokens = [UInt64](repeating: 0, count: 64)
    while true {
      let count = linux_watch_wait(epoll, &tokens, 64)
      precondition(count >= 0, "Waiting for events failed: error \(-count).")
      for token in tokens.prefix(Int(count)) {
        guard let watch = state.withLock({ $0.watches[token] }) else { continue }
        // Before it is called: whoever waited may wait for the same descriptor again at once.
        if watch.isOnce { stop(token) }
        if watch.body() == .stop, !watch.isOnce { stop(token) }
      }
    }
  }
}
