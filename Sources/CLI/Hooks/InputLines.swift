import Glibc

/// The lines of standard input, without their ends.
struct InputLines {
  /// A body of 25 MiB in base64 fits.
  static let limit = 64 << 20

  private var buffer: [UInt8] = []
  /// Where in the buffer the next line begins.
  private var start = 0
  /// So far no line end was found.
  private var searched = 0
  private var hasEnded = false

  /// Whether another line is here already.
  var hasMore: Bool { start < buffer.count && buffer[start...].contains(0x0A) }

  /// Nil at the end.
  /// - Throws: `Complaint.unreadable`.
  mutating func next() throws(Complaint) -> [UInt8]? {
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer { (start, searched) = (end + 1, end + 1) }
        return Array(buffer[start..<end])
      }
      searched = buffer.count
      if hasEnded {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return Array(buffer[start...])
      }
      try fill()
    }
  }

  private mutating func fill() throws(Complaint) {
    buffer.removeFirst(start)
    (start, searched) = (0, searched - start)
    guard buffer.count <= InputLines.limit else {
      throw .unreadable(path: "standard input", reason: "a line has more than \(InputLines.limit) bytes")
    }
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(STDIN_FILENO, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw .unreadable(path: "standard input", reason: String(cString: strerror(errno)))
      }
      if count == 0 { hasEnded = true }
      buffer += piece[..<count]
      return
    }
  }
}
