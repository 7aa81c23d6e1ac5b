package import JSON

/// Which hosts a sandbox may reach, by the networking of its environment. Which *addresses* it may reach is
/// the server's affair and the same for all.
package enum Networking: Sendable, Equatable {
  /// No way out at all.
  case none
  case unrestricted
  /// Names in small letters, some with `*.` in front, which stands for any names below.
  case limited([String])

  /// - Parameters:
  ///   - environment: the environment's config, as the session copied it.
  ///   - agent: the agent's snapshot, whose MCP servers may be allowed.
  package init(environment: JSON, agent: JSON = .null) {
    let setting = environment["networking"]
    switch setting?["type"]?.stringValue {
    case "unrestricted": self = .unrestricted
    case "limited":
      var hosts = setting?["allowed_hosts"]?.arrayValue?.compactMap { $0.stringValue?.lowercased() } ?? []
      if setting?["allow_package_managers"] == true { hosts += Networking.registries }
      if setting?["allow_mcp_servers"] == true {
        let urls = agent["mcp_servers"]?.arrayValue?.compactMap { $0["url"]?.stringValue } ?? []
        hosts += urls.compactMap(Networking.host)
      }
      self = hosts.isEmpty ? .none : .limited(hosts)
    default: self = .none
    }
  }

  /// - Parameter host: a name or an address, in small letters, without a dot at its end.
  package func allows(_ host: String) -> Bool {
    switch self {
    case .none: false
    case .unrestricted: true
    case .limited(let hosts):
      hosts.contains { allowed in
        allowed.hasPrefix("*.")
          ? host.hasSuffix(allowed.dropFirst()) && host.utf8.count >= allowed.utf8.count : host == allowed
      }
    }
  }

  /// Where the package managers of `packages` find their packages.
  package static let registries = [
    "pypi.org", "files.pythonhosted.org", "registry.npmjs.org", "registry.yarnpkg.com", "crates.io",
    "index.crates.io", "static.crates.io", "rubygems.org", "index.rubygems.org", "proxy.golang.org",
    "sum.golang.org", "deb.debian.org", "security.debian.org", "archive.ubuntu.com", "security.ubuntu.com",
  ]

  /// The host of an address of the web, in small letters.
  private static func host(_ url: String) -> String? {
    let url = url.lowercased()
    guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
    let authority = url[start...].prefix { !"/?#\\".contains($0) }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last?.prefix { $0 != ":" }
    return host.flatMap { $0.isEmpty ? nil : String($0) }
  }
}
