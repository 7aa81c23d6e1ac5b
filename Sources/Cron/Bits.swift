/// A set of small numbers (0 to 63), one bit each.
struct Bits: Hashable, Sendable {
  var raw: UInt64 = 0

  init() {}

  init(raw: UInt64) {
    self.raw = raw
  }

  init(_ members: some Sequence<Int>) {
    for member in members { insert(member) }
  }

  var isEmpty: Bool { raw == 0 }
  var count: Int { raw.nonzeroBitCount }

  /// The smallest member; the set must not be empty.
  var lowest: Int { raw.trailingZeroBitCount }

  /// The greatest member; the set must not be empty.
  var highest: Int { 63 - raw.leadingZeroBitCount }

  mutating func insert(_ member: Int) {
    raw |= 1 << UInt64(member)
  }

  func contains(_ member: Int) -> Bool {
    raw >> UInt64(member) & 1 != 0
  }

  /// The smallest member that is `bound` or more.
  func first(atOrAbove bound: Int) -> Int? {
    guard bound < 64 else { return nil }
    let rest = raw & (~0 << UInt64(bound))
    return rest == 0 ? nil : rest.trailingZeroBitCount
  }

  /// The greatest member that is `bound` or less; `bound` may be -1.
  func last(atOrBelow bound: Int) -> Int? {
    guard bound >= 0 else { return nil }
    let rest = raw & (~0 >> UInt64(63 - bound))
    return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
  }

  /// The members in ascending order.
  var members: [Int] {
    (0..<64).filter(contains)
  }
}
