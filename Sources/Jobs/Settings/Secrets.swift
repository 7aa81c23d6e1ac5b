package import JSON
import Reading
package import Signatures

/// A secret's place: the files name it, and only its user looks there.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
  /// `${env:NAME}`: a variable of the server's environment.
  case environment(String)
  /// `${file:PATH}`: a file on the server, without the line end at its end.
  case file(String)

  package var description: String {
    switch self {
    case .environment(let name): "${env:\(name)}"
    case .file(let path): "${file:\(path)}"
    }
  }

  /// - Parameter inside: what stands between `${` and `}`.
  init?(_ inside: Substring) {
    if inside.hasPrefix("env:"), SecretReference.isVariable(inside.dropFirst(4)) {
      self = .environment(String(inside.dropFirst(4)))
    } else if inside.hasPrefix("file:"), inside.dropFirst(5).first == "/" {
      self = .file(String(inside.dropFirst(5)))
    } else {
      return nil
    }
  }

  private static func isVariable(_ name: Substring) -> Bool {
    !name.isEmpty && !(name.first?.isNumber ?? true)
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
  }
}

/// Why a reference gives no secret. Never shows one.
package enum SecretError: Error, Equatable, CustomStringConvertible {
  case malformed(String)
  case notSet(String)
  case unreadable(path: String, reason: String)
  /// A row does not hold what `Settings` writes.
  case unreadableSettings

  package var description: String {
    switch self {
    case .malformed(let text):
      "\(quoted(text)) is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a "
        + "file's content."
    case .notSet(let name):
      "The environment variable \(name) is not set. Set it for the server and start that again."
    case .unreadableSettings:
      "Its stored settings cannot be read. They were written by a later version, or are damaged."
    case .unreadable(let path, let reason): "The secret's file \(path) cannot be read: \(reason)."
    }
  }
}

/// Where secrets are looked up. It takes no text: what may name a secret is a `Setting`, made from the operator's
/// files alone.
package struct Secrets: Sendable {
  /// The variables that `${env:NAME}` can name.
  private let environment: [String: String]
  private let open: OpenSecrets
  /// By what Errand knows its own texts elsewhere; nil where it need not.
  package let marks: OwnMarks?

  /// - Parameter warn: told of a secret's file that other users of the machine may read or write, once for each.
  package init(
    environment: [String: String], marks: OwnMarks? = nil,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.environment = environment
    self.marks = marks
    open = OpenSecrets(warn)
  }

  /// A secret's file may have so many bytes.
  private static let fileLimit = 64 << 10

  /// The settings with the secrets in the places of their references. Not to be stored nor printed.
  /// - Parameter outside: how a value from outside is written where markup may stand; as it is when nil. It gets
  ///   the name of the setting.
  package func resolve(
    _ settings: Settings, outside: ((String, _ name: String) -> String)? = nil
  ) throws(SecretError) -> JSON {
    guard case .members(let members) = settings.root else { return try resolve(settings.root) }
    var object = JSON.Object()
    for member in members {
      object[member.name] = try resolve(member.value) { text in outside?(text, member.name) ?? text }
    }
    return .object(object)
  }

  /// As for settings, for one of them.
  package func resolve(
    _ setting: Setting, outside: (String) -> String = { $0 }
  ) throws(SecretError) -> JSON {
    try setting.value { (piece: Setting.Piece) throws(SecretError) in
      switch piece {
      case .written(let text): text
      case .outside(let text): outside(text)
      case .reference(let reference): try value(of: reference)
      }
    }
  }

  /// The token of a repository, by the setting that its resource keeps.
  package func token(_ stored: JSON) throws(SecretError) -> String {
    // Earlier versions kept what the job file has, into which nothing was ever put.
    let setting = try stored.stringValue.map { text throws(SecretError) in try Setting(written: text) }
    guard let setting = setting ?? Setting(stored: stored), let token = try resolve(setting).stringValue
    else {
      throw .unreadableSettings
    }
    return token
  }

  /// The secret itself.
  package func value(of reference: SecretReference) throws(SecretError) -> String {
    switch reference {
    case .environment(let name):
      guard let value = environment[name], !value.isEmpty else { throw .notSet(name) }
      return value
    case .file(let path):
      open.look(at: path)
      let bytes: [UInt8]
      do {
        bytes = try PlainFile.read(path, limit: Secrets.fileLimit)
      } catch {
        throw .unreadable(path: path, reason: "\(error)")
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .unreadable(path: path, reason: "it is no UTF-8 text")
      }
      return text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
  }
}
