package import JSON
import Primitives
package import Reading
import Sessions

/// What a rehearsed run plays instead of asking models: rehearsal.yaml, read as JSON.
///
///     turns:                     # the agent's replies, one for each time it is asked
///       - thinking: "…"          # optional
///         text: "…"              # optional, but a turn needs text or tools
///         tools:                 # called together
///           - name: bash
///             input: {command: "ls"}
///         delay: 500ms           # how long the reply takes, by default no time; a number means seconds
///     evaluations:               # the grader's verdicts, one for each time it is asked
///       - result: satisfied      # or needs_revision, failed
///         explanation: "…"
///         criteria: [{criterion: "…", met: true, evidence: "…"}]
///
/// An iteration whose checks fail does not ask the grader, so it uses no entry of `evaluations`: the first
/// entry is the answer to the grader's first question.
package enum Rehearsal {
  package static let turnLimit = 200
  /// The longest pause.
  package static let longestDelay = Duration.seconds(60)

  /// The rehearsal with every delay in seconds when it is right; nil, with notes, when it is not.
  package static func check(_ json: JSON, at path: FieldPath, _ findings: Findings) -> JSON? {
    let before = findings.problems.count
    guard let given = Fields(json, at: path, "a rehearsal", RehearsalShapes.rehearsal, findings) else {
      return nil
    }
    let turns = given.list("turns", limit: turnLimit, required: true)
    if turns.isEmpty, given["turns"]?.arrayValue != nil {
      given.add("turns", "A rehearsal needs at least one turn.")
    }
    for (value, path) in turns { checkTurn(value, path, findings) }
    for (value, path) in given.list("evaluations", limit: Outcome.maximumIterations) {
      checkEvaluation(value, path, findings)
    }
    guard findings.problems.count == before else { return nil }
    var played: JSON.Object = [:]
    for (key, lines) in given.object {
      played[key] = .array((lines.arrayValue ?? []).map(delayInSeconds))
    }
    return .object(played)
  }

  private static func checkTurn(_ value: JSON, _ path: FieldPath, _ findings: Findings) {
    guard let turn = Fields(value, at: path, "a turn", RehearsalShapes.turn, findings) else { return }
    let text = turn.text("text")
    _ = turn.text("thinking")
    checkDelay(turn)
    let tools = turn.list("tools", limit: 20)
    for (value, path) in tools {
      guard let tool = Fields(value, at: path, "a tool call", RehearsalShapes.tool, findings) else {
        continue
      }
      _ = tool.text("name", required: true, length: 1...128)
      _ = tool.fields("input", "a tool's input", keys: nil, required: true)
    }
    if text == nil, tools.isEmpty, turn["text"] == nil {
      findings.add(path, "A turn needs \"text\" or \"tools\".")
    }
  }

  private static func checkEvaluation(_ value: JSON, _ path: FieldPath, _ findings: Findings) {
    guard let evaluation = Fields(value, at: path, "an evaluation", RehearsalShapes.evaluation, findings)
    else { return }
    _ = evaluation.choice("result", of: RehearsalShapes.results, required: true)
    _ = evaluation.text("explanation", required: true)
    checkDelay(evaluation)
    for (value, path) in evaluation.list("criteria", limit: 100) {
      guard let criterion = Fields(value, at: path, "a criterion", RehearsalShapes.criterion, findings) else {
        continue
      }
      _ = criterion.text("criterion", required: true)
      _ = criterion.flag("met", required: true)
      _ = criterion.text("evidence", required: true)
    }
  }

  private static func checkDelay(_ fields: Fields) {
    if let seconds = fields["delay"]?.numberValue {
      if !(0...longestDelay.inSeconds).contains(seconds) {
        fields.add("delay", "Expected at most \(DurationText.text(longestDelay)), found \(seconds) seconds.")
      }
    } else {
      _ = fields.duration("delay", in: .zero...longestDelay)
    }
  }

  private static func delayInSeconds(_ line: JSON) -> JSON {
    guard let delay = line["delay"]?.stringValue.flatMap(DurationText.parse) else { return line }
    var line = line
    line["delay"] = .number(delay.inSeconds)
    return line
  }
}
