import JSON
import Primitives
import Reading
import Yams

/// One YAML file as a JSON value, and where everything in it stands.
///
/// Plain words mean what YAML 1.2's core schema says: only `true` and `false` are booleans, so `on`, `yes`
/// and `no`, which YAML 1.1 takes for booleans, are texts here, as keys and as values. Tags other than `!!str`,
/// merge keys, and more than a few aliases are refused.
struct YAMLFile {
  /// In bytes.
  static let limit = 256 << 10
  static let depthLimit = 64
  /// Values, each counted as often as aliases repeat it.
  static let valueLimit = 20_000
  /// Aliases can make keys that take for ever to compare, so their number is looked at before they are read.
  static let aliasLimit = 20

  private(set) var json = JSON.null
  private(set) var marks: [FieldPath: Places.Mark] = [:]
  private(set) var problems: [PlacedProblem] = []
  private let name: String
  private var values = 0

  /// - Parameter name: the file's, for problems.
  init(_ bytes: [UInt8], name: String) {
    self.name = name
    read(bytes)
  }

  private mutating func read(_ bytes: [UInt8]) {
    let text: String
    do {
      text = try FileText.read(bytes)
    } catch {
      return note(nil, error.description)
    }
    let aliases = YAMLFile.aliases(in: text)
    guard aliases <= YAMLFile.aliasLimit else {
      return note(
        nil, "The file uses aliases \(aliases) times; at most \(YAMLFile.aliasLimit) are read. Write it out.")
    }
    do {
      guard let root = try Yams.compose(yaml: text) else { return note(nil, "The file is empty.") }
      json = convert(root, at: .root, depth: 0)
    } catch let error as YamlError {
      note(error, in: text)
    } catch {
      note(nil, "The file cannot be read as YAML: \(error)")
    }
  }

  // MARK: Values

  private mutating func convert(_ node: Node, at path: FieldPath, depth: Int) -> JSON {
    values += 1
    let spot = node.mark.map(Places.Spot.init) ?? Places.Spot(line: 1, column: 1)
    let key = marks[path]?.key
    marks[path] = Places.Mark(key: key, value: spot, textOffset: node.scalar.flatMap(YAMLFile.textOffset))
    guard values <= YAMLFile.valueLimit else {
      // Said once, at the first value too many.
      if values == YAMLFile.valueLimit + 1 {
        note(spot, "The file has more than \(YAMLFile.valueLimit) values.")
      }
      return .null
    }
    guard depth <= YAMLFile.depthLimit else {
      note(spot, "The values are nested more than \(YAMLFile.depthLimit) levels deep.")
      return .null
    }
    switch node {
    case .scalar(let scalar): return value(of: scalar, spot)
    case .sequence(let sequence):
      var elements: [JSON] = []
      for (index, element) in sequence.enumerated() {
        guard values <= YAMLFile.valueLimit else { break }
        elements.append(convert(element, at: path.index(index), depth: depth + 1))
      }
      return .array(elements)
    case .mapping(let mapping):
      var object = JSON.Object()
      for (key, value) in mapping {
        guard values <= YAMLFile.valueLimit else { break }
        add(key, value, to: &object, at: path, depth: depth)
      }
      return .object(object)
    case .alias:
      // The parser has put the anchor's value in its place.
      return .null
    }
  }

  private mutating func add(
    _ key: Node, _ value: Node, to object: inout JSON.Object, at path: FieldPath, depth: Int
  ) {
    let spot = key.mark.map(Places.Spot.init)
    guard let name = key.scalar?.string else {
      return note(spot, "A key must be a word, not a list or an object.")
    }
    if name == "<<" { return note(spot, "Merge keys (\"<<\") are not read. Write the fields out.") }
    let place = path.key(name)
    marks[place] = Places.Mark(key: spot, value: spot ?? Places.Spot(line: 1, column: 1))
    object[name] = convert(value, at: place, depth: depth + 1)
  }

