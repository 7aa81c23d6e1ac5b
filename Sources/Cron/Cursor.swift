/// A place in the text of an expression, up to the end of one field. All bytes are printable ASCII.
struct Cursor {
  let bytes: [UInt8]
  var position: Int
  let end: Int

  var isAtEnd: Bool { position >= end }
  var peek: UInt8? { isAtEnd ? nil : bytes[position] }

  /// The next byte, letters in upper case.
  var peekUpper: UInt8? { peek.map { Cursor.isLetter($0) ? $0 & 0xDF : $0 } }

  mutating func advance(_ count: Int = 1) {
    position += count
  }

  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// The letters from here on, in upper case; the cursor stays.
  func letters() -> String {
    String(decoding: bytes[position..<end].prefix(while: Cursor.isLetter), as: UTF8.self).uppercased()
  }

  /// Takes the digits from here on. The value is held below 2^32 however many there are.
  mutating func number() -> (value: Int, text: String) {
    let digits = bytes[position..<end].prefix(while: Cursor.isDigit)
    position += digits.count
    let value = digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1 << 32) }
    return (value, String(decoding: digits, as: UTF8.self))
  }

  /// What is left of the field.
  var rest: String { String(decoding: bytes[position..<end], as: UTF8.self) }

  /// The next bytes, as many as there are.
  func text(_ count: Int) -> String {
    String(decoding: bytes[position..<end].prefix(count), as: UTF8.self)
  }

  /// The next character, for a message.
  var character: String? { isAtEnd ? nil : text(1) }

  /// What is left of the item, for a message.
  var token: String? {
    let token = bytes[position..<end].prefix { $0 != UInt8(ascii: ",") }
    return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
  }

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}
