import Logging
import Primitives

/// Tells the operator of refused webhooks: the first of each source and reason in a minute at once, the others as a
/// number when the minute is over. Strangers cannot fill the log by it.
final class RefusalLog: Sendable {
  /// So many kinds of refusals are told apart in a minute.
  static let limit = 200

  private struct Kind: Hashable {
    var source: String
    var code: String
    var minute: Int64
  }

  private let counts = Lock<[Kind: Int]>([:])
  private let time: Time
  private let log: Logger

  init(time: Time, log: Logger) {
    self.time = time
    self.log = log
  }

  /// - Parameter source: nil for a name that is none: what strangers make up is not told.
  func note(source: String?, code: String, _ refusal: String) {
    let kind = Kind(source: source ?? "", code: code, minute: time.now().seconds / 60)
    let isFirst = counts.withLock { counts in
      guard counts[kind] != nil || counts.count < RefusalLog.limit else { return false }
      counts[kind, default: 0] += 1
      return counts[kind] == 1
    }
    guard isFirst else { return }
    let text = refusal.count > 300 ? refusal.prefix(299) + "…" : refusal
    log.warning("A webhook to \(RefusalLog.place(kind.source)) was refused (\(code)): \(text)")
  }

  /// Tells how many more there were in the minutes that are over; in all when the server stops.
  func sum(all: Bool = false) {
    let now = time.now().seconds / 60
    let over = counts.withLock { counts in
      let over = counts.filter { all || $0.key.minute != now }
      for key in over.keys { counts[key] = nil }
      return over
    }
    for (kind, count) in over.sorted(by: { ($0.key.source, $0.key.code) < ($1.key.source, $1.key.code) })
    where count > 1 {
      let minute = Timestamp(seconds: kind.minute * 60).description
      log.warning(
        "\(count - 1) more webhooks to \(RefusalLog.place(kind.source)) were refused (\(kind.code)) in the minute from \(minute)."
      )
    }
  }

  private static func place(_ source: String) -> String {
    source.isEmpty ? "no source that there is" : "the source \(source)"
  }
}
