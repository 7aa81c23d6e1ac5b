import Crypto
import JSON
import Jobs
import Primitives
import Reading
import Sessions
import Store

/// What all runs have in common that start from one state of a job, its agent and its environment. Stored once,
/// named by its text, and never changed: a run's own row holds only what came with its firing.
package final class Terms: Sendable {
  /// SHA-256 of the text, in lower-case hexadecimal.
  let hash: String
  /// As it is stored.
  let text: String
  let revision: Int
  /// The agent as sessions hold it.
  let agent: WrittenJSON
  let environmentID: String
  let environment: WrittenJSON
  /// The prompt before anything is put into it.
  let message: String
  /// The `user.define_outcome` body, or nil.
  let outcome: JSON?
  /// Whether a grader judges the outcome, besides the checks.
  let isGraded: Bool
  let checks: [Check]
  let timeout: Duration
  let deadline: Duration
  let attempts: Int
  let concurrency: Int
  /// As the job has them, with their templates.
  let callbacks: [Callback]
  let rehearsal: JSON?

  /// - Parameter rehearses: whether sessions play the job's rehearsal instead of asking models.
  convenience init(of job: Job, agent: JSON, environment: JSON, rehearses: Bool) {
    let outcome: JSON? = job.outcome.map { outcome in
      [
        "description": .string(outcome.description),
        "rubric": ["type": "text", "content": .string(outcome.criteria)],
        "max_iterations": .integer(Int64(outcome.maxIterations)),
      ]
    }
    var terms: JSON = [
      "revision": .integer(Int64(job.revision)), "agent": agent, "environment_id": .string(job.environment),
      "environment": environment, "message": .string(job.message), "outcome": outcome ?? .null,
      "checks": .array(job.outcome?.checks.map(\.json) ?? []),
      "timeout": .integer(job.limits.timeout.microseconds),
      "deadline": .integer(job.limits.deadline.microseconds),
      "attempts": .integer(Int64(job.limits.attempts)),
      "concurrency": .integer(Int64(job.limits.concurrency)),
      "callbacks": .array(job.callbacks.map(\.json)), "rehearsal": (rehearses ? job.rehearsal : nil) ?? .null,
    ]
    // Left out otherwise, so that the terms of before keep their names.
    if let outcome = job.outcome, outcome.rubric == nil { terms["graded"] = false }
    self.init(json: terms)
  }

  init(json: JSON) {
    text = json.text
    hash = Hex.encode(SHA256.hash(data: Array(text.utf8)))
    revision = json["revision"]?.intValue ?? 0
    agent = WrittenJSON(json["agent"] ?? .null)
    environmentID = json["environment_id"]?.stringValue ?? ""
    environment = WrittenJSON(json["environment"] ?? .null)
    message = json["message"]?.stringValue ?? ""
    outcome = json["outcome"]?.notNull
    isGraded = json["graded"]?.boolValue ?? true
    checks = json["checks"]?.arrayValue?.map(Check.init(json:)) ?? []
    timeout = .microseconds(json["timeout"]?.integerValue ?? 0)
    deadline = .microseconds(json["deadline"]?.integerValue ?? 0)
    attempts = json["attempts"]?.intValue ?? 1
    concurrency = json["concurrency"]?.intValue ?? 1
    callbacks = json["callbacks"]?.arrayValue?.map(Callback.init(json:)) ?? []
    rehearsal = json["rehearsal"]?.notNull
  }
}

extension Terms: Equatable {
  package static func == (left: Terms, right: Terms) -> Bool { left.hash == right.hash }
}
