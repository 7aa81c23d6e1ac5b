import Catalog
import HTTPClient

/// Whether a session may reach a host, an address, a port. Pure; the proxy connects to what it returns and to
/// nothing else.
struct EgressRules: Sendable {
  var networking: Networking
  var reach: HTTPClient.Reach

  /// Open to limited networking.
  static let webPorts = [80, 443]
  /// Where mail is handed over from server to server.
  static let mailPort = 25

  /// Judges what is known before the name is looked up.
  func check(_ host: String) throws(EgressRefusal) {
    guard !networking.allows(host) else { return }
    if case .limited(let hosts) = networking { throw .hostNotAllowed(host, allowed: hosts) }
    throw .hostNotAllowed(host, allowed: ["no host"])
  }

  /// The addresses of a host, as they were just found, that may be connected to on a port.
  func permitted(_ addresses: [IPAddress], of host: String, port: UInt16) throws(EgressRefusal) -> [IPAddress]
  {
    let permitted = addresses.filter(reach.permits)
    guard !permitted.isEmpty else { throw .noPublicAddress(host) }
    // What the operator listed is open on every port: that is where services of one's own are.
    let listed = permitted.filter(reach.lists)
    if !listed.isEmpty { return listed }
    if Int(port) == EgressRules.mailPort { throw .mailPort(Int(port)) }
    if case .limited = networking, !EgressRules.webPorts.contains(Int(port)) {
      throw .portNotAllowed(Int(port), host: host, allowed: EgressRules.webPorts)
    }
    return permitted
  }
}
