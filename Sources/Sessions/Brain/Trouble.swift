import JSON
import Sessions

/// Something that went wrong for the session, as its `session.error` event says it.
enum Trouble: Sendable, Equatable {
  /// A try failed; there will be another.
  case retrying(ModelError)
  case brokenGrader(String)
  case tooManyRounds(Int)
  /// The conversation does not fit into the model's window, and a summary of it does not help.
  case incompressible
  case sandbox(String)

  var event: NewEvent {
    NewEvent(
      .error,
      [
        "error": [
          "type": .string(wireType), "message": .string(sentence),
          "retry_status": ["type": .string(retryStatus)],
        ]
      ])
  }

  var sentence: String {
    switch self {
    case .retrying(let error): error.description
    case .brokenGrader(let problem): "\(problem) It was asked often enough."
    case .tooManyRounds(let rounds):
      "The agent called tools in \(rounds) replies in a row without an end. Give it a smaller task, or raise "
        + "the limit."
    case .incompressible:
      "The conversation is longer than the model can read, and summarising it did not make it fit. Give the agent "
        + "a smaller task, shorter instructions, or a model with a larger context window."
    case .sandbox(let reason): "The sandbox cannot work: \(reason)"
    }
  }

  private var wireType: String {
    switch self {
    case .retrying(let error): error.wireType
    case .brokenGrader: "model_request_failed_error"
    case .incompressible: "compaction_limit_reached_error"
    case .tooManyRounds: "tool_use_limit_reached_error"
    case .sandbox: "unknown_error"
    }
  }

  private var retryStatus: String {
    switch self {
    case .retrying: "retrying"
    case .brokenGrader, .tooManyRounds, .incompressible: "exhausted"
    case .sandbox: "terminal"
    }
  }
}
