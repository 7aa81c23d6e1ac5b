import Crypto
package import Primitives

/// Addresses under which whoever has one can fetch one file, without a key, for a while:
/// `<base><path>?expires=<seconds>&signature=<hex>`. For messages to people, who have no key.
package struct FileLinks: Sendable {
  /// How long a new link works.
  package static let lifetime = Duration.seconds(7 * 86_400)

  /// Where other machines reach this server, such as `https://errand.example.com`; nil makes no links.
  private let base: String?
  /// Where a file's content is, with `:id` in place of the file.
  private let path: String
  private let key: SymmetricKey

  /// - Parameters:
  ///   - base: without a slash at its end.
  ///   - path: where the API has a file's content, with `:id` in place of the file.
  ///   - key: at least 16 bytes that nobody else knows. Another key ends every link that there is.
  package init(base: String?, path: String, key: [UInt8]) {
    self.base = base
    self.path = path
    self.key = SymmetricKey(data: key)
  }

  /// A link to a file's content; nil when nobody has said where this server is reached.
  package func link(to file: String, now: Timestamp) -> String? {
    guard let base else { return nil }
    let expires = (now + FileLinks.lifetime).seconds
    return
      "\(base)\(path.replacing(":id", with: file))?expires=\(expires)&signature=\(signature(file, expires))"
  }

  /// Why a link does not open a file; nil when it does.
  /// - Parameters:
  ///   - expires: seconds, as it stands in the link.
  ///   - signature: as it stands in the link.
  package func refusal(
    of file: String, expires: String, signature: String, now: Timestamp
  ) -> FileLinkRefusal? {
    guard let given = Hex.decode(signature), let seconds = Int64(expires), String(seconds) == expires,
      HMAC<SHA256>.isValidAuthenticationCode(given, authenticating: text(file, seconds), using: key)
    else { return .forged }
    return seconds < now.seconds ? .expired(Timestamp(seconds: seconds)) : nil
  }

  private func signature(_ file: String, _ expires: Int64) -> String {
    Hex.encode(HMAC<SHA256>.authenticationCode(for: text(file, expires), using: key))
  }

  /// What is signed. The first line keeps a signature from being good for anything else.
  private func text(_ file: String, _ expires: Int64) -> [UInt8] {
    Array("errand file content\n\(file)\n\(expires)".utf8)
  }
}

/// Why a link does not open its file.
package enum FileLinkRefusal: Error, Equatable, CustomStringConvertible {
  case forged
  case expired(Timestamp)

  package var description: String {
    switch self {
    case .forged: "This link is not one of this server's. Copy the whole of it, or ask for a new one."
    case .expired(let time):
      "This link worked until \(time). Ask for the work again, or ask whoever runs this server for the file."
    }
  }
}
