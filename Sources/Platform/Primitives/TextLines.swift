// Lines end with LF, or with CRLF, which Swift takes for one character that is no "\n". So lines are looked for in
// the bytes.
extension StringProtocol {
  /// Its lines without their ends. After an end at the very end comes an empty one.
  package var textLines: [String] {
    Substring(self).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
    }
  }

  /// Whether it ends with the end of a line.
  package var endsLine: Bool { Substring(self).utf8.last == UInt8(ascii: "\n") }

  /// Whether it has an end of a line in it, that of old systems included.
  package var hasLineEnd: Bool {
    utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
  }
}
