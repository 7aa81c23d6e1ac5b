import JSON
import Primitives
import Store

/// A firing that waits: for the end of a run, or for more to come.
struct Held: Equatable {
  var firing: String
  var job: String
  /// The one that fired it, or the one that has taken its place.
  var trigger: String
  var line: String
  /// The order in which those of a line start.
  var position: Int64
  var rule: Rule
  /// What came with it: the template's `trigger`, as in `Occurrence`.
  var context: JSON.Object
  /// When it may start; nil as soon as its line is free.
  var readyAt: Timestamp?
  /// When it is stale; nil never.
  var expiresAt: Timestamp?

  init(_ row: Row) throws {
    firing = try row["firing_id"]
    job = try row["job_id"]
    trigger = try row["trigger_id"]
    line = try row["line"]
    position = try row["position"]
    rule = Rule(rawValue: try row["rule"]) ?? .enqueue
    context = (try row["context"] as JSON).objectValue ?? [:]
    readyAt = try row["ready_at"]
    expiresAt = try row["expires_at"]
  }

  /// Looked at again at least so often, though whoever frees its line starts it.
  static let glance = Duration.seconds(3600)

  /// When there is something to decide about a waiting firing.
  static func due(readyAt: Timestamp?, expiresAt: Timestamp?, now: Timestamp) -> Timestamp {
    let times = [readyAt, expiresAt].compactMap(\.self).filter { $0 > now }
    return min(times.min() ?? now + glance, now + glance)
  }
}
