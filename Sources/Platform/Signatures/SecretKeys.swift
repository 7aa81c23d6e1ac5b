import Crypto
import Primitives

/// The keys that a sender may sign with: one, or several while they are being exchanged.
struct SecretKeys: Sendable {
  /// Never empty.
  private let keys: [SymmetricKey]

  init(_ secrets: [String], form: KeyForm = .text) throws(SignatureError) {
    guard !secrets.isEmpty else { throw .noSecret }
    var keys: [SymmetricKey] = []
    for (index, secret) in secrets.enumerated() {
      keys.append(SymmetricKey(data: try SecretKeys.bytes(of: secret, place: index + 1, form: form)))
    }
    self.keys = keys
  }

  /// The bytes of one secret, never none. `place` names it in errors.
  static func bytes(of secret: String, place: Int, form: KeyForm) throws(SignatureError) -> [UInt8] {
    // White space alone is what an unset variable leaves behind.
    guard !secret.allSatisfy(\.isWhitespace) else { throw .emptySecret(place) }
    switch form {
    case .text:
      return Array(secret.utf8)
    case .base64:
      guard let bytes = Base64.decode(secret), !bytes.isEmpty else { throw .secretNotBase64(place) }
      return bytes
    }
  }

  /// The code of the first key over the parts joined together.
  func code(of parts: [[UInt8]], digest: DigestAlgorithm = .sha256) -> [UInt8] {
    digest.code(of: parts, key: keys[0])
  }

  /// Whether `code` is the one of any key over the parts joined together. All are compared, whichever fits.
  func verify(_ code: [UInt8], of parts: [[UInt8]], digest: DigestAlgorithm = .sha256) -> Bool {
    keys.count { ConstantTime.equal(digest.code(of: parts, key: $0), code) } > 0
  }
}

extension SecretKeys: CustomReflectable {
  /// Nothing of the keys gets into logs and test reports.
  var customMirror: Mirror { Mirror(self, children: ["count": keys.count]) }
}
