/// A block of addresses: all that share the first `prefix` bits (RFC 4632, RFC 4291).
package struct CIDR: Hashable, Sendable {
  /// The lowest address of the block.
  package let base: IPAddress
  /// How many leading bits are fixed: 0 to 32, for IPv6 0 to 128.
  package let prefix: Int

  private let mask: UInt128

  package func contains(_ address: IPAddress) -> Bool {
    address.family == base.family && address.bits & mask == base.bits
  }
}

extension CIDR: LosslessStringConvertible {
  /// Reads `10.0.0.0/8`, `fd00::/8`, or one address. Bits behind the prefix are dropped, so `10.1.2.3/8` is
  /// `10.0.0.0/8`; a block of IPv4 in its IPv6 form is the IPv4 block. Nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
    // `::ffff:10.0.0.0/104` counts its prefix in the wider form.
    let shift = address.family == .v4 && first.contains(":") ? 96 : 0
    var prefix = address.family.width
    if parts.count == 2 {
      guard let number = Int(parts[1]), String(number) == parts[1],
        (0...address.family.width).contains(number - shift)
      else { return nil }
      prefix = number - shift
    }
    self.init(address, prefix)
  }

  private init(_ address: IPAddress, _ prefix: Int) {
    let width = address.family.width
    let all = UInt128.max >> UInt128(128 - width)
    mask = all & ~(prefix == 0 ? all : all >> UInt128(prefix))
    let bits = address.bits & mask
    base = address.family == .v4 ? IPAddress(v4: UInt32(bits)) : IPAddress(v6: bits)
    self.prefix = prefix
  }

  package var description: String { "\(base)/\(prefix)" }
}

extension CIDR: ExpressibleByStringLiteral {
  /// For blocks written in the source, where a mistake stops the program at its first use.
  package init(stringLiteral text: String) {
    guard let block = CIDR(text) else { preconditionFailure("\(text) is not a block of addresses.") }
    self = block
  }
}
