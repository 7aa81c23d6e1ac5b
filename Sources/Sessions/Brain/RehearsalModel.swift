package import JSON
package import Primitives
package import Sessions

/// Plays a rehearsal instead of asking a model. It has no memory: which line comes next is told by the
/// request, so that it goes on rightly in any process.
package struct RehearsalModel: Model {
  private let rehearsal: Rehearsal
  private let time: Time

  /// - Throws: `ModelError.unavailable` when the rehearsal is not one.
  package init(_ json: JSON, time: Time = .system) throws(ModelError) {
    rehearsal = try Rehearsal(json)
    self.time = time
  }

  package func reply(to request: ModelRequest) async throws -> ModelReply {
    try await reply(to: request) { _ in }
  }

  package func reply(
    to request: ModelRequest, telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    let line: Rehearsal.Line
    switch request.purpose {
    case .turn:
      let shown = request.messages.count { $0["role"]?.stringValue == "assistant" }
      line = rehearsal.turn(request.summarised + shown)
    case .evaluation(_, let call):
      line = rehearsal.evaluation(call)
    case .summary:
      line = Rehearsal.summary
    }
    if line.delay > .zero { try await time.sleep(line.delay) }
    for (index, block) in line.content.enumerated() {
      if block["type"]?.stringValue == "thinking" { telling(.thinking) }
      if let text = block["text"]?.stringValue { telling(.text(text, block: index)) }
    }
    let callsTools = line.content.contains { $0["type"]?.stringValue == "tool_use" }
    return ModelReply(
      content: line.content, stopReason: callsTools ? StopReasons.toolUse : StopReasons.endTurn,
      usage: Usage(
        input: RehearsalModel.tokens(request.messages), output: RehearsalModel.tokens(line.content)))
  }

  /// About as many as a model would count.
  private static func tokens(_ values: [JSON]) -> Int {
    JSON.array(values).bytes.count * 2 / 7
  }
}
