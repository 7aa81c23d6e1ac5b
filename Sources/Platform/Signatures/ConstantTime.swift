/// Comparison that takes the same time wherever the bytes differ, so that an expected signature cannot be
/// found out byte by byte.
enum ConstantTime {
  // Not inlined, so that the optimiser cannot see a caller that stops at the first difference.
  @inline(never)
  static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for place in left.indices { difference |= left[place] ^ right[place] }
    return difference == 0
  }
}
