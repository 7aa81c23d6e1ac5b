import JSON
import Sessions

/// What the Messages API said instead of a reply, told apart by whether another try may help.
enum MessagesError: Error, Equatable {
  /// A status other than 200, with the beginning of the body.
  case status(Int, type: String, code: String?, message: String, retryAfter: Duration?)
  /// An `error` event inside the stream. What came before it is not used.
  case streamed(type: String, message: String)
  case malformed(String)

  init(status: Int, body: [UInt8], retryAfter: String?) {
    // A body that is no JSON has nothing to add to the status.
    let error = (try? JSON(parsing: body))?["error"]
    let text = error?["message"]?.stringValue ?? String(decoding: body.prefix(200), as: UTF8.self)
    self = .status(
      status, type: error?["type"]?.stringValue ?? "",
      code: error?["details"]?["error_code"]?.stringValue ?? error?["code"]?.stringValue, message: text,
      retryAfter: retryAfter.flatMap(MessagesError.seconds))
  }

  /// - Parameter hiding: takes the key out of a text.
  func modelError(hiding: (String) -> String) -> ModelError {
    switch self {
    case .malformed(let problem):
      return .failed(message: hiding(problem))
    case .streamed(let type, let message):
      return MessagesError.classified(type, status: nil, hiding("\(type): \(message)"), nil)
    case .status(let status, let type, let code, let message, let retryAfter):
      let text = hiding(Blocks.isBlank(message) ? "status \(status)" : message)
      if code == "enforced_spend_limit_reached" { return .refused(status: status, message: text) }
      return MessagesError.classified(type, status: status, text, retryAfter)
    }
  }

  private static func classified(
    _ type: String, status: Int?, _ message: String, _ retryAfter: Duration?
  ) -> ModelError {
    switch status ?? statuses[type] ?? 500 {
    case 429: .rateLimited(retryAfter: retryAfter, message: message)
    case 503, 529: .overloaded(retryAfter: retryAfter, message: message)
    case 408, 409, 500...: .failed(message: message)
    case let status: .refused(status: status, message: message)
    }
  }

  /// The statuses that errors inside a stream would have had.
  private static let statuses = [
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500,
    "timeout_error": 504, "overloaded_error": 529,
  ]

  /// `retry-after` in seconds, whole or not. The form with a date is not used by these servers.
  private static func seconds(_ text: String) -> Duration? {
    guard let seconds = Double(text), seconds.isFinite, seconds >= 0 else { return nil }
    return .seconds(min(seconds, 1e6))
  }
}
