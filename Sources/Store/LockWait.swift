import Primitives

/// How long the writer has been waiting for a lock that another process has. SQLite waits in silence, and a process that
/// was halted amid a transaction keeps the lock as long as it lives: somebody has to say so.
final class LockWait: Sendable {
  private struct Waiting {
    var since: Timestamp
    var elapsed: Duration
    var isNow = true
  }

  private let waiting = Lock<Waiting?>(nil)
  private let time: Time

  init(_ time: Time) {
    self.time = time
  }

  /// The writer asks for the lock. One that was refused already goes on waiting from when it first did.
  func begins() {
    let now = Waiting(since: time.now(), elapsed: time.elapsed())
    waiting.withLock { waiting in
      waiting = waiting ?? now
      waiting?.isNow = true
    }
  }

  /// Another had it for longer than it is waited for. Whether it still has it shows the next time.
  func isRefused() {
    waiting.withLock { $0?.isNow = false }
  }

  /// The writer has the lock, or was refused for another reason.
  func ends() {
    waiting.withLock { $0 = nil }
  }

  /// Since when it waits, if that is longer than some time.
  func since(longer limit: Duration) -> Timestamp? {
    guard let waiting = waiting.withLock({ $0 }), waiting.isNow, time.elapsed() - waiting.elapsed > limit
    else { return nil }
    return waiting.since
  }
}
