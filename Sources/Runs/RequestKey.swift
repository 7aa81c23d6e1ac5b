/// Under what a request may be repeated: an `Idempotency-Key`, and what makes the request the same one.
package struct RequestKey: Sendable, Equatable {
  /// The key, with whose it is: two API keys may choose the same.
  package var text: String
  /// A hash over everything that makes the request what it is; nil when nothing but the key does.
  package var fingerprint: String?
  /// The key by itself, as rows have it that are older than `fingerprint`; nil for who may not see those.
  package var bare: String?
  /// As the sender knows it.
  package var shown: String

  package init(text: String, shown: String, fingerprint: String? = nil, bare: String? = nil) {
    self.text = text
    self.shown = shown
    self.fingerprint = fingerprint
    self.bare = bare
  }
}

extension RequestKey: ExpressibleByStringInterpolation {
  package init(stringLiteral text: String) { self.init(text: text, shown: text) }
}
