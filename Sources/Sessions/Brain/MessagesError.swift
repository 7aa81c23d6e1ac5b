import JSON
import Primitives
import Sessions

/// What came instead of a reply of the Messages API.
enum MessagesError: Error, Equatable {
  /// The server said what is wrong. What came of a reply before is not used.
  case said(SaidError)
  /// A reply that cannot be put together.
  case malformed(String)
  /// Something else: a page, a text, JSON that is no reply. Shown as far as it can be.
  case other(kind: String, text: String)
  /// The stream ended too early.
  case cut(said: String?)
  /// The server speaks another API.
  case foreign

  /// - Parameters:
  ///   - address: where the server was asked, to be shown.
  ///   - clean: makes a server's text fit to be told: without secrets, on one line, bounded.
  func modelError(at address: String, cleaning clean: (String) -> String) -> ModelError {
    switch self {
    case .malformed(let problem):
      return .failed(message: clean(problem))
    case .cut(let said):
      return .failed(
        message: "its stream ended before the reply did" + (said.map { "; it said: \(clean($0))" } ?? ""))
    case .other(let kind, let text):
      return .failed(
        message:
          "it sent \(kind) instead of a reply: \(clean(text)). ANTHROPIC_BASE_URL says where it was asked, at "
          + "\(address).")
    case .foreign:
      return .unavailable(
        message: "The model's server at \(address) answers in the form of another API (chat completions). "
          + "ANTHROPIC_BASE_URL has to name one that speaks the Messages API.")
    case .said(let error):
      let meant = error.modelError(cleaning: clean)
      guard case .refused(let status, let message) = meant else { return meant }
      return .refused(status: status, message: message + MessagesError.advice(status, at: address))
    }
  }

  /// What whoever set the server up can do about a refusal.
  private static func advice(_ status: Int, at address: String) -> String {
    switch status {
    case 300..<400:
      " (asked at \(address), which redirects elsewhere: set ANTHROPIC_BASE_URL to where the server is)"
    case 401: " (asked at \(address) with the key in ANTHROPIC_API_KEY: set it to one that is taken there)"
    case 402: " (asked at \(address) with the key in ANTHROPIC_API_KEY, whose account has no credit there)"
    case 403: " (asked at \(address) with the key in ANTHROPIC_API_KEY, which may not do this there)"
    case 404, 405:
      " (asked at \(address): check the agent's model, and the address in ANTHROPIC_BASE_URL)"
    default: " (asked at \(address))"
    }
  }

  /// `retry-after` in seconds, whole or not. The form with a date is not used by these servers.
  static func pause(_ text: String) -> Duration? { Double(text).flatMap(pause) }

  static func pause(_ seconds: Double) -> Duration? {
    seconds.isFinite && seconds >= 0 ? .seconds(min(seconds, 1e6)) : nil
  }
}

/// What a server wrote, made fit for sentences in logs, events and results.
struct RemarkCleaner: Sendable {
  /// The longest text that is passed on, in characters.
  static let limit = 500
  /// So much of an answer is looked at.
  static let reach = 64 << 10

  /// Texts that must not be told, such as the key.
  var secrets: [String] = []

  /// On one line, without markup, control characters and secrets.
  func clean(_ text: String) -> String {
    var text = text
    if RemarkCleaner.isMarkup(text) { text = PageText.of(text) }
    // What is shorter is no secret, and stands in many words.
    for secret in secrets where secret.utf8.count >= 8 { text = text.replacing(secret, with: "(the key)") }
    var line = String.UnicodeScalarView()
    var wasSpace = true
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .spaceSeparator, .lineSeparator, .paragraphSeparator:
        if !wasSpace { line.append(" ") }
        wasSpace = true
      case .format, .surrogate, .privateUse: continue
      default:
        line.append(scalar)
        wasSpace = false
      }
    }
    if line.last == " " { line.removeLast() }
    let whole = RemarkCleaner.hidingKeys(String(line))
    return whole.count > RemarkCleaner.limit ? whole.prefix(RemarkCleaner.limit - 1) + "…" : whole
  }

  /// Whether a text is a page rather than words.
  static func isMarkup(_ text: String) -> Bool {
    let beginning = text.prefix(2000).lowercased()
    return beginning.drop { $0.isWhitespace }.hasPrefix("<")
      || ["<html", "<!doctype", "<body", "<head"].contains { beginning.contains($0) }
  }

  /// Words that look like a key of a model's server: such as a gateway's own, which it may tell by mistake.
  private static func hidingKeys(_ line: String) -> String {
    guard line.contains("sk-") || line.lowercased().contains("bearer ") else { return line }
    var wasBearer = false
    return line.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
      defer { wasBearer = word.lowercased().hasSuffix("bearer") }
      if wasBearer, word.utf8.count >= 8 { return "(a key)" }
      guard let start = word.firstRange(of: "sk-") else { return String(word) }
      let key = word[start.lowerBound...].prefix {
        $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0))
      }
      if key.utf8.count < 16 { return String(word) }
      return word[..<start.lowerBound] + "(a key)" + word[key.endIndex...]
    }.joined(separator: " ")
  }
}
