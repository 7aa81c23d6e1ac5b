import JSON
import Primitives

/// The logs of sessions that worked in this process lately, so that the next turn of a long one reads only what
/// is new. What has its place in a log never changes: a log here may be short, but it is never wrong.
final class RecentLogs: Sendable {
  /// A shorter log is read as fast as it is kept.
  static let shortest = 64
  /// Roughly how many bytes are kept of all; what was used longest ago goes first. A log that is longer by
  /// itself is not kept.
  static let limit = 16 << 20

  private struct Kept {
    var log: [Event]
    var size: Int
    var used: Int
  }

  private struct State {
    var logs: [String: Kept] = [:]
    var size = 0
    var uses = 0

    mutating func remove(_ session: String) {
      if let kept = logs.removeValue(forKey: session) { size -= kept.size }
    }
  }
  private let state = Lock(State())
  private let limit: Int

  init(limit: Int = RecentLogs.limit) {
    self.limit = limit
  }

  /// The beginning of a session's log, as far as it is kept; maybe nothing.
  func log(of session: String) -> [Event] {
    state.withLock { $0.logs[session]?.log ?? [] }
  }

  /// - Parameter log: from its first event on, without a gap.
  func keep(_ log: [Event], of session: String) {
    guard log.count >= RecentLogs.shortest else { return }
    let known = state.withLock { $0.logs[session].map { ($0.log.count, $0.size) } } ?? (0, 0)
    guard log.count >= known.0 else { return }
    let size = known.1 + log[known.0...].reduce(0) { $0 + RecentLogs.size($1) }
    state.withLock { state in
      state.remove(session)
      if size > limit { return }
      state.uses += 1
      state.logs[session] = Kept(log: log, size: size, used: state.uses)
      state.size += size
      while state.size > limit, let oldest = state.logs.min(by: { $0.value.used < $1.value.used })?.key {
        state.remove(oldest)
      }
    }
  }

  func forget(_ session: String) {
    state.withLock { $0.remove(session) }
  }

  private static func size(_ event: Event) -> Int {
    256 + size(.object(event.body)) + size(event.hidden ?? .null)
  }

  /// Roughly what a value takes up in memory.
  private static func size(_ value: JSON) -> Int {
    if let text = value.stringValue { return 32 + text.utf8.count }
    if let values = value.arrayValue { return values.reduce(64) { $0 + size($1) } }
    guard let object = value.objectValue else { return 16 }
    return object.reduce(64) { $0 + 32 + $1.key.utf8.count + size($1.value) }
  }
}
