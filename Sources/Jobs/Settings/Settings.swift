package import JSON

/// The settings of one callback or source, as they are worked with and as deliveries keep them.
package struct Settings: Sendable, Equatable {
  package let root: Setting

  init(_ root: Setting) {
    self.root = root
  }

  /// As the operator wrote them, without templates.
  package init(written json: JSON) throws(SecretError) {
    root = try Setting(written: json)
  }

  /// For checks before anything is put in: secrets in their places, templates as they stand.
  init(unfilled json: JSON, templates: [String]) throws(SecretError) {
    var members: [Setting.Member] = []
    for (name, value) in json.objectValue ?? [:] {
      let setting =
        templates.contains(name)
        ? Setting.map(value) { (text: String) in [Setting.Piece.written(text)] } : try Setting(written: value)
      members.append(Setting.Member(name: name, value: setting))
    }
    root = .members(members)
  }

  package var shown: JSON { root.shown }
  package var references: [SecretReference] { root.references }

  // MARK: Keeping them

  /// What tells this form from that of earlier versions, whose objects are the settings themselves.
  private static let form: JSON = 2

  /// As rows keep them.
  package var stored: JSON { ["form": Settings.form, "settings": root.stored] }

  /// What a row has.
  /// - Parameter rendered: the settings that an earlier version put outside values into, see `Setting.earlier`.
  package init(stored json: JSON, rendered: Set<String> = []) throws(SecretError) {
    if json["form"] == Settings.form {
      guard let root = json["settings"].flatMap(Setting.init(stored:)) else { throw .unreadableSettings }
      self.root = root
      return
    }
    guard let object = json.objectValue else { throw .unreadableSettings }
    var members: [Setting.Member] = []
    for (name, value) in object {
      let setting = rendered.contains(name) ? Setting(earlier: value) : try Setting(written: value)
      members.append(Setting.Member(name: name, value: setting))
    }
    root = .members(members)
  }

  /// What a run that an earlier version started has of a callback: outside values are where it differs from what
  /// the job says.
  init(earlier json: JSON, of job: JSON) throws(SecretError) {
    let names = (json.objectValue?.keys ?? []).filter { json[$0] != job[$0] }
    try self.init(stored: json, rendered: Set(names))
  }
}

extension Setting {
  /// As rows keep it. Every object says by its one member what it is, so no text and no name in a setting can pass
  /// for a reference.
  package var stored: JSON {
    switch self {
    case .plain(let value): return value
    case .text(let pieces):
      let isWritten = pieces.allSatisfy { if case .written = $0 { true } else { false } }
      if isWritten { return shown }
      return [
        "text": .array(
          pieces.map { piece in
            switch piece {
            case .written(let text): .string(text)
            case .outside(let text): ["outside": .string(text)]
            case .reference(.environment(let name)): ["env": .string(name)]
            case .reference(.file(let path)): ["file": .string(path)]
            }
          })
      ]
    case .list(let elements): return .array(elements.map(\.stored))
    case .members(let members):
      return ["members": .array(members.map { [.string($0.name), $0.value.stored] })]
    }
  }

  /// Nil for what `stored` never writes.
  init?(stored json: JSON) {
    switch json {
    case .string(let text): self = .text(text.isEmpty ? [] : [.written(text)])
    case .array(let elements):
      var list: [Setting] = []
      for element in elements {
        guard let setting = Setting(stored: element) else { return nil }
        list.append(setting)
      }
      self = .list(list)
    case .object(let object):
      guard object.count == 1 else { return nil }
      if let pieces = object["text"]?.arrayValue {
        var text: [Piece] = []
        for piece in pieces {
          guard let piece = Piece(stored: piece) else { return nil }
          text.append(piece)
        }
        self = .text(text)
      } else if let pairs = object["members"]?.arrayValue {
        var members: [Member] = []
        for pair in pairs {
          guard let name = pair[0]?.stringValue, let value = pair[1].flatMap(Setting.init(stored:)) else {
            return nil
          }
          members.append(Member(name: name, value: value))
        }
        self = .members(members)
      } else {
        return nil
      }
    default: self = .plain(json)
    }
  }

  /// A setting as versions stored it that put outside values into the text before they looked for references.
  ///
  /// They wrote each `$` of a value as `${dollar}`, but forgot the names in objects. Such a name stands behind the
  /// brace or bracket that opens its value, so a reference is believed up to the first of those, and no further.
  init(earlier json: JSON) {
    self = Setting.map(json) { (text: String) in
      var pieces: [Piece] = []
      var rest = text[...]
      while let open = rest.firstIndex(where: { $0 == "{" || $0 == "[" }) {
        guard open > rest.startIndex, rest[open] == "{", rest[rest.index(before: open)] == "$",
          let end = rest[open...].firstIndex(of: "}")
        else { break }
        let before = rest[..<rest.index(before: open)]
        let inside = rest[rest.index(after: open)..<end]
        guard inside == "dollar" || SecretReference(inside) != nil else { break }
        if !before.isEmpty { pieces.append(.outside(String(before))) }
        pieces.append(SecretReference(inside).map(Piece.reference) ?? .outside("$"))
        rest = rest[rest.index(after: end)...]
      }
      if !rest.isEmpty { pieces.append(.outside(String(rest).replacing("${dollar}", with: "$"))) }
      return pieces
    }
  }
}

extension Setting.Piece {
  fileprivate init?(stored json: JSON) {
    if let text = json.stringValue {
      self = .written(text)
    } else if let object = json.objectValue, object.count == 1 {
      if let text = object["outside"]?.stringValue {
        self = .outside(text)
      } else if let name = object["env"]?.stringValue {
        self = .reference(.environment(name))
      } else if let path = object["file"]?.stringValue {
        self = .reference(.file(path))
      } else {
        return nil
      }
    } else {
      return nil
    }
  }
}
