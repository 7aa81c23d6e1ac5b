import JSON
import Testing

@testable import Outcomes
@testable import Sessions

@Suite struct `A verdict` {
  @Test func `is read with its criteria`() throws {
    let verdict = try Verdict(submitted: [
      "result": "needs_revision", "explanation": "One is missing.",
      "criteria": [
        ["criterion": "has Shipped", "met": true, "evidence": "line 3"],
        ["criterion": "has Next", "met": false],
      ],
    ])
    #expect(
      verdict
        == Verdict(
          .needsRevision, explanation: "One is missing.",
          criteria: [
            Criterion("has Shipped", met: true, evidence: "line 3"),
            Criterion("has Next", met: false, evidence: ""),
          ]))
  }

  @Test(
    arguments: [
      (["explanation": "x"], "`result` is missing, not satisfied, needs_revision or failed"),
      (
        ["result": "good", "explanation": "x"],
        "`result` is \"good\", not satisfied, needs_revision or failed"
      ),
      (["result": "satisfied", "explanation": " "], "`explanation` is missing or empty"),
      (["result": "satisfied", "explanation": "x", "criteria": "none"], "`criteria` is not a list"),
      (
        ["result": "satisfied", "explanation": "x", "criteria": [["met": true]]],
        "`criteria[0]` needs a `criterion` and whether it is `met`"
      ),
      (
        ["result": "satisfied", "explanation": "x", "criteria": [["criterion": "short", "met": false]]],
        "it is satisfied although “short” is not met"
      ),
    ] as [(JSON, String)])
  func `that cannot be used says why`(input: JSON, problem: String) {
    #expect(throws: OutcomeError.brokenVerdict(problem)) { try Verdict(submitted: input) }
    #expect(
      OutcomeError.brokenVerdict(problem).description == "The grader's answer cannot be used: \(problem).")
  }

  @Test func `is taken from the forced call only`() {
    func reply(_ name: String, stop: String = "tool_use") -> ModelReply {
      ModelReply(
        content: [
          ["type": "text", "text": "hm"],
          [
            "type": "tool_use", "id": "t", "name": .string(name),
            "input": ["result": "satisfied", "explanation": "x", "criteria": []],
          ],
        ], stopReason: stop)
    }
    #expect(throws: Never.self) { try Grader.verdict(in: reply("submit_evaluation")) }
    #expect(
      throws: OutcomeError.brokenVerdict("it did not call submit_evaluation (stop reason end_turn)")
    ) { try Grader.verdict(in: reply("other", stop: "end_turn")) }
    #expect(throws: OutcomeError.brokenVerdict("it was cut at the limit of its length")) {
      try Grader.verdict(in: reply("submit_evaluation", stop: "max_tokens"))
    }
  }
}

@Suite struct `A rubric` {
  @Test(arguments: ["", "  \n\t"])
  func `that is empty is refused`(text: String) {
    #expect(throws: OutcomeError.emptyRubric) { try Rubric.validate(text) }
    #expect(OutcomeError.emptyRubric.description.hasPrefix("The rubric is empty. Write down"))
  }

  @Test func `may have 262144 characters and not one more`() {
    #expect(throws: Never.self) { try Rubric.validate(String(repeating: "é", count: 262_144)) }
    #expect(throws: OutcomeError.rubricTooLong(count: 262_145)) {
      try Rubric.validate(String(repeating: "a", count: 262_145))
    }
    #expect(
      OutcomeError.rubricTooLong(count: 262_145).description
        == "The rubric has 262145 characters; at most 262144 are allowed. Shorten it.")
  }
}
