import JSON
import Testing

@testable import CLI

@Suite struct EventTellerTests {
  private func event(_ type: String, _ second: Int, _ fields: JSON.Object = [:]) -> JSON {
    var event = fields
    event["type"] = .string(type)
    event["processed_at"] = .string("2026-11-12T09:15:0\(second)Z")
    return .object(event)
  }

  private func lines(_ events: [JSON], tellsAll: Bool = false) -> [String] {
    var teller = EventTeller(tellsAll: tellsAll)
    return events.flatMap { teller.lines($0) }.map { $0.label.isEmpty ? $0.text : "\($0.label): \($0.text)" }
  }

  @Test func `a call and its result say what was done and how long it took`() {
    let told = lines([
      event("agent.tool_use", 1, ["id": "u1", "name": "bash", "input": ["command": "ls\n-l"]]),
      event(
        "agent.tool_result", 2,
        ["id": "r1", "tool_use_id": "u1", "content": [["type": "text", "text": "\none\ntwo\n"]]]),
    ])
    #expect(told == ["bash: ls -l", "→ one  (2 lines, 1.0 s)"])
  }

  @Test func `results of parallel calls say whose they are`() {
    let told = lines([
      event("agent.tool_use", 1, ["id": "u1", "name": "read", "input": ["file_path": "/a"]]),
      event(
        "agent.tool_use", 1,
        ["id": "u2", "name": "write", "input": ["file_path": "/b", "content": "x\ny\n"]]),
      event("agent.tool_result", 1, ["tool_use_id": "u2", "content": [["type": "text", "text": "Wrote."]]]),
      event("agent.tool_result", 1, ["tool_use_id": "u1", "content": []]),
      event("agent.tool_use", 1, ["id": "u3", "name": "edit", "input": ["file_path": "/c"]]),
      event("agent.tool_result", 1, ["tool_use_id": "u3", "content": []]),
    ])
    #expect(
      told == [
        "read: /a", "write: /b  (2 lines)", "→ write: Wrote.  (0 ms)", "→ read: no output  (0 ms)",
        "edit: /c",
        "→ no output  (0 ms)",
      ])
  }

  @Test func `a verdict has its iteration, its result and its reason`() {
    let told = lines([
      event("span.outcome_evaluation_start", 1, ["id": "e1", "iteration": 0]),
      event(
        "span.outcome_evaluation_end", 2,
        [
          "outcome_evaluation_start_id": "e1", "iteration": 0, "result": "needs_revision",
          "explanation": "No end.",
        ]),
    ])
    #expect(told == ["verdict: iteration 0 needs_revision after 1.0 s: No end."])
  }

  @Test func `bookkeeping is told only when asked for`() {
    let events = [
      event("session.thread_status_idle", 1), event("span.model_request_end", 1, ["model_usage": [:]]),
    ]
    #expect(lines(events) == [])
    #expect(
      lines(events, tellsAll: true) == ["event: session.thread_status_idle", "model: 0 tokens in, 0 out"])
  }

  @Test func `a long text is cut with a count`() {
    var teller = EventTeller(textLimit: 2)
    let content: JSON = [["type": "text", "text": "1\n2\n3\n4"]]
    let told = teller.lines(event("user.message", 1, ["content": content])).map(\.text)
    #expect(told == ["1", "2", "… 2 more lines"])
  }
}
