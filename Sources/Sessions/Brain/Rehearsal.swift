import JSON
import Outcomes
import Sessions

/// A job's rehearsal: what the agent and the grader say when no model is to be asked.
///
/// ```
/// {"turns": [{"text": …, "thinking": …, "tools": [{"name": …, "input": {…}}], "delay": seconds}],
///  "evaluations": [{"result": …, "explanation": …, "criteria": […], "delay": seconds}]}
/// ```
struct Rehearsal: Sendable {
  struct Line: Sendable {
    var content: [JSON]
    var delay: Duration
  }

  /// What the agent says after its last turn.
  static let closing = "That was the last line of the rehearsal."
  /// What stands for the conversation so far when it has become too long.
  static let summary = Line(
    content: [["type": "text", "text": "The rehearsal has gone on for long."]], delay: .zero)

  private let turns: [Line]
  private let evaluations: [Line]

  /// - Throws: `ModelError.unavailable` naming the place that is wrong.
  init(_ json: JSON) throws(ModelError) {
    guard json.objectValue != nil else { throw Rehearsal.wrong("it", "must have `turns`") }
    var turns: [Line] = []
    for (place, turn) in (json["turns"]?.arrayValue ?? []).enumerated() {
      turns.append(
        Line(
          content: try Rehearsal.content(of: turn, number: place),
          delay: try Rehearsal.delay(of: turn, "turns[\(place)]")))
    }
    var evaluations: [Line] = []
    for (place, evaluation) in (json["evaluations"]?.arrayValue ?? []).enumerated() {
      evaluations.append(
        Line(
          content: [Rehearsal.submission(evaluation, number: place)],
          delay: try Rehearsal.delay(of: evaluation, "evaluations[\(place)]")))
    }
    self.turns = turns
    self.evaluations = evaluations
  }

  func turn(_ number: Int) -> Line {
    turns.indices.contains(number)
      ? turns[number]
      : Line(content: [["type": "text", "text": .string(Rehearsal.closing)]], delay: .zero)
  }

  /// A verdict that nobody wrote is never a good one.
  func evaluation(_ number: Int) -> Line {
    if evaluations.indices.contains(number) { return evaluations[number] }
    let verdict = Verdict(
      .failed, explanation: "The rehearsal has no verdict number \(number + 1). Add it to `evaluations`.")
    return Line(
      content: [
        Rehearsal.submission(
          [
            "result": .string(verdict.result.rawValue), "explanation": .string(verdict.explanation),
            "criteria": [],
          ], number: number)
      ], delay: .zero)
  }

  // MARK: Reading

  private static func content(of turn: JSON, number: Int) throws(ModelError) -> [JSON] {
    var content: [JSON] = []
    if let thinking = turn["thinking"]?.stringValue {
      content.append(["type": "thinking", "thinking": .string(thinking), "signature": "rehearsed"])
    }
    if let text = turn["text"]?.stringValue, !Blocks.isBlank(text) {
      content.append(["type": "text", "text": .string(text)])
    }
    for (place, tool) in (turn["tools"]?.arrayValue ?? []).enumerated() {
      guard let name = tool["name"]?.stringValue else {
        throw wrong("turns[\(number)].tools[\(place)]", "needs a `name`")
      }
      content.append([
        "type": "tool_use", "id": .string("toolu_rehearsal_\(number)_\(place)"), "name": .string(name),
        "input": tool["input"] ?? [:],
      ])
    }
    guard content.contains(where: { $0["type"]?.stringValue != "thinking" }) else {
      throw wrong("turns[\(number)]", "needs a `text` or `tools`")
    }
    return content
  }

  private static func submission(_ evaluation: JSON, number: Int) -> JSON {
    var input = evaluation
    input["delay"] = nil
    if input["criteria"] == nil { input["criteria"] = [] }
    return [
      "type": "tool_use", "id": .string("toolu_rehearsal_evaluation_\(number)"), "name": .string(Grader.tool),
      "input": input,
    ]
  }

  private static func delay(of line: JSON, _ place: String) throws(ModelError) -> Duration {
    guard let delay = line["delay"], !delay.isNull else { return .zero }
    guard let seconds = delay.numberValue, (0...86_400).contains(seconds) else {
      throw wrong("\(place).delay", "must be a number of seconds, at most 86400")
    }
    return .seconds(seconds)
  }

  private static func wrong(_ place: String, _ problem: String) -> ModelError {
    .unavailable(message: "The rehearsal cannot be played: \(place) \(problem).")
  }
}
