/// One content line of an iCalendar file: `NAME;PARAMETER=value:value` (RFC 5545, section 3.1).
struct CalendarLine: Equatable {
  /// In capitals.
  var name: String
  /// Names in capitals.
  var parameters: [String: String]
  var value: String
  /// From 1.
  var number: Int

  /// The lines of a file, those that were folded put together again.
  static func lines(_ text: String) throws(CalendarError) -> [CalendarLine] {
    var unfolded: [(number: Int, text: String)] = []
    var number = 0
    for raw in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      if let first = raw.first, first == " " || first == "\t", !unfolded.isEmpty {
        unfolded[unfolded.count - 1].text += raw.dropFirst()
      } else if !raw.isEmpty {
        unfolded.append((number, String(raw)))
      }
    }
    var lines: [CalendarLine] = []
    for (number, text) in unfolded { lines.append(try CalendarLine(text, number: number)) }
    return lines
  }

  init(_ text: String, number: Int) throws(CalendarError) {
    // A colon or a semicolon between quotes belongs to a parameter.
    var parts: [Substring] = []
    var start = text.startIndex
    var isQuoted = false
    var value: Substring?
    for place in text.indices {
      switch text[place] {
      case "\"": isQuoted.toggle()
      case ";" where !isQuoted:
        parts.append(text[start..<place])
        start = text.index(after: place)
      case ":" where !isQuoted:
        parts.append(text[start..<place])
        value = text[text.index(after: place)...]
      default: break
      }
      if value != nil { break }
    }
    guard let value, let name = parts.first, !name.isEmpty else {
      throw CalendarError(line: number, "Expected NAME:value, as in an iCalendar file.")
    }
    self.name = name.uppercased()
    self.value = String(value)
    self.number = number
    parameters = [:]
    for part in parts.dropFirst() {
      guard let sign = part.firstIndex(of: "=") else {
        throw CalendarError(line: number, "The parameter “\(part)” has no value.")
      }
      let given = part[part.index(after: sign)...]
      parameters[part[..<sign].uppercased()] =
        given.count >= 2 && given.first == "\"" && given.last == "\""
        ? String(given.dropFirst().dropLast()) : String(given)
    }
  }

  func error(_ message: String) -> CalendarError { CalendarError(line: number, message) }

  /// TEXT without its escapes (RFC 5545, section 3.3.11), on one line and not longer than a name needs.
  var text: String {
    var text = ""
    var isEscaped = false
    for character in value {
      if isEscaped {
        text.append(character == "n" || character == "N" ? " " : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        text.append(character)
      }
    }
    return String(text.prefix(100))
  }
}
