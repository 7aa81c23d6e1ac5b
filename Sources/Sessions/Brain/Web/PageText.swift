import Primitives

/// The text of an HTML page, for reading: its title first, blocks as lines, without scripts, styles and markup.
/// It takes whatever it is given; nothing is an error, and the time is proportional to the length, with little for
/// each byte: pages are megabytes.
struct PageText {
  private var title: [UInt8] = []
  private var text: [UInt8] = []
  private var isInTitle = false
  /// How many `pre` are open; spaces count inside.
  private var preformatted = 0
  private let html: [UInt8]
  /// What comes next.
  private var place = 0

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
    var page = PageText(Array(html.utf8))
    page.read()
    let title = tidy(page.title).textLines.joined(separator: " ")
    let text = tidy(page.text)
    if title.isEmpty { return text }
    return text.isEmpty ? title : "\(title)\n\n\(text)"
  }

  private init(_ html: [UInt8]) {
    self.html = html
    text.reserveCapacity(html.count)
  }

  private mutating func read() {
    while place < html.count {
      let byte = html[place]
      if byte == UInt8(ascii: "<"), readMarkup() { continue }
      if byte == UInt8(ascii: "&"), let (bytes, length) = HTMLEntity.read(html, at: place) {
        put(bytes)
        place += length
        continue
      }
      put(byte)
      place += 1
    }
  }

  private mutating func put(_ byte: UInt8) {
    if isInTitle {
      if byte != 0x0D { title.append(byte) }
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
    var index = place + 1
    guard index < html.count else { return false }
    if html[index] == UInt8(ascii: "!") || html[index] == UInt8(ascii: "?") {
      place = index
      skip(past: has("!--", at: index) ? "-->" : ">")
      return true
    }
    let isEnd = html[index] == UInt8(ascii: "/")
    if isEnd { index += 1 }
    let start = index
    guard start < html.count, PageText.isLetter(html[start]) else { return false }
    while index < html.count, PageText.isNameByte(html[index]) { index += 1 }
    let name = String(decoding: html[start..<min(index, start + 32)], as: UTF8.self).lowercased()
    place = index
    let isEmpty = skipAttributes()
    take(name, isEnd: isEnd, isEmpty: isEmpty)
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
    while place < html.count {
      let byte = html[place]
      place += 1
      if byte == UInt8(ascii: ">") { return before == UInt8(ascii: "/") }
      // Only after `=` does a quote open a value; elsewhere pages have stray ones.
      if before == UInt8(ascii: "="), byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        find(byte)
        guard place < html.count else { return false }
        place += 1
      }
      if byte != 0x20 { before = byte }
    }
    return false
  }

  /// To behind the end tag of an element whose start tag was taken. Elements of the same name may lie inside one,
  /// unless its content is raw.
  private mutating func skipElement(_ name: String) {
    let isRaw = PageText.raw.contains(name)
    let length = name.utf8.count
    var depth = 1
    while true {
      find(UInt8(ascii: "<"))
      guard place < html.count else { return }
      place += 1
      let isEnd = place < html.count && html[place] == UInt8(ascii: "/")
      guard isEnd || !isRaw else { continue }
      let start = isEnd ? place + 1 : place
      guard has(name, at: start, anyCase: true),
        start + length == html.count || !PageText.isNameByte(html[start + length])
      else { continue }
      let isEmpty = skipAttributes()
      if isEnd { depth -= 1 } else if !isEmpty { depth += 1 }
      if depth == 0 { return }
    }
  }

  private mutating func skip(past mark: String) {
    let first = mark.utf8.first ?? 0
    while true {
      find(first)
      guard place < html.count else { return }
      if has(mark, at: place) {
        place += mark.utf8.count
        return
      }
      place += 1
    }
  }

  /// To the next such byte, or to the end.
  private mutating func find(_ byte: UInt8) {
    while place < html.count, html[place] != byte { place += 1 }
  }

  /// - Parameter anyCase: large letters of the page are taken for small ones.
  private func has(_ mark: String, at start: Int, anyCase: Bool = false) -> Bool {
    var index = start
    for byte in mark.utf8 {
      guard index < html.count, html[index] == byte || anyCase && html[index] | 0x20 == byte else {
        return false
      }
      index += 1
    }
    return true
  }

  /// At most one empty line between others, no white space around.
  private static func tidy(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    var lines: [Substring] = []
    // By bytes, for a look at each character takes many times as long.
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let line = Substring(line)
      let isBlank = line.unicodeScalars.allSatisfy(\.properties.isWhitespace) || line == "- "
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
    let scalars = unicodeScalars
    guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[start...end])
  }
}
