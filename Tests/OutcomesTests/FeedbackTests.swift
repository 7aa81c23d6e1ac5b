import Testing

@testable import Outcomes
@testable import Sessions

@Suite struct `What the agent is told` {
  @Test func `names failed checks with the end of their output, and criteria that are not met`() {
    let message = Feedback.message(
      after: Evaluation(
        result: .needsRevision, explanation: "Two things are missing.",
        checks: [
          CheckOutcome(name: "lint", result: CheckResult(exitCode: 0, tail: "clean")),
          CheckOutcome(name: "headings", result: CheckResult(exitCode: 1, tail: "no Shipped")),
          CheckOutcome(name: "slow", result: CheckResult(exitCode: 124, tail: " \n")),
        ],
        criteria: [
          Criterion("short", met: true, evidence: "12 lines"),
          Criterion("has a date", met: false, evidence: "none in the title"),
        ], isGraded: true))
    #expect(
      message == """
        Your result was evaluated and needs revision.

        Two things are missing.

        Failed check “headings” (exit code 1). The end of its output:
        no Shipped

        Failed check “slow” (did not end in time). It printed nothing.

        Criteria that are not met:
        - has a date: none in the title

        Revise the result in /mnt/session/outputs, then say that you have finished.
        """)
  }

  @Test func `shows no more than the last 2000 characters of an output`() throws {
    let output = String(repeating: "x", count: 3_000) + "end"
    let message = try #require(
      Feedback.message(
        after: Evaluation(
          result: .needsRevision, explanation: "No.",
          checks: [CheckOutcome(name: "c", result: CheckResult(exitCode: 1, tail: output))])))
    #expect(message.contains("xend"))
    #expect(message.count { $0 == "x" } < 2_010)
  }

  @Test func `after the last iteration asks for an acknowledgement`() throws {
    let message = try #require(
      Feedback.message(after: Evaluation(result: .maxIterationsReached, explanation: "Still wrong.")))
    #expect(message.contains("Still wrong."))
    #expect(message.contains("There is no further evaluation."))
  }

  @Test(arguments: [Outcome.Result.satisfied, .failed, .interrupted])
  func `is none after a terminal result`(result: Outcome.Result) {
    #expect(Feedback.message(after: Evaluation(result: result, explanation: "x")) == nil)
  }
}
