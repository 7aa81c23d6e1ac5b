package import JSON
package import Sessions

/// The question to the grader, which sees the outcome, the rubric and what was made, and nothing of how.
package enum Grader {
  /// The tool that it must call.
  package static let tool = "submit_evaluation"
  /// How often a grader whose answer cannot be used is asked in all.
  package static let maximumTries = 3
  /// The most bytes of one deliverable, and of all together, that it is shown.
  package static let fileLimit = 64 * 1024
  package static let totalLimit = 256 * 1024
  /// The most deliverables that are named.
  static let listLimit = 200

  /// - Parameters:
  ///   - call: the number of verdicts that this session's graders have given before.
  ///   - final: the agent's last message.
  package static func request(
    for outcome: Outcome, iteration: Int, call: Int, deliverables: [Deliverable], final: String?, model: JSON,
    outside: OutsideText
  ) -> ModelRequest {
    let system = """
      You judge whether a piece of work meets a rubric. Judge what is there, not what is claimed: a criterion \
      is met only if the deliverables show it. Call \(tool) exactly once.
      - satisfied: every criterion is met.
      - needs_revision: something is missing that another pass could add; the explanation says what.
      - failed: the rubric does not fit the work at all, so that no revision could meet it.
      List each criterion of the rubric with the evidence you found. \(outside.explanation)
      """
    let text = """
      The outcome that was asked for:
      \(outcome.description)

      The rubric:
      \(outcome.rubric)

      The deliverables:
      \(describe(deliverables, outside))

      The worker's final message:
      \(final.map { outside.block("message", $0) } ?? "There is none.")
      """
    return ModelRequest(
      purpose: .evaluation(iteration: iteration, call: call), model: model, system: system,
      tools: [definition],
      messages: [["role": "user", "content": [["type": "text", "text": .string(text)]]]],
      forcedTool: tool, maxTokens: 8_192)
  }

  /// The verdict in the grader's reply.
  /// - Throws: `OutcomeError.brokenVerdict`.
  package static func verdict(in reply: ModelReply) throws(OutcomeError) -> Verdict {
    if reply.stopReason == "max_tokens" {
      throw .brokenVerdict("it was cut at the limit of its length")
    }
    let call = reply.content.first {
      $0["type"]?.stringValue == "tool_use" && $0["name"]?.stringValue == tool
    }
    guard let input = call?["input"] else {
      throw .brokenVerdict("it did not call \(tool) (stop reason \(reply.stopReason))")
    }
    return try Verdict(submitted: input)
  }

  private static func describe(_ deliverables: [Deliverable], _ outside: OutsideText) -> String {
    if deliverables.isEmpty { return "There are none." }
    var room = totalLimit
    var parts = deliverables.prefix(listLimit).map { file -> String in
      let limit = min(room, fileLimit)
      guard let text = file.text(upTo: limit) else {
        return outside.block("file", "\(file.path), \(file.size) bytes, not shown: it is no text or too long")
      }
      room -= text.utf8.count
      let cut = text.utf8.count < Int(file.size) ? "\n(cut here; the file has \(file.size) bytes)" : ""
      return outside.block("file \(file.path), \(file.size) bytes", text + cut)
    }
    if deliverables.count > listLimit {
      parts.append("\(deliverables.count - listLimit) more files are not listed.")
    }
    return parts.joined(separator: "\n\n")
  }

  static let definition: JSON = [
    "name": .string(tool),
    "description": "Submits the evaluation. Call it exactly once.",
    "input_schema": [
      "type": "object",
      "properties": [
        "result": ["type": "string", "enum": ["satisfied", "needs_revision", "failed"]],
        "explanation": [
          "type": "string",
          "description": "A few sentences over all criteria; for needs_revision, what has to change.",
        ],
        "criteria": [
          "type": "array",
          "items": [
            "type": "object",
            "properties": [
              "criterion": ["type": "string"], "met": ["type": "boolean"],
              "evidence": [
                "type": "string", "description": "Where the deliverables show it, or what is missing.",
              ],
            ],
            "required": ["criterion", "met", "evidence"],
          ],
        ],
      ],
      "required": ["result", "explanation", "criteria"],
    ],
  ]
}

extension Deliverable {
  /// The beginning of the file, if it is UTF-8 text; nil when it is not, or there is no room for any of it.
  func text(upTo limit: Int) -> String? {
    guard let head = bytes, limit > 0 || size == 0 else { return nil }
    var bytes = head.prefix(limit)
    guard !bytes.contains(0) else { return nil }
    // The cut may lie inside a character, which has at most 4 bytes.
    let isCut = bytes.count < Int(size)
    for _ in 0..<(isCut ? 4 : 1) {
      if let text = String(validating: bytes, as: UTF8.self) { return text }
      bytes = bytes.dropLast()
    }
    return nil
  }
}
