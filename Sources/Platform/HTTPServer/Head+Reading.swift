import CMicrohttpd

extension Head {
  /// Reads the head that the library has just parsed.
  /// - Parameters:
  ///   - target: as it was before the library took it apart.
  ///   - targetEnd: the address after the target's last byte.
  init(
    _ connection: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, target: String,
    targetEnd: UInt
  ) {
    self.method = String(cString: method)
    self.version = String(cString: version)
    self.target = target
    size = errand_mhd_head_size(connection)
    var fields = Fields(lines: LineLayout(method: method, version: version, targetEnd: targetEnd))
    _ = withUnsafeMutablePointer(to: &fields) { fields in
      MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { context, _, name, nameSize, value, valueSize in
          context!.assumingMemoryBound(to: Fields.self).pointee.add(
            name: UnsafeRawBufferPointer(start: name, count: nameSize),
            value: UnsafeRawBufferPointer(start: value, count: valueSize))
          return .YES
        }, fields)
    }
    headers = HTTPHeaders(fields.entries)
    isCleanlyLaidOut = errand_mhd_parses_in_place() == 0 || fields.lines.end(at: size)
  }

  private struct Fields {
    var entries: [(name: String, value: String)] = []
    var lines: LineLayout

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
      lines.add(name: name, value: value)
      let text = String(decoding: name, as: UTF8.self)
      // The library compares the whole value of this one, so a trimmed copy would hide what it saw.
      let isWhole = HTTPHeaders.same(text, "Transfer-Encoding")
      let blanks = isWhole ? 0 : value.reversed().prefix { $0 == 0x20 || $0 == 0x09 }.count
      entries.append((text, String(decoding: value.dropLast(blanks), as: UTF8.self)))
    }
  }
}

/// Checks that a head is made of whole lines by the addresses of its parts: the library (until 0.9.76) cuts
/// it into strings where it was received, by writing NUL over separators, CR and LF. So after a line that
/// ended in CR LF the next begins two bytes on; after a bare LF, one. A NUL byte cuts a string short and a
/// folded line is copied away, so both leave a gap too.
private struct LineLayout {
  private let start: UInt
  /// Where the next line must begin.
  private var next: UInt
  private var isClean: Bool

  init(method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, targetEnd: UInt) {
    start = UInt(bitPattern: method)
    next = UInt(bitPattern: version) + 8 + 2  // HTTP/1.1 CR LF
    isClean = UInt(bitPattern: version) == targetEnd + 1
  }

  mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let (nameAt, valueAt) = (UInt(bitPattern: name.baseAddress), UInt(bitPattern: value.baseAddress))
    if nameAt != next || valueAt <= nameAt + UInt(name.count) { isClean = false }
    next = valueAt + UInt(value.count) + 2
  }

  /// Whether the empty line, also ended by CR LF, is the last of `size` bytes.
  func end(at size: Int) -> Bool {
    isClean && next + 2 == start + UInt(size)
  }
}
