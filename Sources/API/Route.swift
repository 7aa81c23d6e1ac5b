import HTTPServer

/// One address: a method, a path whose `:name` parts match anything, and what answers it.
struct Route: Sendable {
  enum Access: Sendable {
    /// Nobody has to show a key.
    case open
    case key
    /// Whoever shows no key may have a signed link.
    case link
  }

  let method: String
  let pattern: [String]
  let access: Access
  let answer: @Sendable (API, Request) async throws -> HTTPResponse

  init(
    _ method: String, _ pattern: String, _ access: Access = .key,
    answer: @escaping @Sendable (API, Request) async throws -> HTTPResponse
  ) {
    self.method = method
    self.pattern = pattern.split(separator: "/").map(String.init)
    self.access = access
    self.answer = answer
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
