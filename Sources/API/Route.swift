import HTTPServer
import Hooks

/// One address: a method, a path whose `:name` parts match anything, and what answers it.
struct Route: Sendable {
  enum Access: Sendable {
    /// Nobody has to show a key.
    case open
    /// Nobody has to show a key; the source that the `:source` part names judges the request.
    case proof
    /// A key with one of these scopes.
    case key([KeyScope])
  }

  /// How large a body may be, in bytes.
  enum BodySize: Sendable {
    /// For addresses that take no body. An empty object is none, and some clients send one.
    case none
    /// A few fields.
    case small
    /// What the wire allows.
    case large
    /// A file, kept on the disk while it arrives.
    case upload
    /// A webhook; how its sender proves itself decides.
    case webhook

    var limit: Int {
      switch self {
      case .none: 1 << 10
      case .small: 1 << 20
      case .large: API.bodyLimit
      // And the form around the file.
      case .upload: Int(Upload.sizeLimit) + 1 << 20
      case .webhook: Hooks.bodyLimit
      }
    }
  }

  let method: String
  let pattern: [String]
  let access: Access
  let rate: RateLimits.Kind?
  let body: BodySize
  /// Whether a signed link will do instead of a key.
  var opensToLinks = false
  let answer: @Sendable (API, Request) async throws -> HTTPResponse

  /// - Parameters:
  ///   - scopes: who may use it; what reads, by default everybody who may read, and the rest, who may run.
  ///   - creates: whether it counts among the creating requests.
  ///   - body: by default none for what reads or deletes, and a small one for the rest.
  init(
    _ method: String, _ pattern: String, _ scopes: KeyScope..., creates: Bool = false, body: BodySize? = nil,
    answer: @escaping @Sendable (API, Request) async throws -> HTTPResponse
  ) {
    let standard: [KeyScope] = method == "GET" ? [.read] : [.run]
    self.init(
      method, pattern, .key(scopes.isEmpty ? standard : scopes),
      rate: creates ? .create : method == "GET" ? .read : nil, body: body, answer: answer)
  }

  init(
    _ method: String, _ pattern: String, _ access: Access, rate: RateLimits.Kind? = nil,
    body: BodySize? = nil,
    answer: @escaping @Sendable (API, Request) async throws -> HTTPResponse
  ) {
    self.method = method
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.access = access
    self.rate = rate
    self.body = body ?? (method == "POST" ? .small : .none)
    self.answer = answer
  }

  /// The same, also for those who show no key but a signed link.
  func openToLinks() -> Route {
    var route = self
    route.opensToLinks = true
    return route
  }

  /// The values of the `:name` parts, or nil when the path is another.
  func match(_ segments: [String]) -> [String: String]? {
    guard segments.count == pattern.count else { return nil }
    var values: [String: String] = [:]
    for (part, segment) in zip(pattern, segments) {
      if part.hasPrefix(":") {
        values[String(part.dropFirst())] = segment
      } else if part != segment {
        return nil
      }
    }
    return values
  }
}

/// Addresses that the wire knows and this server does not answer: those that begin like a pattern.
struct Absence: Sendable {
  let pattern: [String]
  let sentence: String
  /// Whether it is said before a key is asked for.
  let isSaidToStrangers: Bool

  init(_ pattern: String, _ sentence: String, isSaidToStrangers: Bool = false) {
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.sentence = sentence
    self.isSaidToStrangers = isSaidToStrangers
  }

  func covers(_ segments: [String]) -> Bool {
    segments.count >= pattern.count
      && zip(pattern, segments).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
  }
}
