import JSON
import Testing

@testable import Outcomes
@testable import Sessions

@Suite struct `The iteration rule` {
  static let passed = CheckOutcome(name: "lint", result: CheckResult(exitCode: 0, tail: "fine"))
  static let failed = CheckOutcome(name: "headings", result: CheckResult(exitCode: 3, tail: "no Shipped"))

  @Test func `asks the grader when every check passes, or there is none`() {
    #expect(IterationRule.decision(afterChecks: [], iteration: 0, of: 1) == nil)
    #expect(IterationRule.decision(afterChecks: [Self.passed, Self.passed], iteration: 0, of: 1) == nil)
  }

  @Test(arguments: [
    ([passed], "The check “lint” passed."), ([passed, passed], "All 2 checks passed."),
  ])
  func `without a rubric, checks that pass are enough`(checks: [CheckOutcome], words: String) {
    let decision = IterationRule.decision(afterChecks: checks, iteration: 0, of: 3, isGraded: false)
    #expect(decision == Evaluation(result: .satisfied, explanation: words, checks: checks))
    #expect(decision?.isGraded == false)
  }

  @Test func `without a rubric, one check that fails is not`() {
    let decision = IterationRule.decision(
      afterChecks: [Self.passed, Self.failed], iteration: 0, of: 3, isGraded: false)
    #expect(decision?.result == .needsRevision)
  }

  @Test func `nothing is satisfied by no checks at all`() {
    #expect(IterationRule.decision(afterChecks: [], iteration: 0, of: 3, isGraded: false) == nil)
  }

  @Test(arguments: [
    (0, 3, Outcome.Result.needsRevision), (1, 3, .needsRevision), (2, 3, .maxIterationsReached),
    (0, 1, .maxIterationsReached), (19, 20, .maxIterationsReached),
  ])
  func `a failed check decides without the grader`(iteration: Int, maximum: Int, result: Outcome.Result) {
    let decision = IterationRule.decision(
      afterChecks: [Self.passed, Self.failed], iteration: iteration, of: maximum)
    #expect(decision?.result == result)
    #expect(decision?.isGraded == false)
    #expect(decision?.explanation == "The check “headings” failed with exit code 3.")
    #expect(decision?.checks.count == 2)
  }

  @Test(arguments: [
    (Verdict.Result.satisfied, 0, Outcome.Result.satisfied), (.satisfied, 2, .satisfied),
    (.needsRevision, 0, .needsRevision), (.needsRevision, 2, .maxIterationsReached),
    (.failed, 0, .failed), (.failed, 2, .failed),
  ])
  func `a verdict decides`(verdict: Verdict.Result, iteration: Int, result: Outcome.Result) {
    let decision = IterationRule.decision(
      Verdict(verdict, explanation: "why"), checks: [Self.passed], iteration: iteration, of: 3,
      usage: Usage(input: 7, output: 1))
    #expect(decision.result == result)
    #expect(decision.explanation == "why")
    #expect(decision.isGraded)
    #expect(decision.usage.inputTokens == 7)
  }

  @Test func `an evaluation is read back from the log`() {
    let evaluation = Evaluation(
      result: .needsRevision, explanation: "why", checks: [Self.failed],
      criteria: [Criterion("short", met: false, evidence: "3 pages")], isGraded: true)
    let event = Event(
      id: "sevt_1", type: .evaluationEnd,
      body: ["result": .string(evaluation.result.rawValue), "explanation": "why"], hidden: evaluation.hidden,
      position: 1, arrival: nil, revision: 1, processedAt: nil)
    #expect(Evaluation(ended: event) == evaluation)
  }
}
