import Service

/// What `serve` says once it answers. Other programs wait for its first line.
struct Banner {
  static let ready = "errand is ready at "

  let configuration: Configuration

  init(_ configuration: Configuration) {
    self.configuration = configuration
  }

  /// - Parameter port: the one it listens on.
  func lines(port: UInt16) -> [String] {
    var lines = [Banner.ready + (configuration.role == .worker ? "its queue" : url(port: port))]
    lines.append("  data   \(configuration.dataDirectory)")
    if configuration.role != .worker { lines.append("  key    \(keyPlace)") }
    if let url = configuration.publicURL { lines.append("  links  \(url), signed, for 7 days each") }
    for jobs in configuration.jobsDirectories {
      lines.append("  jobs   \(jobs), applied again when a file changes")
    }
    if configuration.role != .api { lines.append("  model  \(model)") }
    if configuration.sandbox == .none {
      lines.append("  tools  run without a sandbox, with everything that this user may do")
    }
    if configuration.role != .worker, !["127.0.0.1", "localhost", "::1"].contains(configuration.address) {
      lines.append("  open   to other machines; put TLS in front of it")
    }
    return lines
  }

  /// An address that works on this machine.
  private func url(port: UInt16) -> String {
    var host = configuration.address
    if host == "0.0.0.0" { host = "127.0.0.1" }
    if host == "::" { host = "::1" }
    return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  /// Never the key itself: what is printed ends up in logs.
  private var keyPlace: String {
    let isGiven = configuration.environment["ERRAND_API_KEY"].map { !$0.isEmpty } ?? false
    return isGiven ? "in $ERRAND_API_KEY" : "in \(configuration.dataDirectory)/api-key"
  }

  private var model: String {
    if configuration.rehearses { return "none: jobs play their rehearsals" }
    let base = configuration.environment["ANTHROPIC_BASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
    let hasKey = !configuration.environment["ANTHROPIC_API_KEY", default: ""].isEmpty
    return (base ?? "https://api.anthropic.com") + (hasKey ? "" : "; ANTHROPIC_API_KEY is not set")
  }
}
