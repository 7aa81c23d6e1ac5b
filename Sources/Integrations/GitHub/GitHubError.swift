import Callbacks
import HTTPClient
import JSON
import Primitives

/// Why GitHub did not take something.
enum GitHubError: Error, Equatable, CustomStringConvertible {
  /// Worth another try, not before the wait is over.
  case retry(String, after: Duration?)
  /// No try can help until somebody changes something.
  case hopeless(String)

  var reason: String {
    switch self {
    case .retry(let reason, _), .hopeless(let reason): reason
    }
  }

  var description: String { reason }

  var attempt: Attempt {
    switch self {
    case .retry(let reason, let wait): .failed(reason: reason, retryAfter: wait)
    case .hopeless(let reason): .hopeless(reason: reason)
    }
  }

  /// What an answer means that is no success. Limits first: they look like refusals. The order is GitHub's:
  /// `retry-after`, then the reset of a used-up quota, then a minute, doubling.
  /// - Parameter attempts: how many were made before.
  init(_ response: HTTPClient.Response, doing action: String, attempts: Int, now: Timestamp) {
    let body = try? JSON(parsing: response.body)
    let message = body?["message"]?.stringValue ?? ""
    let details = body?["errors"]?.arrayValue?.compactMap {
      $0["message"]?.stringValue ?? $0["field"]?.stringValue
    }
    let said = ([message] + (details ?? [])).filter { !$0.isEmpty }.joined(separator: ": ").prefix(500)
    let sentence = "GitHub answered \(response.status) to \(action)\(said.isEmpty ? "" : ": \(said)")."
    let isLimit =
      response.status == 429 || response.headers.first("retry-after") != nil
      || response.headers.first("x-ratelimit-remaining") == "0" || message.lowercased().contains("rate limit")
      || message.lowercased().contains("abuse")
    switch response.status {
    case 403, 429:
      guard isLimit else {
        self = .hopeless("\(sentence) \(Self.remedy(forRefusal: message))")
        return
      }
      self = .retry(sentence, after: Self.wait(response, attempts, now))
    case 401: self = .hopeless("\(sentence) The token is not valid; put a new one in its place.")
    case 410:
      self = .hopeless(
        "\(sentence) It is switched off for this repository; switch it on in the repository's settings.")
    case 451: self = .hopeless("\(sentence) GitHub has closed the repository for legal reasons.")
    case 404:
      self = .hopeless("\(sentence) The repository or issue is not there, or the token may not see it.")
    case 409, 500...:
      self = .retry(
        sentence, after: response.headers.first("retry-after").flatMap { RetryAfter.read($0, now: now) })
    case 300..<400: self = .hopeless("\(sentence) The repository has moved; write its new name.")
    default: self = .hopeless(sentence)
    }
  }

  /// What to do about a 403 that is no limit. Not all are about the token's rights.
  private static func remedy(forRefusal message: String) -> String {
    let words = message.lowercased()
    func says(_ texts: String...) -> Bool { texts.contains { words.contains($0) } }
    if says("archived") {
      return "The repository is archived, so nobody can write to it; unarchive it, or name another."
    }
    if says("is locked", "been locked", "locked conversation") {
      return "The conversation is locked; unlock it, or send the result elsewhere."
    }
    if says("disabled") {
      return "It is switched off for this repository; switch it on in the repository's settings."
    }
    if says("blocked", "suspended") {
      return
        "GitHub has closed it, or its owner has blocked the token's user; the owner has to ask GitHub or lift the block."
    }
    if says("saml", "single sign-on", "sso") {
      return "Authorise the token for the organisation's single sign-on."
    }
    if says("ip allow list", "ip address") {
      return "The organisation allows only some addresses; add this server's to its list."
    }
    if says("protected branch", "repository rule", "rule violations") {
      return
        "A rule of the repository forbids it; name another branch, or let the token's user pass the rule."
    }
    if says("user-agent", "user agent") {
      return "Something on the way has removed the request's User-Agent."
    }
    if says("verif", "two-factor") { return "The token's user has to verify the account with GitHub first." }
    return "The token lacks the permission; give it to the token."
  }

  private static func wait(_ response: HTTPClient.Response, _ attempts: Int, _ now: Timestamp) -> Duration {
    if let asked = response.headers.first("retry-after").flatMap({ RetryAfter.read($0, now: now) }) {
      return asked
    }
    if response.headers.first("x-ratelimit-remaining") == "0",
      let reset = response.headers.first("x-ratelimit-reset").flatMap({ Int64($0) }), reset >= now.seconds
    {
      // A second more, for clocks differ.
      return .seconds(reset - now.seconds + 1)
    }
    return .seconds(60 << min(max(0, attempts), 10))
  }
}
