import JSON
package import Reading
import Sessions

/// What a rehearsal.yaml may say.
package enum RehearsalShapes {
  typealias Field = ObjectShape.Field

  /// A duration, or a number of seconds.
  private static let delay = ValueShape.anyOf([
    .duration, .schema(["type": "number", "minimum": 0, "maximum": 60]),
  ])

  static let tool = ObjectShape(
    [
      Field("name", .text(1...128), "The tool.", isRequired: true),
      Field("input", .map(.any), "Its input; the tool is real.", isRequired: true),
    ], example: "{name: bash, input: {command: ls}}")

  static let turn = ObjectShape(
    [
      Field("text", .line, "What the agent says."), Field("thinking", .line, "What it thinks."),
      Field("tools", .list(.object(tool), atMost: 20), "What it calls, together."),
      Field("delay", delay, "How long the reply takes."),
    ], needsOneOf: ["text", "tools"], example: "{text: It is written.}")

  static let criterion = ObjectShape(
    [
      Field("criterion", .line, "A criterion of the rubric.", isRequired: true),
      Field("met", .flag, "Whether it is met.", isRequired: true),
      Field("evidence", .line, "What shows it.", isRequired: true),
    ], example: "{criterion: Short, met: true, evidence: One page.}")

  static let results = ["satisfied", "needs_revision", "failed"]

  static let evaluation = ObjectShape(
    [
      Field("result", .choice(results), "The verdict.", isRequired: true),
      Field("explanation", .line, "Why, for the agent and for people.", isRequired: true),
      Field("criteria", .list(.object(criterion), atMost: 100), "Each criterion with its evidence."),
      Field("delay", delay, "How long the verdict takes."),
    ], example: "{result: satisfied, explanation: It is there.}")

  package static let rehearsal = ObjectShape(
    [
      Field(
        "turns", .list(.object(turn), atMost: Rehearsal.turnLimit),
        "The agent's replies, one for each time it is asked.", isRequired: true),
      Field(
        "evaluations", .list(.object(evaluation), atMost: Outcome.maximumIterations),
        "The grader's verdicts, one for each time the checks have passed."),
    ], example: "{turns: [{text: Done.}]}")
}
