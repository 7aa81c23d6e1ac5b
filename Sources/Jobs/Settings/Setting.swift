package import JSON

/// What stands in a setting of a source or callback, with every reference to a secret told apart from the texts
/// around it, and what came from outside from what the operator wrote.
///
/// Only what the operator wrote is ever searched for references, once, and only in this module: nobody else can
/// make a `Setting` from a text. A value that was put in later is a piece of its own that nobody reads.
package indirect enum Setting: Sendable, Equatable {
  /// A number, a boolean, or null.
  case plain(JSON)
  case text([Piece])
  case list([Setting])
  /// Members in the operator's order. Their names are the operator's own.
  case members([Member])

  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: Setting
  }

  /// A part of a text.
  package enum Piece: Sendable, Equatable {
    /// The operator's words.
    case written(String)
    case reference(SecretReference)
    /// What a template brought in. It is used as it is, whatever it looks like.
    case outside(String)
  }

  /// - Parameter text: what the operator wrote, where no template may stand.
  init(written text: String) throws(SecretError) {
    self = .text(try Setting.pieces(written: text))
  }

  /// - Parameter json: what the operator wrote, without templates.
  init(written json: JSON) throws(SecretError) {
    self = try Setting.map(json) { text throws(SecretError) in try Setting.pieces(written: text) }
  }

  /// - Parameters:
  ///   - template: what the operator wrote; every text of it is a template.
  ///   - showsCredentials: whether values may be credentials, as where the setting is one itself.
  /// - Throws: `TemplateError`, or `SecretError` for a malformed reference.
  init(template: JSON, context: JSON, showsCredentials: Bool = false) throws {
    self = try Setting.map(template) { text in
      var pieces: [Piece] = []
      for piece in try Template.pieces(text, context: context, showsCredentials: showsCredentials) {
        switch piece {
        case .written(let text): pieces += try Setting.pieces(written: text)
        case .value(let text): pieces.append(.outside(text))
        }
      }
      return pieces
    }
  }

  static func map<Failure: Error>(
    _ json: JSON, _ pieces: (String) throws(Failure) -> [Piece]
  ) throws(Failure) -> Setting {
    switch json {
    case .string(let text): return .text(try pieces(text))
    case .array(let elements):
      var list: [Setting] = []
      for element in elements { list.append(try map(element, pieces)) }
      return .list(list)
    case .object(let object):
      var members: [Member] = []
      for (name, value) in object { members.append(Member(name: name, value: try map(value, pieces))) }
      return .members(members)
    default: return .plain(json)
    }
  }

  /// As the operator's files have it: references as `${env:NAME}`, never secrets. For people; nothing reads it
  /// back.
  package var shown: JSON {
    value { (piece: Piece) in
      switch piece {
      case .written(let text), .outside(let text): text
      case .reference(let reference): reference.description
      }
    }
  }

  func value<Failure: Error>(_ text: (Piece) throws(Failure) -> String) throws(Failure) -> JSON {
    switch self {
    case .plain(let value): return value
    case .text(let pieces):
      var joined = ""
      for piece in pieces { joined += try text(piece) }
      return .string(joined)
    case .list(let elements):
      var list: [JSON] = []
      for element in elements { list.append(try element.value(text)) }
      return .array(list)
    case .members(let members):
      var object = JSON.Object()
      for member in members { object[member.name] = try member.value.value(text) }
      return .object(object)
    }
  }

  /// Every reference in it, in order.
  package var references: [SecretReference] {
    switch self {
    case .plain: []
    case .text(let pieces):
      pieces.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
    case .list(let elements): elements.flatMap(\.references)
    case .members(let members): members.flatMap(\.value.references)
    }
  }
}

// MARK: Reading what the operator wrote

extension Setting {
  /// The references in a text that the operator wrote, and what stands around them.
  static func pieces(written text: String) throws(SecretError) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text[...]
    while let dollar = rest.firstRange(of: "${") {
      if dollar.lowerBound > rest.startIndex { pieces.append(.written(String(rest[..<dollar.lowerBound]))) }
      guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
        throw .malformed(String(rest[dollar.lowerBound...]))
      }
      let inside = rest[dollar.upperBound..<end]
      // How a bare dollar is written before a brace.
      if inside == "dollar" {
        pieces.append(.written("$"))
      } else if let reference = SecretReference(inside) {
        pieces.append(.reference(reference))
      } else {
        throw .malformed(String(rest[dollar.lowerBound...end]))
      }
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { pieces.append(.written(String(rest))) }
    return pieces
  }
}
