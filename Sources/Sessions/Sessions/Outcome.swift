package import JSON
package import Primitives

/// What a session is to achieve, and how far it has come: an entry of the wire's `outcome_evaluations`.
package struct Outcome: Sendable, Equatable {
  /// Default and maximum of `max_iterations`.
  package static let defaultIterations = 3
  package static let maximumIterations = 20

  package enum Result: String, Sendable {
    case pending, running, evaluating
    case satisfied
    case needsRevision = "needs_revision"
    case maxIterationsReached = "max_iterations_reached"
    case failed
    case interrupted

    /// Whether the outcome is decided. `needs_revision` ends an evaluation, not the outcome.
    package var isTerminal: Bool {
      switch self {
      case .satisfied, .maxIterationsReached, .failed, .interrupted: true
      case .pending, .running, .evaluating, .needsRevision: false
      }
    }
  }

  package var id: String
  package var description: String
  package var rubric: String
  /// Whether a grader judges by the rubric once the checks have passed; else the checks alone decide.
  package var isGraded: Bool
  package var maxIterations: Int
  /// The number of the current or latest evaluation, from 0.
  package var iteration: Int
  package var result: Result
  /// The latest verdict's text.
  package var explanation: String?
  package var completedAt: Timestamp?

  package init(
    id: String, description: String, rubric: String, maxIterations: Int, isGraded: Bool = true,
    iteration: Int = 0, result: Result = .pending, explanation: String? = nil, completedAt: Timestamp? = nil
  ) {
    self.id = id
    self.description = description
    self.rubric = rubric
    self.maxIterations = maxIterations
    self.isGraded = isGraded
    self.iteration = iteration
    self.result = result
    self.explanation = explanation
    self.completedAt = completedAt
  }

  /// The number of the evaluation that is under way or comes next.
  package var upcoming: Int { result == .running && explanation != nil ? iteration + 1 : iteration }

  /// What the log keeps with a `user.define_outcome` that no grader judges. Only a run's own outcome can be so: the
  /// wire has no word for it.
  package static let ungraded: JSON = ["graded": false]

  /// What a `user.define_outcome` asks for; pending until the agent takes it.
  init(defined event: Event) {
    let body = event.body
    self.init(
      id: body["outcome_id"]?.stringValue ?? "", description: body["description"]?.stringValue ?? "",
      rubric: body["rubric"]?["content"]?.stringValue ?? "",
      maxIterations: body["max_iterations"]?.intValue ?? Outcome.defaultIterations,
      isGraded: event.hidden?["graded"]?.boolValue ?? true)
  }

  /// As the wire shows it. The rubric is in the defining event.
  package var json: JSON {
    var object: JSON.Object = [
      "type": "outcome_evaluation", "outcome_id": .string(id), "description": .string(description),
      "iteration": .integer(Int64(iteration)), "result": .string(result.rawValue),
    ]
    if let explanation { object["explanation"] = .string(explanation) }
    if let completedAt { object["completed_at"] = .string(completedAt.description) }
    return .object(object)
  }

  var stored: JSON {
    var object = json.objectValue ?? [:]
    object["rubric"] = .string(rubric)
    object["max_iterations"] = .integer(Int64(maxIterations))
    if !isGraded { object["graded"] = false }
    return .object(object)
  }

  init(stored json: JSON) {
    self.init(
      id: json["outcome_id"]?.stringValue ?? "", description: json["description"]?.stringValue ?? "",
      rubric: json["rubric"]?.stringValue ?? "",
      maxIterations: json["max_iterations"]?.intValue ?? Outcome.defaultIterations,
      isGraded: json["graded"]?.boolValue ?? true, iteration: json["iteration"]?.intValue ?? 0,
      result: json["result"]?.stringValue.flatMap(Result.init) ?? .pending,
      explanation: json["explanation"]?.stringValue,
      completedAt: json["completed_at"]?.stringValue.flatMap { Timestamp($0) })
  }
}

/// A command that must exit with 0 before the grader is asked.
package struct Check: Sendable, Equatable {
  /// How long one may run.
  package static let limit = Duration.seconds(120)

  package var name: String
  /// A line for `bash -c` in the sandbox.
  package var run: String

  package init(name: String, run: String) {
    self.name = name
    self.run = run
  }

  package var json: JSON { ["name": .string(name), "run": .string(run)] }

  package init(json: JSON) {
    self.init(name: json["name"]?.stringValue ?? "", run: json["run"]?.stringValue ?? "")
  }
}
