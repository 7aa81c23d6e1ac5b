package import Primitives

/// The headers that carry the proof of a request: what can be asked of it before its body is there. Whoever lacks one,
/// or signed too long ago, need not send the body.
package struct ProofHeaders: Sendable, Equatable {
  /// Each comes exactly once.
  package let names: [String]
  /// Which of them holds the time of signing, in seconds; nil when the proof has none.
  package let time: String?

  package init(_ names: String..., time: String? = nil) {
    self.names = names
    self.time = time
  }

  package func check(_ headers: SignatureHeaders, now: Timestamp) throws(SignatureRefusal) {
    for name in names { _ = try headers.only(name) }
    guard let time else { return }
    try SignedTime.check(seconds: SignedTime.number(try headers.only(time), in: time), now: now)
  }
}
