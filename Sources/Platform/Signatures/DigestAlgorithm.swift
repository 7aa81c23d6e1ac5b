import Crypto

/// The hash function below an HMAC.
package enum DigestAlgorithm: String, Sendable, CaseIterable {
  /// Only because senders still use it; as an HMAC it is not broken.
  case sha1
  case sha256
  case sha384
  case sha512

  /// The length of a code in bytes.
  package var length: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  func code(of parts: [[UInt8]], key: SymmetricKey) -> [UInt8] {
    switch self {
    case .sha1: DigestAlgorithm.code(Insecure.SHA1.self, parts, key)
    case .sha256: DigestAlgorithm.code(SHA256.self, parts, key)
    case .sha384: DigestAlgorithm.code(SHA384.self, parts, key)
    case .sha512: DigestAlgorithm.code(SHA512.self, parts, key)
    }
  }

  private static func code<Hash: HashFunction>(
    _ hash: Hash.Type, _ parts: [[UInt8]], _ key: SymmetricKey
  ) -> [UInt8] {
    var hmac = HMAC<Hash>(key: key)
    for part in parts { hmac.update(data: part) }
    return Array(hmac.finalize())
  }
}
