import Glibc

/// The addresses that count as one client: one address of IPv4, one /64 of IPv6, which is what a single customer of
/// a network has.
struct AddressBlock: Hashable {
  private let bits: UInt64
  private let isV6: Bool

  /// Nil for a text that is no address.
  init?(_ text: String) {
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      bits = UInt64(UInt32(bigEndian: v4.s_addr))
      isV6 = false
    } else if inet_pton(AF_INET6, text, &v6) == 1 {
      let bytes = withUnsafeBytes(of: v6) { Array($0) }
      let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      bits = (isMapped ? bytes[12...] : bytes[..<8]).reduce(0) { $0 << 8 | UInt64($1) }
      isV6 = !isMapped
    } else {
      return nil
    }
  }
}
