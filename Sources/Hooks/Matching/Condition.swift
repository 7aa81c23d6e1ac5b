import Glibc
import JSON

/// What one plain value of an event must be.
enum Condition: Sendable {
  /// A text, number, boolean or null; numbers by their value.
  case equals(JSON)
  /// The text in lower case.
  case equalsIgnoringCase(String)
  case prefix(String)
  case prefixIgnoringCase(String)
  case suffix(String)
  case suffixIgnoringCase(String)
  case wildcard(Wildcard)
  case numeric(NumberRange)
  case exists(Bool)
  case address(AddressBlock)
  /// A value that fits none of these.
  case anythingBut([Condition])

  /// Whether a field fits one of the conditions.
  /// - Parameter value: nil when the field is missing.
  static func fits(_ value: JSON?, _ conditions: [Condition]) -> Bool {
    guard let value else { return conditions.contains { $0.asksForExistence(false) } }
    return conditions.contains { $0.asksForExistence(true) } || holds(value, conditions)
  }

  private func asksForExistence(_ wanted: Bool) -> Bool {
    if case .exists(wanted) = self { true } else { false }
  }

  private static func holds(_ value: JSON, _ conditions: [Condition]) -> Bool {
    switch value {
    case .array(let elements): elements.contains { holds($0, conditions) }
    case .object: false
    default: conditions.contains { $0.holds(value) }
    }
  }

  /// For a plain value that is there.
  private func holds(_ value: JSON) -> Bool {
    switch self {
    case .equals(let wanted):
      if value == wanted { return true }
      // YAML takes a number beyond 2^63 for a text.
      guard case .exact(let number) = value, case .string(let digits) = wanted else { return false }
      return number.text == digits
    case .exists(let isWanted): return isWanted
    case .numeric(let range): return range.contains(value)
    case .anythingBut(let excluded): return !excluded.contains { $0.holds(value) }
    default: break
    }
    guard case .string(let text) = value else { return false }
    return switch self {
    case .equalsIgnoringCase(let wanted): text.lowercased().utf8.elementsEqual(wanted.utf8)
    case .prefix(let wanted): text.utf8.starts(with: wanted.utf8)
    case .prefixIgnoringCase(let wanted): text.lowercased().utf8.starts(with: wanted.utf8)
    case .suffix(let wanted): text.utf8.reversed().starts(with: wanted.utf8.reversed())
    case .suffixIgnoringCase(let wanted):
      text.lowercased().utf8.reversed().starts(with: wanted.utf8.reversed())
    case .wildcard(let wildcard): wildcard.fits(text)
    case .address(let block): block.contains(text)
    case .equals, .exists, .numeric, .anythingBut: false
    }
  }
}

/// Bounds of a number.
struct NumberRange: Sendable {
  struct Bound: Sendable {
    /// A number.
    var value: JSON
    var shown: String {
      if case .exact(let number) = value { number.text } else { JSON.number(value.numberValue ?? 0).text }
    }
    /// Whether the bound itself belongs to the range.
    var isInside: Bool
  }

  var lower: Bound?
  var upper: Bound?

  /// Compares digit by digit; what is no number lies nowhere.
  func contains(_ number: JSON) -> Bool {
    guard number.numberValue != nil else { return false }
    if let lower {
      if number.isSmaller(than: lower.value) == true { return false }
      if !lower.isInside, number == lower.value { return false }
    }
    if let upper {
      if upper.value.isSmaller(than: number) == true { return false }
      if !upper.isInside, number == upper.value { return false }
    }
    return true
  }

  var isEmpty: Bool {
    guard let lower, let upper else { return false }
    if lower.value == upper.value { return !(lower.isInside && upper.isInside) }
    return upper.value.isSmaller(than: lower.value) == true
  }
}

/// A network in the notation of RFC 4632, `10.0.0.0/8` or `2001:db8::/32`.
struct AddressBlock: Sendable {
  let text: String
  private let bytes: [UInt8]
  private let bits: Int

  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let bytes = AddressBlock.bytes(String(parts[0])), let bits = Int(parts[1]),
      (0...bytes.count * 8).contains(bits)
    else { return nil }
    self.text = text
    self.bytes = bytes
    self.bits = bits
  }

  func contains(_ address: String) -> Bool {
    guard let other = AddressBlock.bytes(address), other.count == bytes.count else { return false }
    let whole = bits / 8
    guard other.prefix(whole).elementsEqual(bytes.prefix(whole)) else { return false }
    guard bits % 8 > 0 else { return true }
    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
    return other[whole] & mask == bytes[whole] & mask
  }

  /// 4 or 16 bytes in network order.
  private static func bytes(_ address: String) -> [UInt8]? {
    // The longest notation of an address has 45 characters.
    guard address.utf8.count <= 45 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, address, &bytes) == 1 { return Array(bytes.prefix(4)) }
    return inet_pton(AF_INET6, address, &bytes) == 1 ? bytes : nil
  }
}
