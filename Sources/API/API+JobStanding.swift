import Domains
import JSON
import Jobs
import Primitives
import Runs
import Schedules
import Store

// How a job stands: what a list of many jobs shows of each on one line.
extension API {
  /// `last_run`, `next_at` with the `timezone` of its schedule, and whether every schedule is `paused`.
  func standing(_ tx: Transaction, _ job: Job) throws -> JSON.Object {
    var standing: JSON.Object = [:]
    let last = try domains.runs.lastRun(tx, ofJob: job.id, named: job.name)
    standing["last_run"] =
      last.map { run in
        [
          "id": .string(run.id), "state": .string(run.state.rawValue), "reason": .string(orNull: run.reason),
          "created_at": .string(run.createdAt.description),
          "ended_at": .string(orNull: run.endedAt?.description),
        ]
      } ?? .null
    let schedules = try domains.schedules.schedules(tx, ofJob: job.id)
    let next = try schedules.compactMap { schedule in
      try domains.schedules.upcoming(tx, schedule, count: 1).first.map { (time: $0, schedule: schedule) }
    }.min { $0.time < $1.time }
    standing["next_at"] = .string(orNull: next?.time.description)
    standing["next_timezone"] = .string(orNull: next?.schedule.spec.timezone)
    standing["paused"] = .bool(!schedules.isEmpty && schedules.allSatisfy { $0.pause != nil })
    return standing
  }
}
