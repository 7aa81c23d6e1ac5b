package import Primitives

/// Names for rows: a word for the kind, `_`, the version `01`, and 128 bits in base 62, which are 48 bits of
/// milliseconds since 1970 and 80 bits of chance. They sort by time as text, and within one process also in
/// the order they were made.
package enum ID {
  private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  /// 62^22 is the first power that has room for 128 bits.
  private static let digits = 22
  /// 62 to the power of `partDigits`.
  private static let part: UInt128 = 218_340_105_584_896
  private static let partDigits = 8
  /// The last ids of the latest milliseconds: threads do not come here in the order in which they read the
  /// clock.
  private static let recent = Lock<[UInt128]>([])

  /// A new id, such as `sesn_01` and 22 letters and digits.
  package static func make(_ kind: String, at time: Timestamp, _ randomness: Randomness = .system) -> String {
    let milliseconds = UInt128(UInt64(max(0, time.microseconds / 1000)) & 0xffff_ffff_ffff)
    let low = randomness.number()
    let number = recent.withLock { recent -> UInt128 in
      if let index = recent.firstIndex(where: { $0 >> 80 == milliseconds }) {
        // In the same millisecond the ids count on, by steps that cannot be guessed.
        recent[index] += 1 + UInt128(low & 0xffff_ffff)
        return recent[index]
      }
      // The highest bit stays free for counting on.
      let number = milliseconds << 80 | UInt128(randomness.number() & 0x7fff) << 64 | UInt128(low)
      recent = [number] + recent.prefix(15)
      return number
    }
    return "\(kind)_01\(text(number))"
  }

  /// 22 letters and digits, which sort as the numbers do.
  private static func text(_ number: UInt128) -> String {
    // By parts that fit into 64 bits: dividing 128 bits for each digit is slow.
    var (whole, rest) = number.quotientAndRemainder(dividingBy: part)
    var text = [UInt8](repeating: 0, count: digits)
    var part64 = UInt64(rest)
    for place in 1...digits {
      text[digits - place] = alphabet[Int(part64 % 62)]
      part64 /= 62
      if place.isMultiple(of: partDigits) {
        (whole, rest) = whole.quotientAndRemainder(dividingBy: part)
        part64 = UInt64(rest)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Not above any id of this kind that is made at the moment or later, and above nearly all that were made before.
  package static func first(_ kind: String, at time: Timestamp) -> String {
    let milliseconds = UInt128(UInt64(max(0, time.microseconds / 1000)) & 0xffff_ffff_ffff)
    return "\(kind)_01\(text(milliseconds << 80))"
  }

  /// The word for the kind with which an id begins; nil for a name. After the word, `_` and a digit follow.
  package static func kind(of text: String) -> String? {
    let parts = text.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let next = parts[1].utf8.first, (0x30...0x39).contains(next) else { return nil }
    return String(parts[0])
  }

  /// Whether the text looks like an id of this kind: the word, `_`, and 1 to 64 letters and digits. Ids of
  /// other makers pass, too.
  package static func hasPrefix(_ kind: String, _ id: String) -> Bool {
    let bytes = id.utf8
    guard id.hasPrefix(kind + "_") else { return false }
    let rest = bytes.dropFirst(kind.utf8.count + 1)
    return (1...64).contains(rest.count) && rest.allSatisfy(alphabet.contains)
  }
}
