package import Catalog
package import JSON
package import Primitives
package import Sessions

/// What a user wants done: who does it where, when it starts, what it is told, when its result is good
/// enough, and where that goes.
///
/// Secrets in it are references. A run copies what it needs when it starts.
package struct Job: Sendable, Equatable {
  /// `depl_…`: the wire calls a job a deployment.
  package var id: String
  /// Unique among the jobs of files.
  package var name: String
  package var description: String?
  package var origin: Origin
  /// An agent's id; a run takes its latest version.
  package var agent: String
  /// An environment's id.
  package var environment: String
  package var triggers: [Trigger]
  /// What happens to a start that comes while an earlier one has not ended. Nil: `skip` when the job has a
  /// schedule, else starts by hand run beside each other. Webhooks follow their trigger's key instead.
  package var overlap: Overlap?
  /// A start that could not run so long after its time is not made any more; nil for no end.
  package var expires: Duration?
  /// The template of the first message.
  package var message: String
  package var files: [JobFile]
  package var repositories: [JobRepository] = []
  package var outcome: JobOutcome?
  package var limits: Limits
  package var callbacks: [Callback]
  /// What a rehearsed run plays; the contract is at `Rehearsal`.
  package var rehearsal: JSON?
  /// From 1, one more with each effective change.
  package var revision: Int
  package var createdAt: Timestamp
  package var updatedAt: Timestamp
  package var archivedAt: Timestamp?
  /// The folder that it was last read from, as an absolute path, or in whose name it was applied; nil for jobs of the
  /// API, and for those that were applied before this was kept.
  package var keeper: String?
  /// Its job file in that folder, as an absolute path; nil when it was applied from elsewhere.
  package var file: String?

  /// How starts by time and by hand meet those that have not ended.
  package var effectiveOverlap: Overlap {
    overlap ?? (triggers.contains { if case .schedule = $0.kind { true } else { false } } ? .skip : .allowAll)
  }

  /// - Throws: `JobsError.noSuchTrigger`.
  package func trigger(_ id: String) throws -> Trigger {
    guard let trigger = triggers.first(where: { $0.id == id }) else {
      throw JobsError.noSuchTrigger(job: name, trigger: id, known: triggers.map(\.id))
    }
    return trigger
  }
}

/// A file that a run finds in its sandbox.
package struct JobFile: Sendable, Equatable {
  /// The whole path inside, below `/mnt/session/uploads`.
  package var path: String
  /// The path's last part.
  package var name: String
  package var content: Content

  package init(path: String, content: Content) {
    self.path = path
    name = path.split(separator: "/").last.map(String.init) ?? path
    self.content = content
  }
}

/// When the result is good enough.
package struct JobOutcome: Sendable, Equatable {
  package var description: String
  /// The rubric's text; nil when the checks alone decide, and nothing is asked of a grader.
  package var rubric: String?
  package var checks: [Check]
  /// From 1 to `Outcome.maximumIterations`, by default `Outcome.defaultIterations`.
  package var maxIterations: Int

  package init(description: String, rubric: String?, checks: [Check], maxIterations: Int) {
    self.description = description
    self.rubric = rubric
    self.checks = checks
    self.maxIterations = maxIterations
  }

  /// By what the result is judged, as the agent is told and the wire shows it: there an outcome has a rubric.
  package var criteria: String {
    if let rubric { return rubric }
    let names = checks.map { "- \($0.name)" }.joined(separator: "\n")
    return
      "Each of these checks passes. They are commands that are run here once you have finished.\n\(names)"
  }
}

/// Where a result goes.
package struct Callback: Sendable, Equatable {
  /// The name of the target's kind: `webhook`, `directory` …
  package var kind: String
  /// As the file has it, without `states`; secrets are references.
  package var settings: JSON
  /// The end states of runs that it wants to hear of; nil for all.
  package var states: [String]?

  package init(kind: String, settings: JSON, states: [String]? = nil) {
    self.kind = kind
    self.settings = settings
    self.states = states
  }

  /// How a run can end.
  package static let endStates = ["succeeded", "unsatisfied", "failed", "cancelled", "timed_out", "capped"]

  package func wants(_ state: String) -> Bool {
    states?.contains(state) ?? true
  }

  package var json: JSON {
    var object: JSON.Object = ["kind": .string(kind), "settings": settings]
    if let states { object["states"] = .array(states.map { .string($0) }) }
    return .object(object)
  }

  package init(json: JSON) {
    kind = json["kind"]?.stringValue ?? ""
    settings = json["settings"] ?? [:]
    states = json["states"]?.arrayValue?.compactMap(\.stringValue)
  }
}

/// Where webhooks come from; owns the address `/hooks/<name>` and its secrets.
package struct Source: Sendable, Equatable {
  package var name: String
  package var kind: String
  /// As the file has it, without name and kind; secrets are references.
  package var settings: JSON

  package init(name: String, kind: String, settings: JSON) {
    self.name = name
    self.kind = kind
    self.settings = settings
  }

  /// The settings as they are worked with.
  /// - Parameter besides: those that are left out.
  /// - Throws: `SecretError`.
  package func settings(besides names: Set<String> = []) throws(SecretError) -> Settings {
    var wanted = settings.objectValue ?? [:]
    for name in names { wanted[name] = nil }
    return try Settings(written: .object(wanted))
  }

  package var json: JSON {
    var object: JSON.Object = ["type": "source", "name": .string(name), "kind": .string(kind)]
    object["settings"] = settings
    return .object(object)
  }
}
