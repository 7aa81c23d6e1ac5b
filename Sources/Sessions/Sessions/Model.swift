package import JSON

/// One question to a model, in the shapes of the Messages API.
package struct ModelRequest: Sendable, Equatable {
  /// What the reply is for. A rehearsal finds its line by it.
  package enum Purpose: Sendable, Equatable {
    /// The agent's next turn.
    case turn
    /// The grader's verdict on one iteration of an outcome, counted from 0. `call` is the number of verdicts
    /// that this session's graders gave before: an iteration whose checks fail asks nobody.
    case evaluation(iteration: Int, call: Int)
    /// A summary of what no longer fits into the model's window.
    case summary
  }

  package var purpose: Purpose
  /// The agent's model: `{"id": …, "effort": {"type": …}, "speed": …}`.
  package var model: JSON
  package var system: String
  /// Tool definitions: name, description, input_schema.
  package var tools: [JSON]
  /// Messages with alternating roles, the last one the user's.
  package var messages: [JSON]
  /// The tool that must be called, if any.
  package var forcedTool: String?
  package var maxTokens: Int
  /// How many of the agent's earlier messages a summary stands for in `messages`.
  package var summarised = 0

  package init(
    purpose: Purpose, model: JSON, system: String, tools: [JSON], messages: [JSON], forcedTool: String? = nil,
    maxTokens: Int = 32_000
  ) {
    self.purpose = purpose
    self.model = model
    self.system = system
    self.tools = tools
    self.messages = messages
    self.forcedTool = forcedTool
    self.maxTokens = maxTokens
  }
}

/// Tokens of one or more model requests, as the wire counts them.
package struct Usage: Sendable, Equatable {
  package var inputTokens = 0
  package var outputTokens = 0
  package var cacheCreationInputTokens = 0
  package var cacheReadInputTokens = 0

  package init() {}

  package init(input: Int, output: Int, cacheCreation: Int = 0, cacheRead: Int = 0) {
    inputTokens = input
    outputTokens = output
    cacheCreationInputTokens = cacheCreation
    cacheReadInputTokens = cacheRead
  }

  package static func + (left: Usage, right: Usage) -> Usage {
    Usage(
      input: left.inputTokens + right.inputTokens, output: left.outputTokens + right.outputTokens,
      cacheCreation: left.cacheCreationInputTokens + right.cacheCreationInputTokens,
      cacheRead: left.cacheReadInputTokens + right.cacheReadInputTokens)
  }

  /// The `model_usage` object of `span.model_request_end`.
  package var json: JSON {
    [
      "input_tokens": .integer(Int64(inputTokens)), "output_tokens": .integer(Int64(outputTokens)),
      "cache_creation_input_tokens": .integer(Int64(cacheCreationInputTokens)),
      "cache_read_input_tokens": .integer(Int64(cacheReadInputTokens)),
    ]
  }
}

/// A model's whole answer.
package struct ModelReply: Sendable, Equatable {
  /// The assistant's content blocks exactly as they came: they are sent back unchanged.
  package var content: [JSON]
  /// `end_turn`, `tool_use`, `max_tokens`, `refusal` …
  package var stopReason: String
  /// `stop_details` of a refusal.
  package var stopDetails: JSON?
  package var usage: Usage

  package init(content: [JSON], stopReason: String, stopDetails: JSON? = nil, usage: Usage = Usage()) {
    self.content = content
    self.stopReason = stopReason
    self.stopDetails = stopDetails
    self.usage = usage
  }
}

/// Something that answers model requests: the Messages API of any server, or a rehearsal.
package protocol Model: Sendable {
  /// Asks once. Retrying is the brain's business.
  /// - Throws: `ModelError`, or `CancellationError` when the task was cancelled.
  func reply(to request: ModelRequest) async throws -> ModelReply
  /// The same, telling of the reply while it comes. A model that answers all at once tells nothing.
  func reply(
    to request: ModelRequest, telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply
}

extension Model {
  package func reply(
    to request: ModelRequest, telling: @escaping @Sendable (ModelProgress) -> Void
  ) async throws -> ModelReply {
    try await reply(to: request)
  }
}

/// Something a model began to say, or said more of.
package enum ModelProgress: Sendable, Equatable {
  case thinking
  /// - Parameter block: the content block's index in the reply.
  case text(String, block: Int)
}

/// Chooses the model for a session.
package protocol ModelProvider: Sendable {
  /// - Throws: `ModelError.unavailable` when this session cannot be served, with a sentence for the person
  ///   who has to set it up.
  func model(for session: Session) throws -> any Model
}

/// Why a model did not answer.
package enum ModelError: Error, Equatable, CustomStringConvertible {
  /// 429: wait at least this long, if the server said so.
  case rateLimited(retryAfter: Duration?, message: String)
  /// 529 or 503: too busy.
  case overloaded(retryAfter: Duration?, message: String)
  /// 5xx, a broken stream, no connection: worth another try.
  case failed(message: String)
  /// The request can never succeed as it is: 400, 401, 402, 403, 404, 413.
  /// - Parameter answered: the status that the answer had, when it was another and its words alone mean this one.
  case refused(status: Int, message: String, answered: Int? = nil)
  /// What answers there is no model's server: a page, or another program. It will answer the same again.
  case misplaced(message: String)
  /// Nobody to ask: no key, no rehearsal.
  case unavailable(message: String)

  package var isRetryable: Bool {
    switch self {
    case .rateLimited, .overloaded, .failed: true
    case .refused, .misplaced, .unavailable: false
    }
  }

  /// The `error.type` of the wire's `session.error` event.
  package var wireType: String {
    switch self {
    case .rateLimited: "model_rate_limited_error"
    case .overloaded: "model_overloaded_error"
    case .refused(status: 402, _, _): "billing_error"
    case .failed, .refused, .misplaced, .unavailable: "model_request_failed_error"
    }
  }

  package var description: String {
    switch self {
    case .rateLimited(_, let message): "The model's server limits the rate: \(message)"
    case .overloaded(_, let message): "The model's server is overloaded: \(message)"
    case .failed(let message), .misplaced(let message):
      "The model's server did not answer properly: \(message)"
    case .refused(_, let message, let answered?):
      "The model's server refused the request, in an answer with status \(answered): \(message)"
    case .refused(let status, let message, nil):
      "The model's server refused the request with status \(status): \(message)"
    case .unavailable(let message): message
    }
  }
}
