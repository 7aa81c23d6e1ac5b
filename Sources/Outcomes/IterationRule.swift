package import Sessions

/// Decides what an evaluation comes to. Pure.
///
/// Checks come first: when one fails, the grader is not asked. A verdict that wants another pass is the end
/// on the last iteration.
package enum IterationRule {
  /// The evaluation, if the checks alone decide it; nil when the grader has to be asked.
  /// - Parameter isGraded: whether there is a rubric. Without one, checks that pass are enough; without checks
  ///   too, nothing could be said, and the grader is asked all the same.
  package static func decision(
    afterChecks checks: [CheckOutcome], iteration: Int, of maxIterations: Int, isGraded: Bool = true
  ) -> Evaluation? {
    let failed = checks.filter { !$0.passed }
    if failed.isEmpty, !isGraded, let first = checks.first {
      return Evaluation(
        result: .satisfied,
        explanation: checks.count == 1
          ? "The check “\(first.name)” passed." : "All \(checks.count) checks passed.",
        checks: checks)
    }
    guard !failed.isEmpty else { return nil }
    let names = failed.map { "“\($0.name)”" }.joined(separator: ", ")
    return Evaluation(
      result: revision(iteration, of: maxIterations),
      explanation: failed.count == 1
        ? "The check \(names) failed with exit code \(failed[0].result.exitCode)."
        : "\(failed.count) checks failed: \(names).",
      checks: checks)
  }

  /// The evaluation that the grader's verdict makes.
  package static func decision(
    _ verdict: Verdict, checks: [CheckOutcome], iteration: Int, of maxIterations: Int, usage: Usage
  ) -> Evaluation {
    let result: Outcome.Result =
      switch verdict.result {
      case .satisfied: .satisfied
      case .failed: .failed
      case .needsRevision: revision(iteration, of: maxIterations)
      }
    return Evaluation(
      result: result, explanation: verdict.explanation, checks: checks, criteria: verdict.criteria,
      isGraded: true, usage: usage)
  }

  /// Another pass, unless this was the last. Iterations count from 0.
  private static func revision(_ iteration: Int, of maxIterations: Int) -> Outcome.Result {
    iteration + 1 < maxIterations ? .needsRevision : .maxIterationsReached
  }
}
