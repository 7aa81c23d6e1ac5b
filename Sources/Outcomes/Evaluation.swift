package import JSON
package import Sessions

/// What one evaluation came to, checks and verdict together.
package struct Evaluation: Sendable, Equatable {
  package var result: Outcome.Result
  /// For the agent and for people.
  package var explanation: String
  package var checks: [CheckOutcome]
  /// Empty when the grader was not asked.
  package var criteria: [Criterion]
  /// Whether the grader gave a verdict. Not when a check failed before.
  package var isGraded: Bool
  /// Tokens of the grader's requests.
  package var usage: Usage

  package init(
    result: Outcome.Result, explanation: String, checks: [CheckOutcome] = [], criteria: [Criterion] = [],
    isGraded: Bool = false, usage: Usage = Usage()
  ) {
    self.result = result
    self.explanation = explanation
    self.checks = checks
    self.criteria = criteria
    self.isGraded = isGraded
    self.usage = usage
  }

  /// What the log keeps beside the wire's fields of `span.outcome_evaluation_end`.
  package var hidden: JSON {
    [
      "checks": .array(checks.map(\.json)), "criteria": .array(criteria.map(\.json)),
      "graded": .bool(isGraded),
    ]
  }

  /// Reads the end of an evaluation back from the log.
  package init(ended event: Event) {
    self.init(
      result: event.body["result"]?.stringValue.flatMap(Outcome.Result.init) ?? .failed,
      explanation: event.body["explanation"]?.stringValue ?? "",
      checks: event.hidden?["checks"]?.arrayValue?.map(CheckOutcome.init(json:)) ?? [],
      criteria: event.hidden?["criteria"]?.arrayValue?.map(Criterion.init(json:)) ?? [],
      isGraded: event.hidden?["graded"]?.boolValue ?? false)
  }
}
