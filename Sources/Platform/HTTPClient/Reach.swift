extension HTTPClient {
  /// Which addresses a request may connect to. The address itself is judged at every attempt to connect and
  /// again when a kept connection is used, so neither a name that resolves to something else the second time
  /// nor a connection that another request opened leads around it.
  package enum Reach: Sendable, Equatable {
    /// For targets that the operator chose.
    case anywhere
    /// For targets that came from outside: what is routed on the public internet to other machines, and the
    /// blocks listed. A listed block is open whatever it is.
    case publicOnly(allowing: [CIDR] = [])

    package func permits(_ address: IPAddress) -> Bool {
      permits(address, own: OwnAddresses.now)
    }

    /// - Parameter own: the addresses of this machine.
    func permits(_ address: IPAddress, own: Set<IPAddress>) -> Bool {
      switch self {
      case .anywhere: true
      case .publicOnly(let allowed):
        Reach.isPublic(address, own) || allowed.contains { $0.contains(address) }
      }
    }

    /// Whether the operator listed the address.
    package func lists(_ address: IPAddress) -> Bool {
      switch self {
      case .anywhere: true
      case .publicOnly(let allowed): allowed.contains { $0.contains(address) }
      }
    }

    private static func isPublic(_ address: IPAddress, _ own: Set<IPAddress>) -> Bool {
      if own.contains(address) { return false }
      if let embedded = address.embedded { return isPublic(embedded, own) }
      return switch address.family {
      case .v4: !closedV4.contains { $0.contains(address) }
      case .v6: globalV6.contains(address) && !closedV6.contains { $0.contains(address) }
      }
    }

    /// From the IANA registry of special-purpose IPv4 addresses, with multicast and the reserved block.
    private static let closedV4: [CIDR] = [
      "0.0.0.0/8",  // this network; Linux takes 0.0.0.0 for itself
      "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private
      "100.64.0.0/10",  // shared by carriers; a metadata service at 100.100.100.200
      "127.0.0.0/8",  // loopback
      "169.254.0.0/16",  // link-local; most metadata services
      "168.63.129.16/32",  // a metadata service at a public address
      "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // protocols, documentation
      "192.88.99.0/24",  // 6to4 relays
      "198.18.0.0/15",  // benchmarks
      "224.0.0.0/4", "240.0.0.0/4",  // multicast, reserved, broadcast
    ]

    /// All that is assigned as global unicast. Unique-local, link-local, multicast and loopback are outside.
    private static let globalV6: CIDR = "2000::/3"

    /// What is special inside the global block: protocol assignments with Teredo, and documentation.
    private static let closedV6: [CIDR] = ["2001::/23", "2001:db8::/32", "3fff::/20"]
  }
}
