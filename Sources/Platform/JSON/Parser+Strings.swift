extension Parser {
  /// Reads a string with its quotation marks.
  mutating func string() throws(Fault) -> String {
    position += 1
    let start = position
    try skipPlain()
    if current == UInt8(ascii: "\"") {
      defer { position += 1 }
      return String(decoding: input[start..<position], as: UTF8.self)
    }
    var decoded = Array(input[start..<position])
    while current == UInt8(ascii: "\\") {
      try escape(into: &decoded)
      let plain = position
      try skipPlain()
      decoded.append(contentsOf: input[plain..<position])
    }
    position += 1
    return String(decoding: decoded, as: UTF8.self)
  }

  /// Moves to the next quotation mark or backslash. Everything before it is well-formed.
  private mutating func skipPlain() throws(Fault) {
    while true {
      skipPlainWords()
      guard position < input.count else { throw unexpected("a quotation mark that ends the string") }
      switch input[position] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
      case 0x00...0x1F: throw fault(.controlCharacter(input[position]))
      case 0x20...0x7F: position += 1
      default:
        let length = UTF8Sequence.length(at: position, of: input)
        guard length > 0 else { throw fault(.notUTF8(input[position])) }
        position += length
      }
    }
  }

  /// Steps over eight bytes at a time while all of them are plain ASCII.
  private mutating func skipPlainWords() {
    guard let base = UnsafeRawPointer(input.baseAddress) else { return }
    let ones: UInt64 = 0x0101_0101_0101_0101
    while position + 8 <= input.count {
      let word = base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      // A byte minus one borrows into its top bit only if it was zero; the same with 0x20 finds controls.
      // False alarms are harmless: the caller looks at the bytes one by one.
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      let found = word | (quotes &- ones) | (slashes &- ones) | (word &- ones &* 0x20)
      guard found & (ones &* 0x80) == 0 else { return }
      position += 8
    }
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(Fault) {
    position += 1
    let escaped = current
    switch escaped {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(escaped)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      decoded.append(contentsOf: UTF8.encode(try unicodeEscape()).map(Array.init) ?? [])
      return
    default: throw unexpected("one of \" \\ / b f n r t u after the backslash")
    }
    position += 1
  }

  /// Reads `XXXX` or `XXXX\uXXXX`, from the `u` on.
  private mutating func unicodeEscape() throws(Fault) -> Unicode.Scalar {
    let start = position - 1
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    let lone = Fault(reason: .loneSurrogate(first), offset: start)
    let afterFirst = position
    guard first < 0xDC00, current == UInt8(ascii: "\\"), position + 1 < input.count,
      input[position + 1] == UInt8(ascii: "u")
    else { return try replacement(of: lone) }
    position += 1
    let second = try unit()
    guard (0xDC00...0xDFFF).contains(second) else {
      // What follows is read by itself.
      position = afterFirst
      return try replacement(of: lone)
    }
    let code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
    guard let scalar = Unicode.Scalar(code) else { throw lone }
    return scalar
  }

  private func replacement(of lone: Fault) throws(Fault) -> Unicode.Scalar {
    guard limits.loneSurrogates == .replace else { throw lone }
    return "\u{FFFD}"
  }

  /// Reads `uXXXX`.
  private mutating func unit() throws(Fault) -> UInt16 {
    position += 1
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch current {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = current - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = current - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = current - UInt8(ascii: "A") + 10
      default: throw unexpected("four hexadecimal digits after \\u")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
