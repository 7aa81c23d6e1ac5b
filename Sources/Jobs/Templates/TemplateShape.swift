import Reading

/// What is known of a value that templates see before there is one: what Errand writes itself has its members,
/// of what comes from outside nothing is known.
indirect enum TemplateShape: Sendable {
  case open
  /// A text, a number or a boolean: nothing lies in it.
  case plain
  case members([(name: String, shape: TemplateShape)])

  /// The names in it; nil when nobody knows them.
  var names: [String]? {
    switch self {
    case .open: nil
    case .plain: []
    case .members(let members): members.map(\.name)
    }
  }

  /// Nil when there is surely no such member.
  func member(_ name: String) -> TemplateShape? {
    switch self {
    case .open: .open
    case .plain: nil
    case .members(let members): members.first { $0.name == name }?.shape
    }
  }

  /// What keys, callbacks and repositories see.
  static let values = TemplateShape.members([
    (
      "trigger",
      .members([
        ("kind", .plain), ("id", .plain), ("time", .plain), ("date", .plain), ("local_time", .plain),
        ("timezone", .plain),
        ("actor", .members([("name", .plain), ("lane", .plain)])), ("receipt_id", .plain), ("type", .plain),
        ("source", .plain), ("text", .plain), ("headers", .open), ("body", .open),
      ])
    ),
    ("job", .members([("name", .plain), ("description", .plain)])),
    ("firing", .members([("id", .plain), ("time", .plain)])),
    ("previous", .members([("time", .plain), ("date", .plain)])),
  ])

  /// What prompts see: the last results too.
  static let prompt: TemplateShape = {
    guard case .members(let members) = values else { return values }
    let last = TemplateShape.members([
      (
        "success",
        .members([("message", .plain), ("files", .open), ("time", .plain), ("run_id", .plain)])
      ),
      ("failure", .members([("state", .plain), ("reason", .plain), ("time", .plain), ("run_id", .plain)])),
    ])
    return .members(members + [("last", last)])
  }()
}

/// Looks whether the names of a template can lead to something at all.
struct TemplateNames {
  /// The values that names are looked up in, the innermost last.
  private var frames: [TemplateShape]

  init(_ context: TemplateShape) {
    frames = [context]
  }

  /// - Throws: `TemplateError` for a name that nothing can have.
  mutating func check(_ parts: [TemplatePart]) throws(TemplateError) {
    for part in parts {
      switch part {
      case .text: break
      case .value(let name): _ = try shape(of: name)
      case .section(let name, let isInverted, let parts):
        let shape = try shape(of: name)
        // What is rendered because there is no value sees no new one.
        if isInverted {
          try check(parts)
        } else {
          frames.append(shape)
          defer { frames.removeLast() }
          try check(parts)
        }
      }
    }
  }

  /// As the renderer looks it up: the first word from the innermost value outwards.
  private func shape(of name: TemplateName) throws(TemplateError) -> TemplateShape {
    guard let first = name.words.first else { return frames.last ?? .open }
    guard var shape = frames.reversed().lazy.compactMap({ $0.member(first) }).first else {
      throw missing(name, first, in: frames.last { $0.names?.isEmpty == false } ?? .plain)
    }
    for word in name.words.dropFirst() {
      guard let next = shape.member(word) else { throw missing(name, word, in: shape) }
      shape = next
    }
    return shape
  }

  private func missing(_ name: TemplateName, _ word: String, in shape: TemplateShape) -> TemplateError {
    let known = shape.names ?? []
    return TemplateError(
      line: name.line, .missing(name.text, nearest: Nearest.to(word, among: known), known: known))
  }
}
