package import JSON
package import Jobs
package import Primitives
import Store

/// The ledger row: one trigger occurrence for one job, and what was decided about it.
package struct Firing: Sendable, Equatable {
  package enum Decision: String, Sendable, CaseIterable {
    case started
    /// Went to a run that was there already.
    case joined
    case skipped
    case filtered
    /// Its time passed while nobody could fire it.
    case missed
    case superseded
    case failedToStart = "failed_to_start"
  }

  package var id: String
  package var job: String
  package var jobName: String
  package var trigger: String
  /// `schedule`, `backfill`, `webhook` or `manual`.
  package var kind: String
  /// The time the schedule names, without jitter or lateness.
  package var nominalAt: Timestamp?
  package var receipt: String?
  /// The rendered key of a webhook; of one key, one run is under way at a time.
  package var key: String?
  /// Who set it off, and how far they are trusted; nil for firings of earlier versions.
  package var actor: Actor?
  /// Nil while held.
  package var decision: Decision?
  package var reason: String?
  package var run: String?
  package var createdAt: Timestamp
  package var decidedAt: Timestamp?

  /// One that is not decided yet.
  init(id: String, job: String, jobName: String, _ occurrence: Occurrence, at now: Timestamp) {
    self.id = id
    self.job = job
    self.jobName = jobName
    trigger = occurrence.trigger
    kind = occurrence.kind
    switch occurrence.cause {
    case .time(let time): nominalAt = time
    case .receipt(let id): receipt = id
    case .request: break
    }
    actor = occurrence.actor
    createdAt = now
  }

  init(_ row: Row) throws {
    id = try row["id"]
    job = try row["job_id"]
    jobName = try row["job_name"]
    trigger = try row["trigger_id"]
    kind = try row["trigger_kind"]
    nominalAt = try row["nominal_at"]
    receipt = try row["receipt_id"]
    key = try row["repeat_key"]
    if let name: String = try row["actor"], let lane = Lane(rawValue: try row["lane"] ?? "") {
      actor = Actor(name: name, lane: lane)
    }
    decision = (try row["decision"] as String?).flatMap(Decision.init)
    reason = try row["reason"]
    run = try row["run_id"]
    createdAt = try row["created_at"]
    decidedAt = try row["decided_at"]
  }

  /// Whether it was decided, and no run has it.
  package var cameToNothing: Bool {
    switch decision {
    case nil, .started, .joined: false
    case .skipped, .filtered, .missed, .superseded, .failedToStart: true
    }
  }

  /// The firing as `/v1/firings` shows it.
  package var json: JSON {
    [
      "id": .string(id), "type": "firing", "job": .string(jobName), "job_id": .string(job),
      "trigger": .string(trigger), "kind": .string(kind),
      "nominal_at": nominalAt.map { .string($0.description) } ?? .null,
      "receipt_id": receipt.map { .string($0) } ?? .null, "key": key.map { .string($0) } ?? .null,
      "actor": actor?.json ?? .null,
      "decision": decision.map { .string($0.rawValue) } ?? .null,
      "reason": reason.map { .string($0) } ?? .null, "run_id": run.map { .string($0) } ?? .null,
      "created_at": .string(createdAt.description),
      "decided_at": decidedAt.map { .string($0.description) } ?? .null,
    ]
  }
}

/// What made a job start: the key of its ledger row, and what its prompt may use.
package struct Occurrence: Sendable, Equatable {
  package enum Cause: Sendable, Equatable {
    /// A schedule's nominal time.
    case time(Timestamp)
    /// A request that a source received.
    case receipt(String)
    /// A person or a program asked; repeats with the same key are one.
    case request(key: RequestKey?)
  }

  package var cause: Cause
  /// The trigger's id in the job; `manual` for a request.
  package var trigger: String
  /// What the template sees as `trigger` besides `kind`, `id` and `time`: `body`, `headers`, `input`.
  package var context: JSON.Object
  /// The member of `context` with what a request brought that only settings which are credentials may see, by its
  /// name in the body.
  package static let credentials = "credentials"
  /// Who set it off; by default the owner, whose schedules, keys and command line these are.
  package var actor: Actor
  /// What it is about, as the trigger's `key` renders; nil has the trigger's rendered.
  package var key: String?
  /// Instead of the job's overlap, for this start alone.
  package var overlap: Overlap?
  /// Whether the time is made up for: it is in the past on purpose, and does not count as the schedule's start.
  package var isBackfill: Bool
  /// Whether it comes late to make up for a time that nobody saw, be it by a schedule's own catching up.
  package var isMadeUp: Bool

  package init(
    cause: Cause, trigger: String, context: JSON.Object = [:], actor: Actor? = nil, key: String? = nil,
    overlap: Overlap? = nil, isBackfill: Bool = false, isMadeUp: Bool = false
  ) {
    self.cause = cause
    self.trigger = trigger
    self.context = context
    self.actor = actor ?? .owner
    self.key = key
    self.overlap = overlap
    self.isBackfill = isBackfill
    self.isMadeUp = isMadeUp || isBackfill
  }

  var kind: String {
    switch cause {
    case .time: isBackfill ? "backfill" : "schedule"
    case .receipt: "webhook"
    case .request: "manual"
    }
  }
}
