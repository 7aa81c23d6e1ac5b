package import JSON
package import Primitives
import Store

/// One execution for one firing.
package struct Run: Sendable, Equatable {
  /// queued → running ⇄ waiting → one of the terminal states. The first terminal state wins.
  package enum State: String, Sendable, CaseIterable {
    /// Nobody drives its session yet.
    case queued
    case running
    /// The agent waits for an answer, or was interrupted by a person. Uses no slot.
    case waiting
    /// The work is done; with an outcome, a grader was satisfied.
    case succeeded
    /// The iterations were used up before the outcome was reached.
    case unsatisfied
    case failed
    case cancelled
    case timedOut = "timed_out"
    /// A budget or another cap stopped it.
    case capped

    package var isTerminal: Bool {
      switch self {
      case .queued, .running, .waiting: false
      case .succeeded, .unsatisfied, .failed, .cancelled, .timedOut, .capped: true
      }
    }
  }

  package var id: String
  package var firing: String
  package var job: String
  package var jobName: String
  package var state: State
  /// Why it is in this state, for a person.
  package var reason: String?
  /// The terminal state that was decided from outside (cancelled, timed_out) and waits for the session to
  /// stop. The first cause wins.
  package var ending: State?
  package var endingReason: String?
  /// Everything it needs, as it was when it started.
  package var snapshot: Snapshot
  /// The session of the current attempt.
  package var session: String
  package var attempt: Int
  /// Where it takes its turn, if it does; see `Line`.
  var line: String?
  /// What the callbacks tell, once it has ended.
  package var result: JSON?
  /// Running time left, the current stretch not counted.
  package var remaining: Duration
  package var runningSince: Timestamp?
  /// The same by the clock that nobody sets, and the start of the machine that it counts from.
  var elapsedSince: Duration?
  var boot: String?
  package var createdAt: Timestamp
  package var startedAt: Timestamp?
  package var endedAt: Timestamp?

  /// - Parameter terms: those that the row names; nil for a row of earlier versions, which names none.
  init(_ row: Row, terms: Terms?) throws {
    id = try row["id"]
    firing = try row["firing_id"]
    job = try row["job_id"]
    jobName = try row["job_name"]
    state = State(rawValue: try row["state"]) ?? .failed
    reason = try row["reason"]
    ending = (try row["ending"] as String?).flatMap(State.init)
    endingReason = try row["ending_reason"]
    let own: JSON = try row["snapshot"]
    snapshot = try Snapshot(json: own, terms: terms)
    session = try row["session_id"]
    attempt = try row["attempt"]
    line = try row["line"]
    result = try row["result"]
    remaining = .microseconds(try row["remaining"] as Int64)
    runningSince = try row["running_since"]
    elapsedSince = (try row["elapsed_since"] as Int64?).map { .microseconds($0) }
    boot = try row["boot"]
    createdAt = try row["created_at"]
    startedAt = try row["started_at"]
    endedAt = try row["ended_at"]
  }

  /// The run as `/v1/runs` shows it.
  package var json: JSON {
    [
      "id": .string(id), "type": "run", "job": .string(jobName), "job_id": .string(job),
      "firing_id": .string(firing), "session_id": .string(session), "state": .string(state.rawValue),
      "reason": reason.map { .string($0) } ?? .null,
      "ending": ending.map { .string($0.rawValue) } ?? .null, "attempt": .integer(Int64(attempt)),
      "max_attempts": .integer(Int64(snapshot.terms.attempts)), "trigger": snapshot.trigger,
      "result": result ?? .null, "created_at": .string(createdAt.description),
      "started_at": startedAt.map { .string($0.description) } ?? .null,
      "ended_at": endedAt.map { .string($0.description) } ?? .null,
    ]
  }
}