  private mutating func value(of scalar: Node.Scalar, _ spot: Places.Spot) -> JSON {
    switch scalar.tag.rawValue {
    case "": return scalar.style == .plain ? YAMLFile.plain(scalar.string) : .string(scalar.string)
    case "!", "tag:yaml.org,2002:str": return .string(scalar.string)
    default:
      note(spot, "The tag \(scalar.tag.rawValue) is not read. Leave it out.")
      return .null
    }
  }

  /// What an unquoted word means (YAML 1.2.2, section 10.3.2).
  static func plain(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: break
    }
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else {
      return .string(text)
    }
    if digits.utf8.allSatisfy(isDigit) { return Int64(text).map { .integer($0) } ?? .string(text) }
    if digits.hasPrefix("0o") {
      return Int64(digits.dropFirst(2), radix: 8).map { .integer($0) } ?? .string(text)
    }
    if digits.hasPrefix("0x") {
      return Int64(digits.dropFirst(2), radix: 16).map { .integer($0) } ?? .string(text)
    }
    let allowed = digits.utf8.allSatisfy { isDigit($0) || ".eE+-".utf8.contains($0) }
    guard allowed, let number = Double(text), number.isFinite else { return .string(text) }
    return .number(number)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func textOffset(_ scalar: Node.Scalar) -> Int? {
    switch scalar.style {
    case .plain: 0
    case .singleQuoted, .doubleQuoted: 1
    case .any, .literal, .folded: nil
    }
  }

  /// How often the text refers to an anchor that it sets: `*name` after a `&name`. Counted by looks, so a
  /// text that talks about both counts too.
  private static func aliases(in text: String) -> Int {
    func words(after sign: UInt8) -> [Substring.UTF8View.SubSequence] {
      var words: [Substring.UTF8View.SubSequence] = []
      let bytes = text.utf8
      var place = bytes.startIndex
      var before = UInt8(ascii: " ")
      while place < bytes.endIndex {
        let byte = bytes[place]
        let next = bytes.index(after: place)
        if byte == sign, " \t\n\r[{,:-?".utf8.contains(before) {
          let word = bytes[next...].prefix { !" \t\n\r]},[{".utf8.contains($0) }
          if !word.isEmpty { words.append(word) }
        }
        before = byte
        place = next
      }
      return words
    }
    let anchors = Set(words(after: UInt8(ascii: "&")).map { String(Substring($0)) })
    return anchors.isEmpty
      ? 0 : words(after: UInt8(ascii: "*")).count { anchors.contains(String(Substring($0))) }
  }

  /// Whether a line, or the one after it, is indented with a tab: the parser may blame the line before.
  private static func hasTab(at line: Int, in text: String) -> Bool {
    // Scalars, since a carriage return and a line feed are one character.
    let lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
    return lines.dropFirst(max(0, line - 1)).prefix(2).contains { line in
      line.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    }
  }

  // MARK: Problems

  private mutating func note(_ spot: Places.Spot?, _ message: String) {
    problems.append(PlacedProblem(file: name, line: spot?.line, column: spot?.column, message))
  }

  private mutating func note(_ error: YamlError, in text: String) {
    switch error {
    case .composer(_, "but found another document", let mark, _):
      note(
        Places.Spot(mark), "A second document begins here, with “---”. A file holds one: make a file of each."
      )
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let began = context.map { " \($0.text) that began in line \($0.mark.line)" } ?? ""
      var hint =
        YAMLFile.hasTab(at: mark.line, in: text)
        ? " YAML wants spaces, not tabs, at the beginning of a line." : ""
      if context?.text.contains("alias") == true {
        hint = " What begins with * goes between quotes, as in schedule: \"* * * * *\"."
      }
      note(Places.Spot(mark), "This is no YAML: \(problem)\(began).\(hint)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { quoted($0) }.joined(separator: ", ")
      note(Places.Spot(context.mark), "The key \(names) stands in the same object twice. Keep one.")
    case .reader(let problem, _, _, _): note(nil, "This is no YAML: \(problem).")
    default: note(nil, "This is no YAML: \(error)")
    }
  }
}

extension Places.Spot {
  init(_ mark: Yams.Mark) {
    self.init(line: mark.line, column: mark.column)
  }
}
