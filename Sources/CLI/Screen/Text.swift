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

  /// Not control characters, and not those that turn the direction of a line or its order around.
  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: false
    default: scalar.properties.generalCategory != .control
    }
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
