import Catalog

extension Session {
  /// How many hosts are named to the agent.
  private static let namedHosts = 50

  /// What its sandbox reaches of the network, for the agent: the end of a sentence that begins with “a sandbox”.
  package var reach: String {
    switch Networking(environment: environment, agent: agent) {
    case .none: "without network"
    case .unrestricted: "that reaches the web through a proxy, which HTTP_PROXY and HTTPS_PROXY name"
    case .limited(let hosts):
      "that reaches, through the proxy that HTTP_PROXY and HTTPS_PROXY name, only "
        + hosts.prefix(Session.namedHosts).joined(separator: ", ")
        + (hosts.count > Session.namedHosts ? " and \(hosts.count - Session.namedHosts) more" : "")
    }
  }
}
