import Crypto
import Primitives

/// SHA-256, as hexadecimal digits.
package enum Digest {
  package static func of(_ bytes: [UInt8]) -> String { Hex.encode(SHA256.hash(data: bytes)) }
}
