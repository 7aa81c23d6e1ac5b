/// The text of a file that people, or their programs, wrote.
///
/// A byte order mark at the beginning belongs to the encoding and not to the text: editors and calendars of Windows
/// write one.
package enum FileText {
  /// Why bytes are no text that is read here: a sentence about “the file”, with what to do.
  package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The bytes after a UTF-8 byte order mark, if there is one.
  package static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
    bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
  }

  /// The text without its byte order mark.
  package static func read(_ bytes: [UInt8]) throws(Problem) -> String {
    if let problem = encoding(bytes) { throw problem }
    guard let text = String(validating: withoutMark(bytes), as: UTF8.self) else {
      throw Problem(description: "The file is no UTF-8 text. Save it as UTF-8.")
    }
    return text
  }

  /// Why the bytes are text of another encoding, where that shows at their beginning; nil when nothing shows.
  package static func encoding(_ bytes: [UInt8]) -> Problem? {
    let first = Array(bytes.prefix(4))
    let isUTF32 = first == [0xFF, 0xFE, 0, 0] || first == [0, 0, 0xFE, 0xFF]
    if isUTF32 { return Problem(description: "The file is UTF-32 text. Save it as UTF-8.") }
    // Without a mark, the zeros beside letters show it.
    let isUTF16 =
      first.starts(with: [0xFF, 0xFE]) || first.starts(with: [0xFE, 0xFF])
      || (first.count == 4 && [first[1], first[3]] == [0, 0] && first[0] != 0 && first[2] != 0)
      || (first.count == 4 && [first[0], first[2]] == [0, 0] && first[1] != 0 && first[3] != 0)
    return isUTF16 ? Problem(description: "The file is UTF-16 text. Save it as UTF-8.") : nil
  }

  /// The text with each end of a line as one line feed, whatever the editor writes.
  package static func withLineFeeds(_ text: String) -> String {
    guard text.utf8.contains(0x0D) else { return text }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var isAfterReturn = false
    for byte in text.utf8 {
      if byte == 0x0A, isAfterReturn { bytes.removeLast() }
      bytes.append(byte)
      isAfterReturn = byte == 0x0D
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
