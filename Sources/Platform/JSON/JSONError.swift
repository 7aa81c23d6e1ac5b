/// Why a text is not the JSON that was asked for, and where.
package struct JSONError: Error, Hashable {
  package enum Reason: Hashable, Sendable {
    /// Found nil: the text ends there.
    case unexpected(found: Unicode.Scalar?, expected: String)
    case byteOrderMark
    /// The first byte that cannot be a part of UTF-8.
    case notUTF8(UInt8)
    /// A raw character below U+0020 inside of a string.
    case controlCharacter(UInt8)
    case loneSurrogate(UInt16)
    case leadingZero
    /// The number would be infinite as a 64-bit float.
    case numberTooLarge(String)
    case duplicateKey(String)
    case tooDeep(limit: Int)
    case tooLong(bytes: Int, limit: Int)
    case tooManyMembers(limit: Int)
  }

  package let reason: Reason
  /// The place in bytes from the start of the text, from 0.
  package let offset: Int
  /// From 1. Lines end with a line feed.
  package let line: Int
  /// From 1, in Unicode code points.
  package let column: Int

  init(_ fault: Fault, in input: UnsafeBufferPointer<UInt8>) {
    reason = fault.reason
    offset = fault.offset
    let before = input.prefix(fault.offset)
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    line = before.count { $0 == 0x0A } + 1
    // Continuation bytes of UTF-8 are 10xxxxxx and begin no code point.
    column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
  }
}

/// A reason and its byte; line and column are only counted once parsing has failed.
struct Fault: Error {
  let reason: JSONError.Reason
  let offset: Int
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    if case .tooLong(let bytes, let limit) = reason {
      return "The JSON text is \(bytes) bytes long, but at most \(limit) are taken. Send less."
    }
    return "The JSON text is wrong at line \(line), column \(column) (byte \(offset)): \(problem)"
  }

  private var problem: String {
    switch reason {
    case .unexpected(let found, let expected):
      "found \(found.map(JSONError.name) ?? "the end of the text"), expected \(expected)."
    case .byteOrderMark: "it begins with a byte order mark, which JSON does not allow. Save it without one."
    case .notUTF8(let byte): "found the byte \(JSONError.hex(byte)), which is not UTF-8 there."
    case .controlCharacter(let byte):
      "found the raw control character \(JSONError.code(UInt32(byte))) in a string, expected an escape such "
        + "as \\n or \\u\(JSONError.digits(UInt32(byte)))."
    case .loneSurrogate(let unit):
      "found the escape \\u\(JSONError.digits(UInt32(unit))), expected it as one half of a surrogate pair."
    case .leadingZero: "found a number with a leading zero, expected it without."
    case .numberTooLarge(let text):
      "found the number \(JSONError.cut(text)), expected one below 1.8e308, the largest 64-bit float."
    case .duplicateKey(let key): "found the key \"\(JSONError.cut(key))\" a second time in one object."
    case .tooDeep(let limit): "found more than \(limit) arrays and objects in one another."
    case .tooLong(let bytes, let limit): "found \(bytes) bytes, expected at most \(limit)."
    case .tooManyMembers(let limit):
      "found more than \(limit) members and elements in all objects and arrays together."
    }
  }

  /// `"x"` for what can be seen, `U+0007` for what cannot.
  private static func name(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\"" { return "a quotation mark" }
    if scalar.isASCII, scalar.value > 0x20, scalar.value < 0x7F { return "\"\(scalar)\"" }
    return code(scalar.value)
  }

  private static func code(_ value: UInt32) -> String { "U+\(digits(value))" }

  private static func hex(_ byte: UInt8) -> String {
    "0x" + digits(UInt32(byte)).suffix(2)
  }

  private static func digits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Texts of strangers are quoted in part only.
  private static func cut(_ text: String) -> String {
    text.unicodeScalars.count > 40 ? String(text.unicodeScalars.prefix(40)) + "…" : text
  }
}
