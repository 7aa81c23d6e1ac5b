import CMicrohttpd
import Glibc

/// How far a stop has come.
struct Stopping {
  /// When handlers are cancelled.
  var deadline: ContinuousClock.Instant
  /// After the deadline: when connections that still have not taken their last answer are closed.
  var flushDeadline: ContinuousClock.Instant?
  var done: [@Sendable () -> Void]

  var next: ContinuousClock.Instant { flushDeadline ?? deadline }
}

// The order matters: no new connections; idle ones closed and streams ended; handlers up to the grace period;
// the rest cancelled and answered; only then the library, which must not have suspended connections left.
extension EventLoop {
  /// How long the last answers may take to leave.
  private static let flushTime = Duration.seconds(1)

  var isStopped: Bool {
    guard let stopping else { return false }
    if connections.isEmpty, handlers.isEmpty || stopping.flushDeadline != nil { return true }
    return stopping.flushDeadline.map { $0 <= now } ?? false
  }

  func beginStopping(grace: Duration, done: @escaping @Sendable () -> Void) {
    if var again = stopping {
      again.done.append(done)
      again.deadline = min(again.deadline, now + grace)
      stopping = again
      return
    }
    stopping = Stopping(deadline: now + grace, done: [done])
    if let daemon {
      let listener = MHD_quiesce_daemon(daemon)
      if listener >= 0 { close(listener) }
    }
    for connection in connections.values {
      switch connection.exchange?.phase {
      case nil:
        // A request that is in the socket already is still read, and answered 503.
        if connection.target == nil { connection.shut(Int(SHUT_RD)) }
      case .streaming(let channel): channel.finish()
      default: break
      }
    }
  }

  /// Cancels what is left once the grace period has passed.
  func continueStopping() {
    guard let stopping, stopping.flushDeadline == nil, stopping.deadline <= now else { return }
    self.stopping?.flushDeadline = now + EventLoop.flushTime
    for task in handlers.values { task.cancel() }
    for connection in connections.values {
      switch connection.exchange?.phase {
      case .handling:
        connection.exchange?.phase = .answered(unavailable())
        connection.resume()
      case .asking, .receiving, .refused: connection.cut(unavailable())
      case .waiting:
        connection.exchange?.phase = .answered(unavailable())
        connection.resume()
      case .turnedAway: connection.shut()
      case nil:
        if connection.target == nil { connection.shut() } else { connection.cut(unavailable()) }
      case .streaming(let channel):
        channel.abandon()
        connection.shut()
      case .answered, .answering: break
      }
    }
  }

  /// Closes what is left and ends the library.
  func end(_ daemon: OpaquePointer) {
    for connection in connections.values {
      if case .streaming(let channel) = connection.exchange?.phase { channel.abandon() }
      connection.shut()
    }
    MHD_run(daemon)
    MHD_stop_daemon(daemon)
    connections = [:]
    handlers = [:]
  }
}
