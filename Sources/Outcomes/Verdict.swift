package import JSON

/// What the grader said about one criterion of the rubric.
package struct Criterion: Sendable, Equatable {
  /// The criterion in the grader's words.
  package var criterion: String
  package var met: Bool
  /// What in the deliverables shows it.
  package var evidence: String

  package init(_ criterion: String, met: Bool, evidence: String) {
    self.criterion = criterion
    self.met = met
    self.evidence = evidence
  }

  package var json: JSON {
    ["criterion": .string(criterion), "met": .bool(met), "evidence": .string(evidence)]
  }

  package init(json: JSON) {
    self.init(
      json["criterion"]?.stringValue ?? "", met: json["met"]?.boolValue ?? false,
      evidence: json["evidence"]?.stringValue ?? "")
  }
}

/// A grader's whole answer: the input of its `submit_evaluation` call.
package struct Verdict: Sendable, Equatable {
  package enum Result: String, Sendable {
    case satisfied
    case needsRevision = "needs_revision"
    /// The rubric does not fit what was to be made; another pass would not help.
    case failed
  }

  package var result: Result
  package var explanation: String
  package var criteria: [Criterion]

  package init(_ result: Result, explanation: String, criteria: [Criterion] = []) {
    self.result = result
    self.explanation = explanation
    self.criteria = criteria
  }

  /// Reads the input of the grader's tool call.
  /// - Throws: `OutcomeError.brokenVerdict`, which says what is wrong with it.
  package init(submitted input: JSON) throws(OutcomeError) {
    guard let name = input["result"]?.stringValue, let result = Result(rawValue: name) else {
      throw .brokenVerdict(
        "`result` is \(input["result"]?.text ?? "missing"), not satisfied, needs_revision or failed")
    }
    guard let explanation = input["explanation"]?.stringValue, !explanation.isBlank else {
      throw .brokenVerdict("`explanation` is missing or empty")
    }
    guard let entries = (input["criteria"] ?? []).arrayValue else {
      throw .brokenVerdict("`criteria` is not a list")
    }
    var criteria: [Criterion] = []
    for (place, entry) in entries.enumerated() {
      guard let text = entry["criterion"]?.stringValue, !text.isBlank, entry["met"]?.boolValue != nil else {
        throw .brokenVerdict("`criteria[\(place)]` needs a `criterion` and whether it is `met`")
      }
      criteria.append(Criterion(json: entry))
    }
    if result == .satisfied, let open = criteria.first(where: { !$0.met }) {
      throw .brokenVerdict("it is satisfied although “\(open.criterion)” is not met")
    }
    self.init(result, explanation: explanation, criteria: criteria)
  }
}

extension String {
  var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
