import Primitives

/// How a signature is written in a header.
package enum CodeForm: String, Sendable, CaseIterable {
  /// Lower-case digits; senders compare texts, so upper case is no signature of theirs.
  case hex
  /// With padding.
  case base64

  /// Nil unless the text is the one way to write so many bytes.
  func decode(_ text: String, length: Int) -> [UInt8]? {
    let bytes: [UInt8]?
    switch self {
    case .hex: bytes = Hex.decode(text)
    case .base64: bytes = Base64.decode(text).flatMap { Base64.encode($0) == text ? $0 : nil }
    }
    return bytes?.count == length ? bytes : nil
  }

  func encode(_ code: [UInt8]) -> String {
    switch self {
    case .hex: Hex.encode(code)
    case .base64: Base64.encode(code)
    }
  }

  /// What `decode` takes, for people.
  func expected(length: Int) -> String {
    switch self {
    case .hex: "\(length * 2) lower-case hexadecimal digits"
    case .base64: "the base64 of \(length) bytes"
    }
  }
}
