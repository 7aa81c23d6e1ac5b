import Primitives

// Text on its way to a terminal. What agents, webhooks and servers wrote is made harmless first.

extension String {
  /// Without control characters, which could move the cursor or hide text; line ends and tabs become spaces.
  var onOneLine: String {
    var line = ""
    var wasSpace = false
    for scalar in unicodeScalars {
      let isSpace = scalar == "\n" || scalar == "\r" || scalar == "\t" || scalar == " "
      if isSpace {
        if !wasSpace { line += " " }
      } else if String.isShown(scalar) {
        line.unicodeScalars.append(scalar)
      }
      wasSpace = isSpace
    }
    return line.trimmed
  }

  /// The same, with its lines kept.
  var safeLines: [String] {
    textLines.map { line in
      String(
        String.UnicodeScalarView(
          line.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
            if scalar == "\t" { return [" ", " "] }
            return String.isShown(scalar) ? [scalar] : []
          }))
    }
  }

  /// Not what steers a terminal. Joiners stay: without them some scripts and emoji read differently.
  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.steersScreens || scalar == "\u{200C}" || scalar == "\u{200D}"
  }

  /// The text as it is, but for what steers a terminal and is not our own: line ends, tabs and the colours that `Paint`
  /// makes stay. The last gate before a terminal, for what was not made harmless where it was put together.
  /// - Parameter keepingColours: where there are none of ours, there are none.
  func gated(keepingColours: Bool = true) -> String {
    guard unicodeScalars.contains(where: { $0 != "\n" && !String.isShown($0) }) else { return self }
    var gated = String.UnicodeScalarView()
    var rest = unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if keepingColours, scalar == "\u{1B}", let code = Paint.code(at: rest) {
        gated.append(scalar)
        gated.append(contentsOf: rest.prefix(code))
        rest = rest.dropFirst(code)
      } else if scalar == "\n" || scalar == "\t" || String.isShown(scalar) {
        gated.append(scalar)
      }
    }
    return String(gated)
  }

  var trimmed: String {
    let start = drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }

  /// Columns that it takes on a terminal.
  var columns: Int { reduce(0) { $0 + $1.columns } }

  /// Cut to so many columns, the cut shown by “…”.
  func cut(to limit: Int) -> String {
    if columns <= limit { return self }
    var kept = ""
    var used = 1
    for character in self {
      used += character.columns
      if used > limit { break }
      kept.append(character)
    }
    return limit > 0 ? kept + "…" : ""
  }

  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - columns))
  }

  /// In lines of at most so many columns, broken between words.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if !line.isEmpty, line.columns + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return lines + [line]
  }

  /// As one word of a shell's command line.
  var shellQuoted: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || "-_./:=@%+,".utf8.contains(byte)
      }
    return isPlain
      ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

extension Character {
  /// 2 for what East Asian fonts and emoji draw wide (Unicode's East_Asian_Width W and F, by blocks), else 1.
  fileprivate var columns: Int {
    guard let first = unicodeScalars.first?.value else { return 0 }
    switch first {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
