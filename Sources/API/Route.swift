import HTTPServer

/// One address: a method, a path whose `:name` parts match anything, and what answers it.
struct Route: Sendable {
  enum Access: Sendable {
    /// Nobody has to show a key.
    case open
    /// A key with one of these scopes.
    case key([KeyScope])
  }

  let method: String
  let pattern: [String]
  let access: Access
  let rate: RateLimits.Kind?
  /// Whether a signed link will do instead of a key.
  var opensToLinks = false
  let answer: @Sendable (API, Request) async throws -> HTTPResponse

  /// - Parameters:
  ///   - scopes: who may use it; what reads, by default everybody who may read, and the rest, who may run.
  ///   - creates: whether it counts among the creating requests.
  init(
    _ method: String, _ pattern: String, _ scopes: KeyScope..., creates: Bool = false,
    answer: @escaping @Sendable (API, Request) async throws -> HTTPResponse
  ) {
    let standard: [KeyScope] = method == "GET" ? [.read] : [.run]
    self.init(
      method, pattern, .key(scopes.isEmpty ? standard : scopes),
      rate: creates ? .create : method == "GET" ? .read : nil, answer: answer)
  }

  init(
    _ method: String, _ pattern: String, _ access: Access, rate: RateLimits.Kind? = nil,
    answer: @escaping @Sendable (API, Request) async throws -> HTTPResponse
  ) {
    self.method = method
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.access = access
    self.rate = rate
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
