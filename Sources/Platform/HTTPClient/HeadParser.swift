/// Reads the head of an answer from the lines that libcurl hands over one by one.
struct HeadParser {
  /// More than this many bytes in all heads of one answer is refused.
  static let limit = 256 * 1024

  enum Step: Equatable {
    case more
    /// The final head is complete.
    case complete
    case tooLong
  }

  private(set) var status = 0
  private(set) var headers = HTTPClient.Headers()
  private(set) var isComplete = false
  private var size = 0

  /// Takes one line with its line end.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Step {
    // What comes after the body is trailers, which nobody here uses.
    guard !isComplete else { return .more }
    size += line.count
    guard size <= HeadParser.limit else { return .tooLong }
    let text = line.trimmed
    if text.isEmpty {
      // 100 and 103 come before the answer itself.
      isComplete = status >= 200 || status == 101
      return isComplete ? .complete : .more
    }
    if text.starts(with: "HTTP/".utf8) {
      headers = HTTPClient.Headers()
      status = statusCode(of: text)
    } else if line[0] == 0x20 || line[0] == 0x09 {
      headers.extendLast(with: String(decoding: text, as: UTF8.self))
    } else if let colon = text.firstIndex(of: 0x3A) {
      let name = UnsafeRawBufferPointer(rebasing: text[..<colon])
      let value = UnsafeRawBufferPointer(rebasing: text[(colon + 1)...])
      headers.append(
        name: String(decoding: name.trimmed, as: UTF8.self),
        value: String(decoding: value.trimmed, as: UTF8.self))
    }
    return .more
  }

  /// The three digits after the first space; 0 if there are none.
  private func statusCode(of line: Slice<UnsafeRawBufferPointer>) -> Int {
    guard let space = line.firstIndex(of: 0x20) else { return 0 }
    return Int(String(decoding: line[space...].dropFirst().prefix(3), as: UTF8.self)) ?? 0
  }
}

extension UnsafeRawBufferPointer {
  /// Without spaces, tabs and line ends on either side.
  fileprivate var trimmed: Slice<UnsafeRawBufferPointer> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
    else { return self[0..<0] }
    return self[first...last]
  }
}
