package import Glibc

/// An internet address. An IPv4 address that arrives in its IPv6 form (`::ffff:10.0.0.1`) is the IPv4 address,
/// so that no rule can be passed by writing it differently.
package struct IPAddress: Hashable, Sendable {
  package enum Family: Sendable {
    case v4
    case v6

    /// The length of an address in bits.
    var width: Int { self == .v4 ? 32 : 128 }
  }

  package let family: Family
  /// The address as a number; of IPv4 the low 32 bits.
  package let bits: UInt128

  package init(v4 bits: UInt32) {
    family = .v4
    self.bits = UInt128(bits)
  }

  package init(v6 bits: UInt128) {
    let isMapped = bits >> 32 == 0xFFFF
    family = isMapped ? .v4 : .v6
    self.bits = isMapped ? bits & 0xFFFF_FFFF : bits
  }

  /// Nil for a socket address that is neither IPv4 nor IPv6.
  package init?(_ address: UnsafePointer<sockaddr>) {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      let v4 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
      self.init(v4: UInt32(bigEndian: v4.sin_addr.s_addr))
    case AF_INET6:
      let v6 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
      self.init(
        v6: withUnsafeBytes(of: v6.sin6_addr) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
    default:
      return nil
    }
  }

  /// Calls with the address and a port as the system takes them.
  package func withSocketAddress<Result>(
    port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    switch family {
    case .v4:
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(truncatingIfNeeded: bits).bigEndian
      return IPAddress.plain(&address, body)
    case .v6:
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &address.sin6_addr) {
        $0.storeBytes(of: bits.bigEndian, as: UInt128.self)
      }
      return IPAddress.plain(&address, body)
    }
  }

  private static func plain<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    let size = socklen_t(MemoryLayout<Address>.size)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
  }

  /// The IPv4 address that a gateway would reach for this IPv6 one: NAT64 (`64:ff9b::/96`, RFC 6052), 6to4
  /// (`2002::/16`, RFC 3056), and the old compatible form (`::/96`, RFC 4291).
  var embedded: IPAddress? {
    guard family == .v6 else { return nil }
    if bits >> 32 == 0x0064_ff9b << 64 || bits >> 32 == 0 {
      return IPAddress(v4: UInt32(truncatingIfNeeded: bits))
    }
    if bits >> 112 == 0x2002 { return IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80)) }
    return nil
  }
}

extension IPAddress: LosslessStringConvertible {
  /// Reads `192.0.2.1` with four decimal parts, or IPv6 in any form of RFC 4291. No zone, no brackets.
  package init?(_ text: String) {
    guard !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self.init(v4: UInt32(bigEndian: v4.s_addr))
    } else if inet_pton(AF_INET6, text, &v6) == 1 {
      self.init(v6: withUnsafeBytes(of: v6) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
    } else {
      return nil
    }
  }

  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    if family == .v4 {
      var address = in_addr(s_addr: UInt32(truncatingIfNeeded: bits).bigEndian)
      inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
    } else {
      var address = bits.bigEndian
      inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
    }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
