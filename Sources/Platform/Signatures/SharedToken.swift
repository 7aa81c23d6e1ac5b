import Crypto
package import Primitives

/// A token in clear, for senders that cannot sign. It says who sends, but nothing about the body.
package struct SharedToken: SignatureScheme {
  /// Where the token stands.
  package enum Place: Sendable {
    /// `X-Gitlab-Token`: GitLab's "secret token".
    case gitlab
    /// `Authorization: Bearer …`: Alertmanager and others.
    case bearer
  }

  private let place: Place
  /// SHA-256 of each token: the comparison then tells nothing about its length, and the token isn't kept.
  private let digests: [[UInt8]]

  package init(secrets: [String], in place: Place) throws(SignatureError) {
    guard !secrets.isEmpty else { throw .noSecret }
    var digests: [[UInt8]] = []
    for (index, secret) in secrets.enumerated() {
      let bytes = try SecretKeys.bytes(of: secret, place: index + 1, form: .text)
      digests.append(Array(SHA256.hash(data: bytes)))
    }
    self.place = place
    self.digests = digests
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    let header: String
    let token: String
    switch place {
    case .gitlab:
      header = "X-Gitlab-Token"
      token = try headers.only(header)
    case .bearer:
      header = "Authorization"
      let value = try headers.only(header)
      // RFC 9110, section 11.1: the name of the scheme has no case.
      guard value.prefix(7).lowercased() == "bearer " else {
        throw .malformedHeader(header, expected: "\"Bearer\" and the token")
      }
      token = String(value.dropFirst(7).drop { $0 == " " })
    }
    let digest = Array(SHA256.hash(data: Array(token.utf8)))
    guard digests.count(where: { ConstantTime.equal($0, digest) }) > 0 else { throw .mismatch(header) }
  }
}
