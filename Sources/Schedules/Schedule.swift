import Cron
package import JSON
package import Primitives
import Store

/// A schedule trigger of a job: when it is due next, and up to where its occurrences are decided.
package struct Schedule: Sendable, Equatable {
  package var job: String
  package var jobName: String
  package var trigger: String
  package var expression: String
  package var timezone: String
  /// Every nominal time up to and including this one is decided. Only moves forward, and only in the
  /// transaction that decides; the next time is computed from here, never from now.
  package var cursor: Timestamp
  /// The next nominal time; nil when there is none any more.
  package var nextAt: Timestamp?

  init(_ row: Row) throws {
    job = try row["job_id"]
    jobName = try row["job_name"]
    trigger = try row["trigger_id"]
    expression = try row["expression"]
    timezone = try row["timezone"]
    cursor = try row["cursor_at"]
    nextAt = try row["next_at"]
  }

  package var json: JSON {
    [
      "type": "schedule", "job": .string(jobName), "trigger": .string(trigger),
      "expression": .string(expression), "timezone": .string(timezone),
      "next_at": nextAt.map { .string($0.description) } ?? .null, "decided_to": .string(cursor.description),
    ]
  }
}

/// What to do about the occurrences that have come.
struct Due: Equatable {
  var fire: [Timestamp]
  var missed: [Timestamp]
  /// The last of them: the cursor's next place.
  var cursor: Timestamp

  /// The most occurrences that one decision takes; the rest follow in the next.
  static let batch = 500

  /// Decides the occurrences after the cursor up to now; nil when there are none.
  ///
  /// Those that came while the service was there to see them, from `since` on, all fire. Of the earlier ones,
  /// which a downtime swallowed, the latest fires and the others are missed.
  /// - Parameters:
  ///   - occurrences: the nominal times after the cursor, in order.
  ///   - latestMissed: the last occurrence before `since`.
  init?(
    _ occurrences: some Sequence<Timestamp>, now: Timestamp, since: Timestamp, latestMissed: Timestamp?
  ) {
    let batch = Array(occurrences.lazy.prefix { $0 <= now }.prefix(Due.batch))
    guard let last = batch.last else { return nil }
    fire = batch.filter { $0 >= since || $0 == latestMissed }
    missed = batch.filter { $0 < since && $0 != latestMissed }
    cursor = last
  }
}
