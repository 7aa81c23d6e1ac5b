import Sessions

/// A session's log as far as a drive has read it, and how far the session has come by it. The log only ever
/// grows, so that a drive of many steps reads and folds each event once.
struct Reading: Sendable {
  private(set) var log: [Event] = []
  private(set) var progress = Progress()

  /// The place of the last event that was read; 0 before the first.
  var position: Int64 { log.last?.position ?? 0 }

  init(_ log: [Event] = []) {
    add(log)
  }

  /// - Parameter events: what follows in the log, in its order.
  mutating func add(_ events: [Event]) {
    log += events
    progress.add(events)
  }
}
