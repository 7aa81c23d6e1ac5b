/// A template cut into its parts.
indirect enum TemplatePart: Sendable {
  case text(String)
  case value(TemplateName)
  /// Rendered once, once per element, or not at all.
  case section(TemplateName, isInverted: Bool, [TemplatePart])
}

/// What a tag asks for.
struct TemplateName: Sendable {
  /// As it is written.
  let text: String
  /// Its words; none for `.`, the current value.
  let words: [String]
  let line: Int
}

/// Reads the part of Mustache that prompts need (https://mustache.github.io/mustache.5.html): values,
/// sections, inverted sections, comments. A section's tag or a comment alone on a line leaves no line behind.
/// Partials, lambdas, other delimiters and inheritance are refused: a prompt must be readable where it
/// stands.
struct TemplateParser {
  private static let depthLimit = 32

  private struct Section {
    let name: TemplateName
    let isInverted: Bool
    var parts: [TemplatePart] = []
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var sections: [Section] = []
  private var parts: [TemplatePart] = []

  private init(_ text: String) {
    bytes = Array(text.utf8)
  }

  static func parse(_ text: String) throws(TemplateError) -> [TemplatePart] {
    var parser = TemplateParser(text)
    try parser.run()
    return parser.parts
  }

  private mutating func run() throws(TemplateError) {
    while let open = find("{{", from: position) {
      let start = position
      line += lines(start..<open)
      guard open + 2 < bytes.count else { throw TemplateError(line: line, .unclosedTag) }
      let isTriple = bytes[open + 2] == UInt8(ascii: "{")
      guard let close = find(isTriple ? "}}}" : "}}", from: open + 2) else {
        throw TemplateError(line: line, .unclosedTag)
      }
      let inside = String(decoding: bytes[(open + (isTriple ? 3 : 2))..<close], as: UTF8.self)
      position = close + (isTriple ? 3 : 2)
      let isQuiet = !isTriple && ["#", "^", "/", "!"].contains(inside.first)
      if isQuiet, let whole = wholeLine(tag: open..<position, after: start) {
        add(text: start..<whole.lowerBound)
        position = whole.upperBound
      } else {
        add(text: start..<open)
      }
      try read(tag: inside, isTriple: isTriple)
      line += lines(open..<position)
    }
    add(text: position..<bytes.count)
    if let section = sections.last {
      throw TemplateError(line: section.name.line, .unclosedSection(section.name.text))
    }
  }

  private mutating func read(tag: String, isTriple: Bool) throws(TemplateError) {
    guard !isTriple, let sign = tag.first else { return add(.value(try name(tag))) }
    switch sign {
    case "!": break
    case "&": add(.value(try name(tag.dropFirst())))
    case "#", "^":
      guard sections.count < TemplateParser.depthLimit else { throw TemplateError(line: line, .tooDeep) }
      sections.append(Section(name: try name(tag.dropFirst()), isInverted: sign == "^"))
    case "/":
      let name = try name(tag.dropFirst())
      guard let section = sections.last, section.name.text == name.text else {
        throw TemplateError(line: line, .unexpectedEnd(name.text, open: sections.last?.name.text))
      }
      sections.removeLast()
      add(.section(section.name, isInverted: section.isInverted, section.parts))
    case ">": throw TemplateError(line: line, .unsupported(tag: tag, feature: "a partial"))
    case "=": throw TemplateError(line: line, .unsupported(tag: tag, feature: "other delimiters"))
    case "<", "$": throw TemplateError(line: line, .unsupported(tag: tag, feature: "inheritance"))
    case "%": throw TemplateError(line: line, .unsupported(tag: tag, feature: "a pragma"))
    default: add(.value(try name(tag)))
    }
  }

  private func name(_ tag: some StringProtocol) throws(TemplateError) -> TemplateName {
    let start = tag.drop { $0.isWhitespace }
    let end = start.lastIndex { !$0.isWhitespace }
    let text = end.map { String(start[...$0]) } ?? ""
    if text == "." { return TemplateName(text: text, words: [], line: line) }
    let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard text.utf8.count <= 500, words.allSatisfy(TemplateParser.isWord) else {
      throw TemplateError(line: line, .badName(String(text.prefix(80))))
    }
    return TemplateName(text: text, words: words, line: line)
  }

  private static func isWord(_ word: String) -> Bool {
    !word.isEmpty
      && word.unicodeScalars.allSatisfy {
        $0 == "_" || $0 == "-" || $0 == "@" || $0.properties.isAlphabetic || ("0"..."9").contains($0)
      }
  }

  private mutating func add(_ part: TemplatePart) {
    if sections.isEmpty {
      parts.append(part)
    } else {
      sections[sections.count - 1].parts.append(part)
    }
  }

  private mutating func add(text range: Range<Int>) {
    if !range.isEmpty { add(.text(String(decoding: bytes[range], as: UTF8.self))) }
  }

  /// The line of a tag with its end, when nothing else stands on it.
  private func wholeLine(tag: Range<Int>, after start: Int) -> Range<Int>? {
    var first = tag.lowerBound
    while first > start, isBlank(bytes[first - 1]) { first -= 1 }
    guard first == 0 || bytes[first - 1] == UInt8(ascii: "\n") else { return nil }
    var last = tag.upperBound
    while last < bytes.count, isBlank(bytes[last]) { last += 1 }
    if last < bytes.count, bytes[last] == UInt8(ascii: "\r") { last += 1 }
    if last == bytes.count { return first..<last }
    return bytes[last] == UInt8(ascii: "\n") ? first..<(last + 1) : nil
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  private func find(_ text: StaticString, from start: Int) -> Int? {
    let count = text.utf8CodeUnitCount
    guard start + count <= bytes.count else { return nil }
    return (start...(bytes.count - count)).first { place in
      (0..<count).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
    }
  }

  private func lines(_ range: Range<Int>) -> Int {
    bytes[range].count { $0 == UInt8(ascii: "\n") }
  }
}
