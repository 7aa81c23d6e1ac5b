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
  private struct Frame {
    let shape: TemplateShape
    let path: [String]
  }

  /// The values that names are looked up in, the innermost last.
  private var frames: [Frame]
  /// What lies in a last result and is asked for as if there were always one: what is missing when a job has never run.
  private(set) var untested: [TemplateError] = []

  init(_ context: TemplateShape) {
    frames = [Frame(shape: context, path: [])]
  }

  /// - Throws: `TemplateError` for a name that nothing can have.
  mutating func check(_ parts: [TemplatePart]) throws(TemplateError) {
    for part in parts {
      switch part {
      case .text: break
      case .value(let name): note(name, try look(up: name).path)
      case .section(let name, let isInverted, let parts):
        let found = try look(up: name)
        // Whether the last word is there is what a section asks.
        note(name, Array(found.path.dropLast()))
        // What is rendered because there is no value sees no new one.
        if isInverted {
          try check(parts)
        } else {
          frames.append(found)
          defer { frames.removeLast() }
          try check(parts)
        }
      }
    }
  }

  /// As the renderer looks it up: the first word from the innermost value outwards.
  private func look(up name: TemplateName) throws(TemplateError) -> Frame {
    guard let first = name.words.first else { return frames.last ?? Frame(shape: .open, path: []) }
    guard let place = frames.lastIndex(where: { $0.shape.member(first) != nil }),
      var shape = frames[place].shape.member(first)
    else {
      throw missing(name, first, in: frames.last { $0.shape.names?.isEmpty == false }?.shape ?? .plain)
    }
    // What comes from outside may have such a member, and most likely has not.
    let path = first == "last" ? name.words : frames[place].path + name.words
    for word in name.words.dropFirst() {
      guard let next = shape.member(word) else { throw missing(name, word, in: shape) }
      shape = next
    }
    return Frame(shape: shape, path: path)
  }

  private mutating func note(_ name: TemplateName, _ path: [String]) {
    guard path.count > 2, path[0] == "last" else { return }
    let result = path[...1]
    if frames.contains(where: { $0.path.starts(with: result) }) { return }
    untested.append(TemplateError(line: name.line, .neverYet(name.text, result: path[1])))
  }

  private func missing(_ name: TemplateName, _ word: String, in shape: TemplateShape) -> TemplateError {
    let known = shape.names ?? []
    return TemplateError(
      line: name.line, .missing(name.text, nearest: Nearest.to(word, among: known), known: known))
  }
}
