/// A request as its handler sees it: complete, with its body, checked for framing.
package struct HTTPRequest: Sendable {
  /// As sent: methods are case-sensitive.
  package let method: String
  /// The request target as sent, neither decoded nor normalised: what signatures are computed over.
  package let target: String
  /// The part of the target before `?`, not percent-decoded. `*` for `OPTIONS *`.
  package let path: String
  package let headers: HTTPHeaders
  package var body: [UInt8]
  /// The body, when it was admitted with `.spool`; `body` is empty then.
  package let bodyFile: BodyFile?
  /// The client's address without its port: `203.0.113.7` or `2001:db8::7`. Behind a proxy, the one it speaks for.
  package let peer: String

  package init(
    method: String, target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
    bodyFile: BodyFile? = nil, peer: String = "127.0.0.1"
  ) {
    self.method = method
    self.target = target
    path = Target.path(of: target)
    self.headers = headers
    self.body = body
    self.bodyFile = bodyFile
    self.peer = peer
  }

  /// The path in its parts, each percent-decoded after the split, so that `%2F` stays inside its part.
  /// `/a/b` has two; `/` and `*` have none; `/a/` has two, of which the second is empty.
  package var segments: [String] { Target.segments(of: path) }

  /// The query's fields, decoded (`+` is a space), in the order sent, repeated ones kept. A field without
  /// `=` has an empty value.
  package var query: [(name: String, value: String)] { Target.query(of: target) }
}

/// What is known of a request before its body arrives.
package struct RequestHead: Sendable {
  package let method: String
  package let target: String
  /// The part of the target before `?`, not percent-decoded.
  package let path: String
  package let headers: HTTPHeaders
  package let peer: String
}
