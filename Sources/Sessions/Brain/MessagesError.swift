import JSON
import Primitives
import Sessions

/// What came instead of a reply of the Messages API.
enum MessagesError: Error, Equatable {
  /// The server said what is wrong. What came of a reply before is not used.
  case said(SaidError)
  /// A reply that cannot be put together.
  case malformed(String)
  /// Something else, with the type that its sender gave it. Shown as far as it can be.
  case other(Foreigner, text: String, type: String? = nil)
  /// The stream ended too early.
  case cut(said: String?)
  /// The server speaks another API.
  case foreign

  /// What may come in the place of a reply.
  enum Foreigner: String {
    case page = "a web page"
    case text = "a text"
    case brokenJSON = "broken JSON"
    case json = "JSON that is no reply"
  }

  /// - Parameters:
  ///   - address: where the server was asked, to be shown.
  ///   - clean: makes a server's text fit to be told: without secrets, on one line, bounded.
  func modelError(at address: String, cleaning clean: (String) -> String) -> ModelError {
    switch self {
    case .malformed(let problem):
      return .failed(message: clean(problem))
    case .cut(let said):
      return .failed(
        message: "its stream ended before the reply did" + (said.map { "; it said: \(clean($0))" } ?? "")
          + ". \(MessagesError.place(address))")
    case .other(let kind, let text, let type):
      let mark = type.map { "\(clean($0)), status 200" } ?? "status 200"
      let words = clean(text)
      let shown = words.count > MessagesError.beginning ? words.prefix(MessagesError.beginning) + "…" : words
      let message =
        "it sent \(kind.rawValue) (\(mark)) instead of a reply: \(shown). \(MessagesError.place(address))"
      return MessagesError.mayPass(kind, words) ? .failed(message: message) : .misplaced(message: message)
    case .foreign:
      return .unavailable(
        message: "The model's server at \(address) answers in the form of another API (chat completions). "
          + "ANTHROPIC_BASE_URL has to name one that speaks the Messages API.")
    case .said(let error):
      let meant = error.modelError(cleaning: clean)
      guard case .refused(let status, let message, let answered) = meant else { return meant }
      return .refused(
        status: status, message: message + MessagesError.advice(status, at: address), answered: answered)
    }
  }

  /// So much of what is no reply is shown, in characters.
  private static let beginning = 200

  static func place(_ address: String) -> String {
    "ANTHROPIC_BASE_URL says where it was asked, at \(address)."
  }

  /// Whether another try may meet the model. Proxies put their own troubles into pages and texts; a page to log in on,
  /// or another program's answer, stands there the next time too.
  private static func mayPass(_ kind: Foreigner, _ words: String) -> Bool {
    switch kind {
    case .text, .brokenJSON: return true
    case .page, .json:
      let lower = words.lowercased()
      return troubles.contains { lower.contains($0) } || passing.contains { lower.hasPrefix($0) }
    }
  }

  /// With what statuses of gateways, and of servers that are busy, their pages begin.
  private static let passing = ["429 ", "500 ", "502 ", "503 ", "504 "]

  private static let troubles = [
    "bad gateway", "gateway time", "timed out", "timeout", "unavailable", "temporar", "overload",
    "too many requests",
    "maintenance", "try again", "internal server error", "upstream",
  ]

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
