package import JSON
package import Jobs
import Reading

/// The jobs that listen to one source, ready to be compared with what it sends. Made once per change of them.
package struct JobTable: Sendable {
  fileprivate struct Row: Sendable {
    /// The place of its job.
    var job: Int
    var trigger: Trigger
    /// Nil takes everything, unless the row is broken.
    var pattern: Pattern?
    /// Why its pattern is none: it was stored by a program that knew other patterns.
    var broken: String?
  }

  fileprivate let jobs: [Job]
  fileprivate let rows: [Row]
  private let index: MatchIndex

  /// - Parameter listeners: in the order in which the jobs are to start; those of one job together.
  package init(_ listeners: [(job: Job, trigger: Trigger)]) {
    var jobs: [Job] = []
    var rows: [Row] = []
    for (job, trigger) in listeners {
      if jobs.last?.id != job.id { jobs.append(job) }
      do {
        let pattern = try trigger.match.map { json throws(PatternError) in try Pattern(json) }
        rows.append(Row(job: jobs.count - 1, trigger: trigger, pattern: pattern))
      } catch {
        rows.append(
          Row(
            job: jobs.count - 1, trigger: trigger, pattern: Pattern(parts: [.either([])]),
            broken: "match: it is no pattern: \(error)"))
      }
    }
    self.jobs = jobs
    self.rows = rows
    index = MatchIndex(rows.map(\.pattern))
  }

  /// What becomes of every job when this comes.
  package func plan(_ context: JSON.Object, actor: Actor) -> HookPlan {
    var plan = HookPlan(table: self, event: .object(context), actor: actor)
    let (matching, near) = index.sort(plan.event)
    for number in matching {
      let row = rows[number]
      if plan.started.contains(row.job) { continue }
      if actor.isWelcome(in: row.trigger.lanes) {
        plan.started.insert(row.job)
        plan.starts.append(HookPlan.Start(job: jobs[row.job], trigger: row.trigger))
      } else {
        plan.unwelcome.append(number)
      }
    }
    plan.near = near
    return plan
  }
}

/// What becomes of the jobs that listen to a source, for one thing that it sent. Nothing has happened yet.
package struct HookPlan: Sendable {
  package struct Start: Sendable, Equatable {
    package var job: Job
    package var trigger: Trigger
  }

  package struct Refusal: Sendable, Equatable {
    package var job: Job
    /// Its id.
    package var trigger: String
    /// The first field that did not fit, and how.
    package var reason: String
  }

  fileprivate let table: JobTable
  fileprivate let event: JSON
  fileprivate let actor: Actor
  /// In the order of the jobs.
  package fileprivate(set) var starts: [Start] = []
  fileprivate var started: Set<Int> = []
  /// Rows that matched; only the lane is in their way.
  fileprivate var unwelcome: [Int] = []
  /// Rows that were looked at closely and did not match.
  fileprivate var near: [Int] = []

  fileprivate init(table: JobTable, event: JSON, actor: Actor) {
    self.table = table
    self.event = event
    self.actor = actor
  }

  /// How many jobs do not start.
  package var others: Int { table.jobs.count - started.count }

  /// At most so many of the others with their reasons, in the order of the jobs: first those that only the lane
  /// keeps away, then those that nearly matched. Each takes some time.
  package func refusals(_ limit: Int) -> [Refusal] {
    var refusals: [Int: Refusal] = [:]
    for number in [unwelcome, near, Array(table.rows.indices)].joined() {
      if refusals.count >= min(limit, others) { break }
      let row = table.rows[number]
      if started.contains(row.job) || refusals[row.job] != nil { continue }
      refusals[row.job] = Refusal(job: table.jobs[row.job], trigger: row.trigger.id, reason: reason(row))
    }
    return refusals.keys.sorted().compactMap { refusals[$0] }
  }

  private func reason(_ row: JobTable.Row) -> String {
    if let broken = row.broken { return broken }
    if let mismatch = row.pattern?.mismatch(event) { return mismatch.description }
    let lanes = row.trigger.lanes.map(\.rawValue).joined(separator: ", ")
    let name = quoted(actor.name)
    if let also = actor.alsoLane, row.trigger.lanes.contains(actor.lane) {
      return
        "actor.lane: \(name) is \(actor.lane.rawValue) and \(also.rawValue), for jobs that take both, and the job "
        + "takes \(lanes) only"
    }
    return "actor.lane: \(name) is \(actor.lane.rawValue), and the job takes \(lanes) only"
  }
}
