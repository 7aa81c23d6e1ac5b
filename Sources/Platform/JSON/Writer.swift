/// Appends JSON to bytes.
struct Writer {
  private(set) var bytes: [UInt8] = []
  /// See `JSON.canonicalBytes`.
  var isCanonical = false

  mutating func write(_ value: JSON) {
    switch value {
    case .array(let elements):
      append("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { append(",") }
        write(element)
      }
      append("]")
    case .object(let object):
      append("{")
      var isFirst = true
      for (key, value) in isCanonical ? Writer.sorted(object) : Array(object) {
        if !isFirst { append(",") }
        isFirst = false
        write(string: key)
        append(":")
        write(value)
      }
      append("}")
    default: write(scalar: value)
    }
  }

  mutating func writePretty(_ value: JSON, indent: Int) {
    switch value {
    case .array(let elements) where !elements.isEmpty:
      append("[")
      for (index, element) in elements.enumerated() {
        newLine(indent + 1, isFirst: index == 0)
        writePretty(element, indent: indent + 1)
      }
      newLine(indent, isFirst: true)
      append("]")
    case .object(let object) where !object.isEmpty:
      append("{")
      for (index, member) in object.enumerated() {
        newLine(indent + 1, isFirst: index == 0)
        write(string: member.key)
        append(": ")
        writePretty(member.value, indent: indent + 1)
      }
      newLine(indent, isFirst: true)
      append("}")
    default: write(value)
    }
  }

  private mutating func write(scalar value: JSON) {
    switch value {
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .number(let value): write(number: value)
    case .exact(let value): write(exact: value)
    case .string(let value): write(string: value)
    case .null, .array, .object: append("null")
    }
  }

  private mutating func write(number: Double) {
    guard number.isFinite else { return append("null") }
    if isCanonical, let whole = Int64(exactly: number) { return write(.integer(whole)) }
    // The shortest digits that read back as the same number, in a form that JSON allows: 0.1, 5e-324, 100.0.
    bytes.append(contentsOf: number.description.utf8)
  }

  private mutating func write(exact number: JSON.ExactNumber) {
    guard isCanonical else { return bytes.append(contentsOf: number.text.utf8) }
    if let whole = number.whole { return write(.integer(whole)) }
    let nearest = number.nearest.description
    let text = DecimalDigits(nearest) == number.digits ? nearest : number.digits.text
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func write(string: String) {
    var string = string
    string.withUTF8 { text in
      append("\"")
      var start = 0
      for (place, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
        bytes.append(contentsOf: text[start..<place])
        write(escapeOf: byte)
        start = place + 1
      }
      bytes.append(contentsOf: text[start...])
      append("\"")
    }
  }

  private mutating func write(escapeOf byte: UInt8) {
    switch byte {
    case 0x22: append("\\\"")
    case 0x5C: append("\\\\")
    case 0x08: append("\\b")
    case 0x09: append("\\t")
    case 0x0A: append("\\n")
    case 0x0C: append("\\f")
    case 0x0D: append("\\r")
    default:
      append(byte < 0x10 ? "\\u000" : "\\u001")
      bytes.append(contentsOf: String(byte & 0x0F, radix: 16).utf8)
    }
  }

  private mutating func newLine(_ indent: Int, isFirst: Bool) {
    append(isFirst ? "\n" : ",\n")
    bytes.append(contentsOf: repeatElement(0x20, count: indent * 2))
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func sorted(_ object: JSON.Object) -> [(key: String, value: JSON)] {
    object.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }
}
