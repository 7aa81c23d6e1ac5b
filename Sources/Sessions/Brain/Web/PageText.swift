/// The text of an HTML page, for reading: its title first, blocks as lines, without scripts, styles and markup.
/// It takes whatever it is given; nothing is an error, and the time is proportional to the length.
struct PageText {
  private var title: [UInt8] = []
  private var text: [UInt8] = []
  private var isInTitle = false
  /// How many `pre` are open; spaces count inside.
  private var preformatted = 0
  private var rest: ArraySlice<UInt8>

  /// What these hold is not for reading.
  private static let hidden: Set<String> = [
    "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "math", "textarea",
    "select",
  ]
  /// What these hold is text up to their end, whatever it looks like.
  private static let raw: Set<String> = ["script", "style", "iframe", "textarea", "noscript"]
  private static let lines: Set<String> = [
    "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "details", "dialog", "div",
    "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "li", "main",
    "nav", "ol",
    "option", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
  ]
  private static let paragraphs: Set<String> = ["p", "h1", "h2", "h3", "h4", "h5", "h6"]

  static func of(_ html: String) -> String {
    var page = PageText(rest: Array(html.utf8)[...])
    page.read()
    let title = tidy(page.title).replacing("\n", with: " ")
    let text = tidy(page.text)
    if title.isEmpty { return text }
    return text.isEmpty ? title : "\(title)\n\n\(text)"
  }

  private init(rest: ArraySlice<UInt8>) {
    self.rest = rest
  }

  private mutating func read() {
    while let byte = rest.first {
      if byte == UInt8(ascii: "<"), readMarkup() { continue }
      if byte == UInt8(ascii: "&"), let (bytes, length) = HTMLEntity.read(rest) {
        put(bytes)
        rest = rest.dropFirst(length)
        continue
      }
      put(byte)
      rest = rest.dropFirst()
    }
  }

  private mutating func put(_ byte: UInt8) {
    if isInTitle {
      title.append(byte)
    } else if preformatted == 0, byte == 0x20 || (0x09...0x0D).contains(byte) {
      // One space for any white space; none at the beginning of a line.
      if let last = text.last, last != 0x20, last != 0x0A { text.append(0x20) }
    } else if byte >= 0x20 || byte == 0x0A || byte == 0x09 {
      text.append(byte)
    }
  }

  private mutating func put(_ bytes: [UInt8]) {
    // An entity is never white space to be folded, except the space that it may stand for.
    for byte in bytes { put(byte) }
  }

  private mutating func breakLine(blank: Bool = false) {
    while text.last == 0x20 { text.removeLast() }
    guard !text.isEmpty else { return }
    if text.last != 0x0A { text.append(0x0A) }
    if blank, text.suffix(2) != [0x0A, 0x0A] { text.append(0x0A) }
  }

  /// Takes a tag, a comment or a declaration; false when `<` is only a character.
  private mutating func readMarkup() -> Bool {
    let after = rest.dropFirst()
    guard let next = after.first else { return false }
    if next == UInt8(ascii: "!") || next == UInt8(ascii: "?") {
      let isComment = after.starts(with: "!--".utf8)
      skip(past: isComment ? "-->" : ">")
      return true
    }
    let isEnd = next == UInt8(ascii: "/")
    let name = (isEnd ? after.dropFirst() : after).prefix(while: PageText.isNameByte)
    guard let first = name.first, PageText.isLetter(first) else { return false }
    rest = rest[name.endIndex...]
    let isEmpty = skipAttributes()
    take(String(decoding: name.prefix(32), as: UTF8.self).lowercased(), isEnd: isEnd, isEmpty: isEmpty)
    return true
  }

  private mutating func take(_ name: String, isEnd: Bool, isEmpty: Bool) {
    if PageText.hidden.contains(name) {
      if !isEnd, !isEmpty { skipElement(name) }
      return
    }
    switch name {
    case "title": isInTitle = !isEnd && title.isEmpty
    case "td", "th": if !isEnd, let last = text.last, last != 0x0A { put(Array(" | ".utf8)) }
    case "li":
      breakLine()
      if !isEnd { text += "- ".utf8 }
    case "pre":
      breakLine()
      preformatted = isEnd ? 0 : 1
    case _ where PageText.paragraphs.contains(name): breakLine(blank: true)
    case _ where PageText.lines.contains(name): breakLine()
    default: break
    }
  }

  /// To behind the `>` that ends a tag, over quoted values.
  /// - Returns: whether it ended with `/>`.
  private mutating func skipAttributes() -> Bool {
    var before: UInt8 = 0
    while let byte = rest.first {
      rest = rest.dropFirst()
      if byte == UInt8(ascii: ">") { return before == UInt8(ascii: "/") }
      // Only after `=` does a quote open a value; elsewhere pages have stray ones.
      if before == UInt8(ascii: "="), byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        guard let end = rest.firstIndex(of: byte) else {
          rest = rest[rest.endIndex...]
          return false
        }
        rest = rest[(end + 1)...]
      }
      if byte != 0x20 { before = byte }
    }
    return false
  }

  /// To behind the end tag of an element whose start tag was taken. Elements of the same name may lie inside one,
  /// unless its content is raw.
  private mutating func skipElement(_ name: String) {
    var depth = 1
    while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
      rest = rest[(start + 1)...]
      let isEnd = rest.first == UInt8(ascii: "/")
      let tag = (isEnd ? rest.dropFirst() : rest).prefix(name.utf8.count + 1)
      let isSame =
        tag.prefix(name.utf8.count).elementsEqual(name.utf8) { $0 | 0x20 == $1 }
        && (tag.count == name.utf8.count || !PageText.isNameByte(tag.last ?? 0))
      guard isSame, isEnd || !PageText.raw.contains(name) else { continue }
      let isEmpty = skipAttributes()
      if isEnd { depth -= 1 } else if !isEmpty { depth += 1 }
      if depth == 0 { return }
    }
    rest = rest[rest.endIndex...]
  }

  private mutating func skip(past mark: String) {
    let mark = Array(mark.utf8)
    while let start = rest.firstIndex(of: mark[0]) {
      rest = rest[start...]
      if rest.starts(with: mark) {
        rest = rest.dropFirst(mark.count)
        return
      }
      rest = rest.dropFirst()
    }
    rest = rest[rest.endIndex...]
  }

  /// At most one empty line between others, no white space around.
  private static func tidy(_ bytes: [UInt8]) -> String {
    var lines: [Substring] = []
    for line in String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      let isBlank = line.allSatisfy(\.isWhitespace) || line == "- "
      if isBlank, lines.last?.isEmpty != false { continue }
      lines.append(isBlank ? "" : line)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.joined(separator: "\n").trimmingSpaces()
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
  }
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}
