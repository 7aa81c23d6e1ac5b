/// Well-formed byte sequences of UTF-8, table 3-7 of the Unicode standard: no surrogates, nothing longer than
/// needed, nothing above U+10FFFF.
enum UTF8Sequence {
  /// How many bytes the code point at that place has, 1 to 4; 0 when it is none.
  static func length(at start: Int, of input: UnsafeBufferPointer<UInt8>) -> Int {
    let first = input[start]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    guard start + length <= input.count, second.contains(input[start + 1]) else { return 0 }
    for place in start + 2..<start + length where input[place] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
