/// Where a repository is: an address that git may be given. It can come from outside, so only plain forms
/// pass, and nothing that git would read as an option, a helper or a command.
///
/// `https://host/path`; `http://` for this machine only; `file:///path` or `/path` for a local one, which
/// `LocalRepositories` must allow besides.
package struct RepositoryURL: Sendable, Hashable, CustomStringConvertible {
  package enum Scheme: String, Sendable { case https, http, file }

  package let scheme: Scheme
  /// With the port, if one is given; empty for a local one.
  package let host: String
  /// From the first slash.
  package let path: String

  /// As git is given it.
  package var description: String { "\(scheme.rawValue)://\(host)\(path)" }

  /// The one given, or the scheme's own; 0 for a local one.
  package var port: UInt16 {
    let standard: UInt16 =
      switch scheme {
      case .https: 443
      case .http: 80
      case .file: 0
      }
    return UInt16(RepositoryURL.split(host).port) ?? standard
  }

  /// Of which host a credential may be asked for: `https://host`.
  package var origin: String { "\(scheme.rawValue)://\(host)" }

  /// The last part of the path without `.git`, which names its folder.
  package var name: String { String((parts.last ?? "repository").droppingGit) }

  /// The last two parts of the path, `owner/name`, as GitHub's API wants them; nil when there are fewer.
  package var fullName: String? {
    let parts = parts
    guard parts.count >= 2 else { return nil }
    return "\(parts[parts.count - 2])/\(parts[parts.count - 1].droppingGit)"
  }

  private var parts: [Substring] { path.split(separator: "/") }

  /// The longest address, in bytes.
  static let longest = 2048

  /// - Throws: `RepositoryURLError` with a sentence.
  package init(_ text: String) throws(RepositoryURLError) {
    func refuse(_ reason: String) -> RepositoryURLError { RepositoryURLError(url: text, reason: reason) }
    guard (1...RepositoryURL.longest).contains(text.utf8.count) else {
      throw refuse("it must have 1 to \(RepositoryURL.longest) characters")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw refuse("it has a space, a control character or something outside of ASCII")
    }
    if text.hasPrefix("-") { throw refuse("it begins with “-”, which programs read as an option") }
    // Later on it can only be the middle of an IPv6 address.
    if let colons = text.firstRange(of: "::"),
      !text[..<colons.lowerBound].contains("://")
    {
      throw refuse("it names a helper program with “::”, which is never run")
    }
    if text.hasPrefix("/") {
      (scheme, host, path) = (.file, "", text)
    } else if let slashes = text.firstRange(of: "://") {
      guard let scheme = Scheme(rawValue: text[..<slashes.lowerBound].lowercased()) else {
        throw refuse("only https:// is allowed")
      }
      let rest = text[slashes.upperBound...]
      let host = rest.prefix { $0 != "/" }
      self.scheme = scheme
      self.host = host.lowercased()
      path = String(rest.dropFirst(host.count))
    } else {
      throw refuse("it is no https:// address. For GitHub it is https://github.com/OWNER/NAME.git")
    }
    if host.contains("@") { throw refuse("a user or token stands in it. Put the token into “token”") }
    if scheme == .file {
      guard host.isEmpty else { throw refuse("a local repository is file:///path") }
    } else if !RepositoryURL.isHost(host) {
      throw refuse("its host is no host name")
    }
    if scheme == .http, !RepositoryURL.isThisMachine(host) {
      throw refuse("over http:// anybody could read and change it. Use https://")
    }
    guard path.count > 1, path.utf8.allSatisfy(RepositoryURL.isPlain) else {
      throw refuse("its path is empty or has characters other than letters, digits and - . _ ~ / + @ , =")
    }
    guard !parts.contains(where: { $0 == ".." || $0 == "." }) else {
      throw refuse("its path has “.” or “..” in it")
    }
    guard !parts.isEmpty, !name.isEmpty else { throw refuse("its path names no repository") }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case let byte: "-._~/+@,=".utf8.contains(byte)
    }
  }

  private static func isHost(_ host: String) -> Bool {
    let (name, port) = split(host)
    guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), port.isEmpty || UInt16(port) ?? 0 > 0,
      !name.isEmpty, !host.hasSuffix(":")
    else { return false }
    if name.hasPrefix("["), name.hasSuffix("]") {
      return name.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
    return name.first != "-"
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
      }
  }

  private static func isThisMachine(_ host: String) -> Bool {
    ["127.0.0.1", "localhost", "[::1]"].contains(split(host).name)
  }

  private static func split(_ host: String) -> (name: Substring, port: Substring) {
    let bracket = host.lastIndex(of: "]") ?? host.startIndex
    guard let colon = host[bracket...].lastIndex(of: ":") else { return (host[...], "") }
    return (host[..<colon], host[host.index(after: colon)...])
  }
}

extension Substring {
  fileprivate var droppingGit: Substring { hasSuffix(".git") ? dropLast(4) : self }
}

/// An address that git is not given.
package struct RepositoryURLError: Error, Equatable, CustomStringConvertible {
  package var url: String
  package var reason: String

  package var description: String {
    // What may be a password in it is not repeated.
    let shown =
      url.contains("@") ? "The address" : "“\(String(url.unicodeScalars.filter(\.isShown)).prefix(200))”"
    return "\(shown) cannot be a repository's: \(reason)."
  }
}

extension Unicode.Scalar {
  fileprivate var isShown: Bool { value >= 0x20 && value != 0x7F }
}
