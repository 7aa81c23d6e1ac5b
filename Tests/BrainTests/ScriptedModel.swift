import JSON
import Primitives

@testable import Brain
@testable import Sessions

/// A model that says one line after the other and keeps what it was asked.
final class ScriptedModel: Model {
  enum Line: Sendable {
    case reply(ModelReply)
    case failure(ModelError)
    /// Says nothing until it is cancelled.
    case silence
    /// Says its text once it is released.
    case held(String)

    static func text(_ text: String, stop: String = "end_turn") -> Line {
      .reply(
        ModelReply(
          content: [["type": "text", "text": .string(text)]], stopReason: stop,
          usage: Usage(input: 10, output: 5)))
    }

    static func tools(_ calls: (String, JSON)..., stop: String = "tool_use", id: String = "toolu") -> Line {
      .reply(
        ModelReply(
          content: calls.enumerated().map { place, call in
            [
              "type": "tool_use", "id": .string("\(id)_\(place)"), "name": .string(call.0), "input": call.1,
            ]
          }, stopReason: stop, usage: Usage(input: 10, output: 5)))
    }

    static func verdict(_ result: String, _ criteria: [JSON] = [], explanation: String = "Seen.") -> Line {
      .tools(
        (
          "submit_evaluation",
          ["result": .string(result), "explanation": .string(explanation), "criteria": .array(criteria)]
        ))
    }
  }

  struct OutOfLines: Error {}

  private let state: Lock<(lines: [Line], asked: [ModelRequest])>
  let beganSilence = Flag()
  let released = Flag()

  convenience init(_ lines: Line...) {
    self.init(lines)
  }

  init(_ lines: [Line]) {
    state = Lock((lines, []))
  }

  var asked: [ModelRequest] { state.withLock { $0.asked } }

  func reply(to request: ModelRequest) async throws -> ModelReply {
    let line = state.withLock { state -> Line? in
      state.asked.append(request)
      return state.lines.isEmpty ? nil : state.lines.removeFirst()
    }
    switch line {
    case .reply(let reply): return reply
    case .held(let text):
      beganSilence.raise()
      await released.wait()
      return ModelReply(
        content: [["type": "text", "text": .string(text)]], stopReason: "end_turn",
        usage: Usage(input: 10, output: 5))
    case .failure(let error): throw error
    case .silence:
      beganSilence.raise()
      try await Task.sleep(for: .seconds(3600))
      throw OutOfLines()
    case nil: throw OutOfLines()
    }
  }
}

/// Something that happens once, awaited by a test.
final class Flag: Sendable {
  private let state = Lock<(raised: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  func raise() {
    let waiters = state.withLock { state in
      state.raised = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { waiter in
      let isRaised = state.withLock { state in
        if !state.raised { state.waiters.append(waiter) }
        return state.raised
      }
      if isRaised { waiter.resume() }
    }
  }
}
