import Catalog
import HTTPServer
import Hooks
import JSON
import Jobs
import Outbox
import Primitives
import Reading
import Runs
import Schedules
import Sessions
import Store

/// What a request can be refused with, apart from the domains' own errors.
enum APIError: Error, Equatable, CustomStringConvertible {
  case invalid(String)
  case unauthorized(String)
  case notFound(String)
  case methodNotAllowed(method: String, path: String, allowed: [String])
  case forbidden(String)
  case conflict(String)
  case tooLarge(String)
  case tooMany(String, retryAfter: Duration)
  case unsupportedCharset(String)
  case unsupportedCoding(String)

  var description: String {
    switch self {
    case .invalid(let sentence), .unauthorized(let sentence), .notFound(let sentence),
      .forbidden(let sentence), .conflict(let sentence),
      .tooLarge(let sentence):
      sentence
    case .unsupportedCharset(let charset):
      "Content-Type: The body must be UTF-8; \(quoted(charset)) is not understood here."
    case .unsupportedCoding(let coding):
      "Content-Encoding: \(quoted(coding)) is not unpacked here. Send the body as it is."
    case .tooMany(let sentence, let wait):
      "\(sentence) The next one is possible in \(DurationText.text(wait))."
    case .methodNotAllowed(let method, let path, let allowed):
      "\(method) is not possible on \(path); \(allowed.joined(separator: ", ")) is."
    }
  }
}

/// An error as the wire shows it. The one place where errors become statuses.
struct Refusal {
  var status: Int
  var message: String
  /// The stable cause, in `error.details.error_code`.
  var code: String?
  /// The methods that an address knows, for 405.
  var allowed: [String] = []
  /// Whether clients may send the same request again; they do for 409 and 5xx unless told not to.
  var isRetryable: Bool
  /// When the same request may succeed.
  var retryAfter: Duration?

  init(_ status: Int, _ message: String, code: String? = nil, isRetryable: Bool? = nil) {
    self.status = status
    self.message = message
    self.code = code
    // What the server cannot do it cannot do the next time either.
    self.isRetryable = isRetryable ?? (status == 429 || (status >= 500 && ![501, 505].contains(status)))
  }

  init(_ error: any Error) {
    let sentence = (error as? any OperatorError)?.toldToClients ?? String(describing: error)
    switch error {
    case let error as APIError:
      self = Refusal(Refusal.status(of: error), sentence)
      switch error {
      case .methodNotAllowed(_, _, let allowed): self.allowed = allowed
      case .tooMany(_, let wait): retryAfter = wait
      case .unsupportedCharset: code = "unsupported_charset"
      case .unsupportedCoding: code = "unsupported_content_encoding"
      default: break
      }
    case let error as HookRefusal:
      self = Refusal(error.status, sentence, code: error.code)
    case SchedulesError.notFound: self = Refusal(404, sentence)
    case CatalogError.notFound(kind: "environment", _, _):
      self = Refusal(404, sentence, code: "environment_not_found")
    case RunsError.notFound, SessionError.notFound, SessionError.noThread, SessionError.noResource,
      OutboxError.notFound, FilesError.notFound, JobsError.notFound, JobsError.notYet, JobsError.archived,
      CatalogError.notFound,
      CatalogError.noSuchVersion:
      self = Refusal(404, sentence)
    case FilesError.expired: self = Refusal(404, sentence, code: "file_expired")
    case FilesError.notDownloadable: self = Refusal(400, sentence, code: "file_not_downloadable")
    case FilesError.tooLarge: self = Refusal(400, sentence)
    case CatalogError.conflict: self = Refusal(409, sentence)
    case CatalogError.invalid(let problems): self = Refusal(400, sentence, code: Refusal.code(of: problems))
    case CatalogError.archived(let kind, _):
      self = Refusal(400, sentence, code: kind == "environment" ? "environment_archived" : nil)
    case CatalogError.configTypeChange: self = Refusal(400, sentence, code: "invalid_config_type_change")
    case SessionError.queueFull:
      self = Refusal(429, sentence)
      retryAfter = .seconds(5)
    case RunsError.ended, RunsError.decided, RunsError.notStarted, OutboxError.delivered,
      OutboxError.underway,
      SchedulesError.notActive, SchedulesError.noSkip, SchedulesError.undecided:
      self = Refusal(409, sentence, isRetryable: false)
    case SessionError.keyUsed, RunsError.keyUsed: self = Refusal(409, sentence)
    case RunsError.noTerms: self = Refusal(500, sentence)
    case is RunsError, is SessionError, is JobsError, is CatalogError, is SchedulesError:
      self = Refusal(400, sentence)
    case StoreError.badCursor: self = Refusal(400, sentence)
    case FilesError.damaged, FilesError.noPlainFile:
      self = Refusal(500, sentence, code: "file_damaged", isRetryable: false)
    case is StoreError, is FilesError: self = Refusal(503, sentence)
    case is CancellationError:
      self = Refusal(503, "Errand is stopping. Send the request again in a moment.")
    default: self = Refusal(500, sentence)
    }
  }

  /// The stable cause of a body's first problem, if it has one.
  private static func code(of problems: [Problem]) -> String? {
    guard let first = problems.first else { return nil }
    return first.code ?? (first.path.steps.first == .key("metadata") ? "invalid_metadata" : nil)
  }

  private static func status(of error: APIError) -> Int {
    switch error {
    case .invalid, .unsupportedCharset: 400
    case .unsupportedCoding: 415
    case .unauthorized: 401
    case .forbidden: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .conflict: 409
    case .tooLarge: 413
    case .tooMany: 429
    }
  }

  private var type: String {
    switch status {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 404: "not_found_error"
    case 408, 504: "timeout_error"
    case 409: "conflict_error"
    case 413: "request_too_large"
    case 429: "rate_limit_error"
    case 500...: "api_error"
    default: "invalid_request_error"
    }
  }

  func response(requestID: String) -> HTTPResponse {
    var error: JSON.Object = ["type": .string(type), "message": .string(message)]
    if let code { error["details"] = ["error_code": .string(code)] }
    let body: JSON = ["type": "error", "error": .object(error), "request_id": .string(requestID)]
    var headers = [("content-type", "application/json"), ("request-id", requestID)]
    headers.append(("x-should-retry", isRetryable ? "true" : "false"))
    if let retryAfter {
      headers.append(("retry-after", String(max(1, Int(retryAfter.inSeconds.rounded(.up))))))
    }
    if !allowed.isEmpty { headers.append(("allow", allowed.joined(separator: ", "))) }
    return HTTPResponse(status: status, headers: headers, body: .bytes(body.bytes))
  }
}
