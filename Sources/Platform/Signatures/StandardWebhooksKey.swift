import Crypto
import Primitives

/// One secret of Standard Webhooks, bound to one algorithm.
enum StandardWebhooksKey: Sendable {
  static let secretPrefix = "whsec_"

  /// `v1`, HMAC-SHA256.
  case shared(SymmetricKey)
  /// `v1a`, ed25519; checks signatures and makes none.
  case publicKey(Curve25519.Signing.PublicKey)

  /// - Parameter place: The place of the secret in its list, from 1, for errors.
  init(_ secret: String, place: Int) throws(SignatureError) {
    if secret.hasPrefix("whsk_") { throw .privateKey(place) }
    guard let text = secret.dropping(prefix: "whpk_") else {
      let text = secret.dropping(prefix: StandardWebhooksKey.secretPrefix) ?? secret
      self = .shared(SymmetricKey(data: try SecretKeys.bytes(of: text, place: place, form: .base64)))
      return
    }
    let bytes = try SecretKeys.bytes(of: text, place: place, form: .base64)
    do {
      self = .publicKey(try Curve25519.Signing.PublicKey(rawRepresentation: bytes))
    } catch {
      // The length is all that is checked.
      throw .publicKeyLength(place, bytes: bytes.count)
    }
  }

  var canSign: Bool {
    if case .shared = self { true } else { false }
  }

  /// The entry of this key in `webhook-signature`; nil for a public key.
  func entry(for parts: [[UInt8]]) -> String? {
    guard case .shared(let key) = self else { return nil }
    return version + Base64.encode(DigestAlgorithm.sha256.code(of: parts, key: key))
  }

  /// Whether the entry has this key's version and form.
  func reads(_ entry: String) -> Bool { signature(in: entry) != nil }

  /// Whether any of the entries is this key's signature of the parts joined together.
  func verify(_ entries: [String], of parts: [[UInt8]]) -> Bool {
    let signatures = entries.compactMap(signature(in:))
    switch self {
    case .shared(let key):
      let code = DigestAlgorithm.sha256.code(of: parts, key: key)
      return signatures.count { ConstantTime.equal($0, code) } > 0
    case .publicKey(let key):
      let signed = Array(parts.joined())
      return signatures.contains { key.isValidSignature($0, for: signed) }
    }
  }

  /// What an entry looks like, for people.
  var expectedEntry: String { "\"\(version)\" and " + CodeForm.base64.expected(length: length) }

  private var version: String {
    switch self {
    case .shared: "v1,"
    case .publicKey: "v1a,"
    }
  }

  private var length: Int {
    switch self {
    case .shared: 32
    case .publicKey: 64
    }
  }

  private func signature(in entry: String) -> [UInt8]? {
    entry.dropping(prefix: version).flatMap { CodeForm.base64.decode($0, length: length) }
  }
}

extension StandardWebhooksKey: CustomReflectable {
  /// Nothing of the key gets into logs and test reports.
  var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}
