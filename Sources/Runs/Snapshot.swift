import Catalog
package import JSON
package import Jobs
package import Primitives
import Queue
package import Sessions

/// What a run took from its job when it started. Later edits of the job change nothing here; secrets stay
/// references.
package struct Snapshot: Sendable, Equatable {
  package var revision: Int
  /// What fired, without the outside text that came with it.
  package var trigger: JSON
  /// The agent as sessions hold it.
  package var agent: JSON
  package var environmentID: String
  package var environment: JSON
  /// The rendered prompt.
  package var message: String
  /// What joined the run after it had started, rendered like the message.
  package var joined: [String] = []
  /// File resources of the wire, with the contents' hashes.
  package var resources: [JSON]
  /// The `user.define_outcome` body, or nil.
  package var outcome: JSON?
  package var checks: [Check]
  package var timeout: Duration
  package var deadline: Duration
  package var attempts: Int
  package var concurrency: Int
  package var callbacks: [Callback]
  package var rehearsal: JSON?
  /// When it is not worth beginning any more; nil for no end.
  package var expiresAt: Timestamp?

  /// A session for one attempt.
  func session(job: String, name: String) -> NewSession {
    NewSession(
      agent: agent, environmentID: environmentID, environment: environment, title: name,
      resources: resources, checks: checks, rehearsal: rehearsal,
      slot: Slot(name: "job:\(job)", limit: concurrency))
  }

  /// The inputs that every attempt begins with.
  var inputs: [NewEvent] {
    var inputs = [Snapshot.message(message)]
    inputs += joined.map(Snapshot.message)
    if let outcome { inputs.append(NewEvent(.userDefineOutcome, outcome.objectValue ?? [:])) }
    return inputs
  }

  static func message(_ text: String) -> NewEvent {
    NewEvent(.userMessage, ["content": [["type": "text", "text": .string(text)]]])
  }

  var json: JSON {
    [
      "revision": .integer(Int64(revision)), "trigger": trigger, "agent": agent,
      "environment_id": .string(environmentID), "environment": environment, "message": .string(message),
      "resources": .array(resources), "outcome": outcome ?? .null, "checks": .array(checks.map(\.json)),
      "timeout": .integer(timeout.microseconds), "deadline": .integer(deadline.microseconds),
      "attempts": .integer(Int64(attempts)), "concurrency": .integer(Int64(concurrency)),
      "callbacks": .array(callbacks.map(\.json)), "rehearsal": rehearsal ?? .null,
      "joined": .array(joined.map { .string($0) }),
      "expires_at": expiresAt.map { .string($0.description) } ?? .null,
    ]
  }

  init(json: JSON) {
    revision = json["revision"]?.intValue ?? 0
    trigger = json["trigger"] ?? .null
    agent = json["agent"] ?? .null
    environmentID = json["environment_id"]?.stringValue ?? ""
    environment = json["environment"] ?? .null
    message = json["message"]?.stringValue ?? ""
    resources = json["resources"]?.arrayValue ?? []
    outcome = json["outcome"]?.notNull
    checks = json["checks"]?.arrayValue?.map(Check.init(json:)) ?? []
    timeout = .microseconds(json["timeout"]?.integerValue ?? 0)
    deadline = .microseconds(json["deadline"]?.integerValue ?? 0)
    attempts = json["attempts"]?.intValue ?? 1
    concurrency = json["concurrency"]?.intValue ?? 1
    callbacks = json["callbacks"]?.arrayValue?.map(Callback.init(json:)) ?? []
    rehearsal = json["rehearsal"]?.notNull
    joined = json["joined"]?.arrayValue?.compactMap(\.stringValue) ?? []
    expiresAt = json["expires_at"]?.stringValue.flatMap(Timestamp.init)
  }

  init(
    of job: Job, callbacks: [Callback], trigger: JSON, agent: JSON, environment: JSON, message: String,
    resources: [JSON],
    rehearsal: JSON?
  ) {
    revision = job.revision
    self.trigger = trigger
    self.agent = agent
    environmentID = job.environment
    self.environment = environment
    self.message = message
    self.resources = resources
    outcome = job.outcome.map { outcome in
      [
        "description": .string(outcome.description),
        "rubric": ["type": "text", "content": .string(outcome.rubric)],
        "max_iterations": .integer(Int64(outcome.maxIterations)),
      ]
    }
    checks = job.outcome?.checks ?? []
    timeout = job.limits.timeout
    deadline = job.limits.deadline
    attempts = job.limits.attempts
    concurrency = job.limits.concurrency
    self.callbacks = callbacks
    self.rehearsal = rehearsal
  }
}
