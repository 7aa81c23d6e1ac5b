import Cron
package import Jobs
package import Primitives
import Store

/// A schedule trigger of a job: its text, when it is due next, and up to where its times are decided.
package struct Schedule: Sendable, Equatable {
  /// Whether times start anything.
  package enum State: String, Sendable, CaseIterable {
    case active
    /// Somebody, or too many failures, stopped it; see `pause`.
    case paused
    /// No time follows any more: its end has passed, or it has started as often as it may.
    case exhausted
  }

  /// Who stopped it, when and why.
  package struct Pause: Sendable, Equatable {
    package var at: Timestamp
    package var by: String
    package var reason: String
  }

  package var job: String
  package var jobName: String
  package var trigger: String
  package var spec: ScheduleSpec
  /// Every nominal time up to and including this moment is decided. Only moves forward, and only in the
  /// transaction that decides; the next time is computed from here, never from now.
  package var cursor: Timestamp
  /// The next nominal time, excluded ones included; nil when there is none, and while it is paused.
  package var nextAt: Timestamp?
  /// The next nominal time with its jitter.
  package var dueAt: Timestamp?
  package var pause: Pause?
  /// When it was first applied, under whatever text; nil when that is not known.
  package var since: Timestamp?
  /// How many runs it may start in all, as its text says; nil for no end.
  package var starts: Int?
  /// How many of them are left.
  package var startsLeft: Int?
  /// After how many of them it is paused; nil never.
  package var pauseAfter: Int?
  /// The firing of the latest time that started something.
  package var lastFiring: String?
  /// How long after its due time that one was made.
  package var lastLate: Duration?
  /// One more with every change of the row: who read an older one has to look again.
  var version: Int64

  init(_ row: Row) throws {
    job = try row["job_id"]
    jobName = try row["job_name"]
    trigger = try row["trigger_id"]
    let stored: String? = try row["spec"]
    spec =
      try stored.map { try Timetables.shared.spec($0) }
      ?? ScheduleSpec(.cron(try row["expression"]), timezone: try row["timezone"])
    cursor = try row["cursor_at"]
    nextAt = try row["next_at"]
    dueAt = try row["due_at"]
    if let at: Timestamp = try row["paused_at"] {
      pause = Pause(
        at: at, by: try row["paused_by"] as String? ?? "", reason: try row["paused_reason"] as String? ?? "")
    }
    since = try row["since_at"]
    starts = try row["starts"]
    startsLeft = try row["starts_left"]
    pauseAfter = try row["pause_after"]
    lastFiring = try row["last_firing"]
    lastLate = (try row["last_late"] as Int64?).map { .microseconds($0) }
    version = try row["version"]
  }

  /// A schedule that is new: what it would have named before now is not one of its times.
  /// - Parameter startsLeft: of those that the trigger may start; one of its name may have been there before.
  init(job: Job, trigger: Trigger, spec: ScheduleSpec, startsLeft: Int?, now: Timestamp) {
    self.job = job.id
    jobName = job.name
    self.trigger = trigger.id
    self.spec = spec
    cursor = now
    since = now
    starts = trigger.starts
    self.startsLeft = startsLeft
    pauseAfter = trigger.pauseAfterFailures
    version = 0
  }

  /// Computes when it is due next, from the cursor.
  mutating func place(_ timetable: Timetable) {
    let next = pause != nil || startsLeft == 0 ? nil : timetable.next(after: cursor.seconds)
    nextAt = next.map { Timestamp(seconds: $0) }
    dueAt = next.map { Timestamp(seconds: $0) + .milliseconds(timetable.delay(of: $0)) }
  }

  /// Its name in addresses: the job's id, a dot, and the trigger's.
  package var id: String { Schedule.id(job: job, trigger: trigger) }

  static func id(job: String, trigger: String) -> String { "\(job).\(trigger)" }

  package var state: State {
    if pause != nil { return .paused }
    return nextAt == nil ? .exhausted : .active
  }

  /// Splits an `id`; nil when it is none.
  package static func parts(of id: String) -> (job: String, trigger: String)? {
    guard let dot = id.firstIndex(of: ".") else { return nil }
    return (String(id[..<dot]), String(id[id.index(after: dot)...]))
  }
}
