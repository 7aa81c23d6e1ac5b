package import Cron
import Primitives

/// What a schedule trigger says about its times: which they are, where they end and rest, and what becomes of
/// those that nobody saw.
package struct ScheduleSpec: Sendable, Hashable {
  package enum Times: Sendable, Hashable {
    /// A cron expression.
    case cron(String)
    /// Every so often, counted from the epoch plus a phase; in seconds.
    case every(Int64, phase: Int64)
    /// Once each: Unix times in order.
    case at([Int64])
  }

  package var times: Times
  /// An IANA name.
  package var timezone: String
  package var dst: DSTRule
  /// The first and the last Unix time that may be named; nil for no bound.
  package var start: Int64?
  package var end: Int64?
  package var exclusions: [Exclusion]
  /// How far starts are spread after their times.
  package var jitter: Duration
  package var catchUp: CatchUp

  package init(
    _ times: Times, timezone: String = "UTC", dst: DSTRule = .once, start: Int64? = nil, end: Int64? = nil,
    exclusions: [Exclusion] = [], jitter: Duration = .zero, catchUp: CatchUp = CatchUp()
  ) {
    self.times = times
    self.timezone = timezone
    self.dst = dst
    self.start = start
    self.end = end
    self.exclusions = exclusions
    self.jitter = jitter
    self.catchUp = catchUp
  }

  /// The times in a few words, as lists show them: `0 7 * * *`, `every 15m`, `at 2026-11-12T09:00:00Z`.
  package var words: String {
    switch times {
    case .cron(let expression): return expression
    case .every(let period, let phase):
      let every = "every \(DurationText.text(.seconds(period)))"
      return phase == 0 ? every : "\(every) from \(DurationText.text(.seconds(phase)))"
    case .at(let moments):
      let first = moments.first.map { Timestamp(seconds: $0).description } ?? "no time"
      return moments.count > 1 ? "at \(first) and \(moments.count - 1) more" : "at \(first)"
    }
  }

  /// What tells two triggers of a job apart when they have no names: their times, not their policies.
  var identity: String {
    switch times {
    case .cron(let expression): "\(expression)\n\(timezone)"
    case .every(let period, let phase): "every \(period) \(phase)"
    case .at(let moments): "at \(moments.map(String.init).joined(separator: " "))"
    }
  }

  /// The times as a value that can be asked.
  /// - Parameters:
  ///   - name: what `H` is computed from: the job's.
  ///   - seed: what the jitter is drawn from: the schedule's own id.
  /// - Throws: `CronError`, or `ZoneError` when the zone has gone from the system.
  package func timetable(name: String, seed: String) throws -> Timetable {
    let named: Timetable.Times =
      switch times {
      case .cron(let expression): .cron(try CronExpression(expression, name: name), dst: dst)
      case .every(let period, let phase): .every(period, phase: phase)
      case .at(let moments): .at(moments)
      }
    return timetable(named, zone: try Zone.named(timezone), seed: seed)
  }

  /// The same with times and zone that were read before.
  package func timetable(_ times: Timetable.Times, zone: Zone, seed: String) -> Timetable {
    Timetable(
      times, zone: zone, start: start, end: end, exclusions: exclusions,
      jitter: jitter.microseconds / 1000, seed: seed)
  }
}

/// What becomes of times that passed while nobody was there to see them.
package struct CatchUp: Sendable, Hashable {
  package enum Policy: String, Sendable, Hashable, CaseIterable {
    /// They are missed.
    case none
    /// The latest starts a run, the others are missed.
    case latest
    /// Each starts a run.
    case all
  }

  package var policy: Policy
  /// Older times are missed whatever the policy.
  package var window: Duration
  /// The most that `all` makes up for; the latest ones.
  package var limit: Int

  package static let standardWindow = Duration.seconds(86_400)
  package static let standardLimit = 100
  package static let limitRange = 1...1000

  package init(
    _ policy: Policy = .latest, window: Duration = standardWindow, limit: Int = standardLimit
  ) {
    self.policy = policy
    self.window = window
    self.limit = limit
  }
}
