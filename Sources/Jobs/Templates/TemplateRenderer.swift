import JSON
import Primitives
import Reading

/// What a template came to: its author's words, or a value.
enum TemplatePiece: Sendable, Equatable {
  case written(String)
  case value(String)

  var text: String {
    switch self {
    case .written(let text), .value(let text): text
    }
  }
}

/// Fills a template's parts with values.
struct TemplateRenderer {
  /// A value that names are looked up in, and how it is reached from the context.
  private struct Frame {
    let value: JSON
    let path: [String]
  }

  /// Members of `trigger` that Errand writes itself.
  private static let ownMembers: Set<String> = [
    "kind", "id", "time", "date", "local_time", "timezone", "receipt_id", "source",
  ]

  /// Members of what comes from outside that are credentials by themselves, whoever sends them: nothing needs them
  /// but the setting that is one itself. Whoever has a `response_url` can post in somebody's chat.
  private static let credentials: Set<String> = ["response_url", "response_urls"]

  private(set) var pieces: [TemplatePiece] = []
  private var size = 0
  /// Whether anything was put between marks.
  private(set) var hasMarks = false
  /// Nil marks nothing.
  private let boundary: String?
  private let showsCredentials: Bool
  private var frames: [Frame]

  init(context: JSON, boundary: String?, showsCredentials: Bool = false) {
    frames = [Frame(value: context, path: [])]
    self.boundary = boundary
    self.showsCredentials = showsCredentials
  }

  mutating func render(_ parts: [TemplatePart]) throws(TemplateError) {
    for part in parts {
      switch part {
      case .text(let text): try add(.written(text), line: 1)
      case .value(let name):
        guard let found = try find(name, mayBeMissing: false) else { continue }
        try add(.value(show(found)), line: name.line)
      case .section(let name, let isInverted, let parts):
        let found = try find(name, mayBeMissing: true)
        if isInverted {
          if isEmpty(found?.value) { try render(parts) }
        } else if let found, !isEmpty(found.value) {
          try render(parts, for: found)
        }
      }
    }
  }

  private mutating func render(_ parts: [TemplatePart], for found: Frame) throws(TemplateError) {
    let turns =
      found.value.arrayValue?.enumerated().map { Frame(value: $1, path: found.path + [String($0)]) } ?? [
        found
      ]
    for frame in turns {
      frames.append(frame)
      defer { frames.removeLast() }
      try render(parts)
    }
  }

  private func isEmpty(_ value: JSON?) -> Bool {
    switch value {
    case nil, .null, .bool(false), .string(""): true
    case .array(let elements): elements.isEmpty
    default: false
    }
  }

  // MARK: Looking up

  /// The first word is looked up from the innermost value outwards, the others below what it gives.
  /// - Parameter mayBeMissing: whether the last word may be.
  private func find(_ name: TemplateName, mayBeMissing: Bool) throws(TemplateError) -> Frame? {
    guard let first = name.words.first else { return frames.last }
    guard var frame = frames.last(where: { $0.value[first] != nil }).flatMap({ member(first, of: $0) }) else {
      if mayBeMissing, name.words.count == 1 { return nil }
      throw missing(name, first, in: frames.last?.value)
    }
    for (index, word) in name.words.enumerated().dropFirst() {
      guard let next = member(word, of: frame) else {
        if mayBeMissing, index == name.words.count - 1 { return nil }
        if frame.value.isNull, frame.path.count == 2, frame.path[0] == "last" {
          throw TemplateError(line: name.line, .neverYet(name.text, result: frame.path[1]))
        }
        throw missing(name, word, in: frame.value)
      }
      frame = next
    }
    return frame
  }

  private func member(_ word: String, of frame: Frame) -> Frame? {
    let value = Int(word).flatMap { frame.value[$0] } ?? frame.value[word]
    return value.map { Frame(value: $0, path: frame.path + [word]) }
  }

  private func missing(_ name: TemplateName, _ word: String, in value: JSON?) -> TemplateError {
    let known = value?.objectValue.map { Array($0.keys) } ?? []
    return TemplateError(
      line: name.line, .missing(name.text, nearest: Nearest.to(word, among: known), known: known))
  }

  // MARK: Showing

  private mutating func show(_ frame: Frame) -> String {
    let value = showsCredentials ? frame.value : TemplateRenderer.masked(frame.value, at: frame.path.last)
    switch value {
    case .null: return ""
    case .bool, .integer, .number, .exact: return value.text
    case .string(let text): return isOutside(frame.path) ? marked(text) : text
    case .array, .object:
      let text = value.prettyText
      return isOutside(frame.path) ? marked(text) : text
    }
  }

  /// The value without credentials.
  /// - Parameter name: what it is a member of.
  private static func masked(_ value: JSON, at name: String?) -> JSON {
    if let name, credentials.contains(name), !value.isNull { return "(hidden)" }
    switch value {
    case .array(let elements): return .array(elements.map { masked($0, at: nil) })
    case .object(let object):
      return .object(
        JSON.Object(uniqueKeysWithValues: object.map { ($0.key, masked($0.value, at: $0.key)) }))
    default: return value
    }
  }

  private func isOutside(_ path: [String]) -> Bool {
    switch path.first {
    case nil: true
    // A lane is Errand's own word, a name is not.
    case "trigger":
      path.dropFirst() != ["actor", "lane"]
        && (path.count == 1 || !TemplateRenderer.ownMembers.contains(path[1]))
    // What an agent said was made from outside text.
    case "last": path.count != 3 || (path[2] != "time" && path[2] != "run_id")
    default: false
    }
  }

  /// The text between marks, on lines of its own when it has several.
  private mutating func marked(_ text: String) -> String {
    guard let boundary, !text.isEmpty else { return text }
    hasMarks = true
    var text = text
    // Nobody outside can have known it; but what closes a block must not stand in one, whatever happened.
    while text.contains(boundary) { text.replace(boundary, with: "") }
    let newline = text.hasLineEnd ? "\n" : ""
    return "<\(boundary)>\(newline)\(text)\(newline)</\(boundary)>"
  }

  private mutating func add(_ piece: TemplatePiece, line: Int) throws(TemplateError) {
    size += piece.text.utf8.count
    guard size <= Template.limit else { throw TemplateError(line: line, .tooLong(limit: Template.limit)) }
    pieces.append(piece)
  }

  var output: String {
    var output = ""
    output.reserveCapacity(size)
    for piece in pieces { output += piece.text }
    return output
  }
}
