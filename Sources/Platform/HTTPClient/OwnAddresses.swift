import Glibc
import Primitives

/// The addresses that the interfaces of this machine have. A public one among them leads to what runs here, past
/// every firewall that stands outside.
package enum OwnAddresses {
  private static let known = Lock<(addresses: Set<IPAddress>, until: ContinuousClock.Instant)?>(nil)

  /// How long what was found is taken for true; interfaces come and go.
  private static let age = Duration.seconds(10)

  package static var now: Set<IPAddress> {
    known.withLock { known in
      if let known, .now < known.until { return known.addresses }
      // When the system does not tell, what it said before is the best there is.
      let addresses = find() ?? known?.addresses ?? []
      known = (addresses, .now + age)
      return addresses
    }
  }

  private static func find() -> Set<IPAddress>? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var addresses: Set<IPAddress> = []
    var next = list
    while let entry = next {
      if let raw = entry.pointee.ifa_addr, let address = IPAddress(raw) { addresses.insert(address) }
      next = entry.pointee.ifa_next
    }
    return addresses
  }
}
