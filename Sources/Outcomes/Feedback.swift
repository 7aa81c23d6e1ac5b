import Sessions

/// What the agent is told about its outcome: the task, what to revise, and that it is over. Pure, and the
/// same for the same evaluation forever: the conversation is rebuilt from the log at every wake.
package enum Feedback {
  /// How much of a failed check's output the agent sees.
  static let tail = 2_000

  /// The task that an outcome sets.
  package static func task(description: String, rubric: String) -> String {
    """
    Work towards this outcome:
    \(description)

    Your result will be judged against this rubric:
    \(rubric)

    Put everything you deliver into \(Place.outputs). When you have finished, say so in a short message; the \
    result is then judged, and you are told what to revise if it does not suffice.
    """
  }

  /// What is asked of the agent after an evaluation; nil when nothing is.
  package static func message(after evaluation: Evaluation) -> String? {
    switch evaluation.result {
    case .needsRevision: revision(evaluation)
    case .maxIterationsReached: acknowledgement(evaluation)
    default: nil
    }
  }

  private static func revision(_ evaluation: Evaluation) -> String {
    var parts = ["Your result was evaluated and needs revision.", evaluation.explanation]
    parts += problems(evaluation)
    parts.append("Revise the result in \(Place.outputs), then say that you have finished.")
    return parts.joined(separator: "\n\n")
  }

  private static func acknowledgement(_ evaluation: Evaluation) -> String {
    var parts = [
      "Your result was evaluated for the last time and does not suffice yet.", evaluation.explanation,
    ]
    parts += problems(evaluation)
    parts.append(
      "There is no further evaluation. Change nothing more; say in a short message what is done and what is "
        + "missing.")
    return parts.joined(separator: "\n\n")
  }

  private static func problems(_ evaluation: Evaluation) -> [String] {
    var parts: [String] = []
    for check in evaluation.checks where !check.passed {
      let output = String(check.result.tail.suffix(tail))
      let ending = check.result.exitCode == 124 ? "did not end in time" : "exit code \(check.result.exitCode)"
      parts.append(
        "Failed check “\(check.name)” (\(ending))"
          + (output.isBlank ? ". It printed nothing." : ". The end of its output:\n\(output)"))
    }
    let open = evaluation.criteria.filter { !$0.met }
    if !open.isEmpty {
      parts.append(
        "Criteria that are not met:\n"
          + open.map { "- \($0.criterion)\($0.evidence.isBlank ? "" : ": \($0.evidence)")" }
          .joined(separator: "\n"))
    }
    return parts
  }
}

/// Where things lie in a session's sandbox.
package enum Place {
  package static let outputs = "/mnt/session/outputs"
  package static let uploads = "/mnt/session/uploads"
  package static let workspace = "/workspace"
}
