import JSON

// JSON on its way to a terminal. It stays equal to what the server sent: what could steer the terminal, or show a text
// in another order than it is, is written as an escape.
extension JSON {
  /// As `prettyText`, for people and programs.
  var shownText: String { prettyText.escapedForScreen }

  /// As `text`, on one line.
  var shownLine: String { text.escapedForScreen }
}

extension String {
  /// A JSON text whose control and format characters are escapes, but for its line ends. Outside of strings JSON has
  /// none of them.
  var escapedForScreen: String {
    var escaped = ""
    escaped.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if scalar == "\n" || !scalar.steersScreens {
        escaped.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return escaped
  }
}

extension Unicode.Scalar {
  /// Control characters (C0, DEL, C1), and those that are not seen: marks of direction, spaces without width, tags,
  /// separators of lines.
  var steersScreens: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
