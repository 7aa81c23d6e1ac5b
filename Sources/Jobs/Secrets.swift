import Catalog
package import JSON

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
}

/// Why a reference gives no secret. Never shows one.
package enum SecretError: Error, Equatable, CustomStringConvertible {
  case malformed(String)
  case notSet(String)
  case unreadable(path: String, reason: String)

  package var description: String {
    switch self {
    case .malformed(let text):
      "\(quoted(text)) is no reference. Write ${env:NAME} for an environment variable, or ${file:/path} for a "
        + "file's content."
    case .notSet(let name):
      "The environment variable \(name) is not set. Set it for the server and start that again."
    case .unreadable(let path, let reason): "The secret's file \(path) cannot be read: \(reason)."
    }
  }
}

/// Texts with references to secrets: `${env:NAME}` and `${file:PATH}`, alone or inside a longer text.
/// `${dollar}` is a bare `$`, so that a text from outside can be written without naming a secret.
package struct Secrets: Sendable {
  /// The variables that `${env:NAME}` can name.
  private let environment: [String: String]

  private let open: OpenSecrets

  /// - Parameter warn: told of a secret's file that other users of the machine may read or write, once for each.
  package init(environment: [String: String], warn: @escaping @Sendable (String) -> Void = { _ in }) {
    self.environment = environment
    open = OpenSecrets(warn)
  }

  /// A secret's file may have so many bytes.
  private static let fileLimit = 64 << 10

  private enum Part {
    case text(Substring)
    case reference(SecretReference)
  }

  /// Every reference in a text, in order.
  package static func references(in text: String) throws(SecretError) -> [SecretReference] {
    try parts(of: text).compactMap { part in
      if case .reference(let reference) = part { reference } else { nil }
    }
  }

  /// The text with the secrets in the places of their references. Not to be stored nor printed.
  package func resolve(_ text: String) throws(SecretError) -> String {
    var resolved = ""
    for part in try Secrets.parts(of: text) {
      switch part {
      case .text(let text): resolved += text
      case .reference(let reference): resolved += try value(of: reference)
      }
    }
    return resolved
  }

  /// As for a text, for every text of a JSON value.
  package func resolve(_ json: JSON) throws(SecretError) -> JSON {
    switch json {
    case .string(let text): return .string(try resolve(text))
    case .array(let elements):
      var resolved: [JSON] = []
      for element in elements { resolved.append(try resolve(element)) }
      return .array(resolved)
    case .object(let object):
      var resolved = JSON.Object()
      for (key, value) in object { resolved[key] = try resolve(value) }
      return .object(resolved)
    default: return json
    }
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
        throw .unreadable(path: path, reason: error.reason)
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .unreadable(path: path, reason: "it is no UTF-8 text")
      }
      return text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
  }

  private static func parts(of text: String) throws(SecretError) -> [Part] {
    var parts: [Part] = []
    var rest = text[...]
    while let dollar = rest.firstRange(of: "${") {
      if dollar.lowerBound > rest.startIndex { parts.append(.text(rest[..<dollar.lowerBound])) }
      guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
        throw .malformed(String(rest[dollar.lowerBound...]))
      }
      let inside = rest[dollar.upperBound..<end]
      let whole = String(rest[dollar.lowerBound...end])
      if inside == "dollar" {
        parts.append(.text("$"))
      } else if inside.hasPrefix("env:"), isVariable(inside.dropFirst(4)) {
        parts.append(.reference(.environment(String(inside.dropFirst(4)))))
      } else if inside.hasPrefix("file:"), inside.dropFirst(5).first == "/" {
        parts.append(.reference(.file(String(inside.dropFirst(5)))))
      } else {
        throw .malformed(whole)
      }
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { parts.append(.text(rest)) }
    return parts
  }

  private static func isVariable(_ name: Substring) -> Bool {
    !name.isEmpty && !(name.first?.isNumber ?? true)
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
  }
}
