/// Why a server could not start.
package enum HTTPServerError: Error, Equatable, CustomStringConvertible {
  /// The address is not a host name, an IPv4 address, or an IPv6 address in brackets.
  case badAddress(String, reason: String)
  case portInUse(address: String, port: UInt16)
  case permissionDenied(address: String, port: UInt16)
  /// The host has no such address.
  case addressNotOurs(String)
  /// Anything else the system said.
  case system(doing: String, error: String)

  package var description: String {
    switch self {
    case .badAddress(let address, let reason):
      "\"\(address)\" is not an address to listen on (\(reason)). Give a host name, an IPv4 address such as "
        + "127.0.0.1, or an IPv6 address in brackets such as [::1]."
    case .portInUse(let address, let port):
      "Port \(port) on \(address) is already in use. Stop the program that listens there, or choose another "
        + "port; port 0 takes any free one."
    case .permissionDenied(let address, let port):
      "This user may not listen on \(address) port \(port): ports below 1024 are reserved. Choose a higher "
        + "port, or grant the program CAP_NET_BIND_SERVICE."
    case .addressNotOurs(let address):
      "This machine has no address \(address). Listen on 127.0.0.1 for local clients only, or on 0.0.0.0 for "
        + "all of its addresses."
    case .system(let doing, let error):
      "The HTTP server could not start: \(doing) failed (\(error))."
    }
  }
}
