package import JSON
import Jobs
import Primitives
import Runs
package import Store

// Schedules as `/v1/schedules` shows them, and what was decided about their times.
extension Schedules {
  /// The resource, with what comes next and what came last.
  package func json(_ tx: Transaction, _ schedule: Schedule) throws -> JSON {
    func text(_ time: Timestamp?) -> JSON { .string(orNull: time?.description) }
    let upcoming = try self.upcoming(tx, schedule)
    var last = JSON.null
    if let id = schedule.lastFiring {
      let firing = try runs.firing(tx, id)
      last = [
        "firing_id": .string(id), "nominal_at": text(firing.nominalAt), "fired_at": text(firing.createdAt),
        "late_ms": schedule.lastLate.map { .integer($0.microseconds / 1000) } ?? .null,
        "decision": .string(orNull: firing.decision?.rawValue), "reason": .string(orNull: firing.reason),
        "run_id": .string(orNull: firing.run),
      ]
    }
    var object: JSON.Object = [
      "id": .string(schedule.id), "type": "schedule", "job": .string(schedule.jobName),
      "job_id": .string(schedule.job), "trigger": .string(schedule.trigger),
      "expression": .string(schedule.spec.words), "timezone": .string(schedule.spec.timezone),
      "spec": schedule.spec.json, "state": .string(schedule.state.rawValue),
      "paused": schedule.pause.map {
        ["at": text($0.at), "by": .string($0.by), "reason": .string($0.reason)]
      } ?? .null,
    ]
    object["next_at"] = text(upcoming.first)
    object["due_at"] = upcoming.first == schedule.nextAt ? text(schedule.dueAt) : text(upcoming.first)
    object["skips"] = .array(try skips(tx, schedule).map(\.json))
    object["upcoming"] = .array(upcoming.map { text($0) })
    object["last"] = last
    object["decided_to"] = text(schedule.cursor)
    object["starts_left"] = schedule.startsLeft.map { .integer(Int64($0)) } ?? .null
    let standing = try standing(tx, schedule)
    object["failures_in_a_row"] = .integer(Int64(standing.failures))
    object["counts"] = standing.counts.json
    return .object(object)
  }
}

extension Span {
  package var json: JSON {
    [
      "id": .string(id), "type": "schedule_span", "after": .string(after.description),
      "until": .string(orNull: until?.description), "decision": .string(decision.rawValue),
      "reason": .string(reason), "times": times.map { .integer(Int64($0)) } ?? .null,
    ]
  }
}
