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
  ///
  /// Bytes are looked at and not characters: a fold may lie within a character, or before a mark that would become
  /// one character with the line end. Only CRLF, or a bare line feed, ends a line; what else Unicode takes for a line
  /// end is text.
  static func lines(_ bytes: [UInt8]) throws(CalendarError) -> [CalendarLine] {
    var unfolded: [(number: Int, bytes: [UInt8])] = []
    for (index, raw) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let line = raw.last == 0x0D ? raw.dropLast() : raw
      if let first = line.first, first == 0x20 || first == 0x09, !unfolded.isEmpty {
        unfolded[unfolded.count - 1].bytes += line.dropFirst()
      } else if !line.isEmpty {
        unfolded.append((index + 1, Array(line)))
      }
    }
    var lines: [CalendarLine] = []
    for (number, bytes) in unfolded { lines.append(try CalendarLine(bytes, number: number)) }
    return lines
  }

  init(_ bytes: [UInt8], number: Int) throws(CalendarError) {
    func text(_ range: Range<Int>) throws(CalendarError) -> String {
      guard let text = String(validating: bytes[range], as: UTF8.self) else {
        throw CalendarError(line: number, "The line is no UTF-8 text. Save the file as UTF-8.")
      }
      return text
    }
    // A colon or a semicolon between quotes belongs to a parameter.
    var parts: [Range<Int>] = []
    var start = 0
    var isQuoted = false
    var value: Int?
    for (place, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ";") where !isQuoted:
        parts.append(start..<place)
        start = place + 1
      case UInt8(ascii: ":") where !isQuoted:
        parts.append(start..<place)
        value = place + 1
      default: break
      }
      if value != nil { break }
    }
    guard let value, let name = parts.first, !name.isEmpty else {
      throw CalendarError(line: number, "Expected NAME:value, as in an iCalendar file.")
    }
    self.name = try text(name).uppercased()
    self.value = try text(value..<bytes.count)
    self.number = number
    parameters = [:]
    for part in parts.dropFirst() {
      guard let sign = bytes[part].firstIndex(of: UInt8(ascii: "=")) else {
        throw CalendarError(line: number, "The parameter “\(try text(part))” has no value.")
      }
      var given = sign + 1..<part.upperBound
      let quote = UInt8(ascii: "\"")
      if given.count >= 2, bytes[given.lowerBound] == quote, bytes[given.upperBound - 1] == quote {
        given = given.lowerBound + 1..<given.upperBound - 1
      }
      parameters[try text(part.lowerBound..<sign).uppercased()] = try text(given)
    }
  }

  func error(_ message: String) -> CalendarError { CalendarError(line: number, message) }

  /// The parts of a value that is a list, such as that of `EXDATE`.
  var list: [String] { value.utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) } }

  /// TEXT without its escapes (RFC 5545, section 3.3.11), on one line and not longer than a name needs.
  var text: String {
    var text = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in value.unicodeScalars {
      if isEscaped {
        text.append(scalar == "n" || scalar == "N" ? " " : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        // A name is shown in sentences.
        let isBreak = ["\u{0B}", "\u{0C}", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
        text.append(isBreak ? " " : scalar)
      }
    }
    return String(String(text).prefix(100))
  }
}
