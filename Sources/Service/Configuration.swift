package import Git
import Glibc
package import HTTPClient
import Hands
package import Jobs
import Primitives

/// What `errand serve` was told.
package struct Configuration: Sendable {
  package enum Sandbox: String, Sendable, CaseIterable {
    case bubblewrap
    /// Tools run as this user on this machine, with everything it may do. Only for machines that hold nothing
    /// else.
    case none
  }

  package enum Role: String, Sendable, CaseIterable {
    case all, api, worker

    var serves: Bool { self != .worker }
    var works: Bool { self != .api }
  }

  package var address = "127.0.0.1"
  package var port: UInt16 = 8700
  /// Proxies in front of this server: what they say of their clients' addresses counts.
  package var trustedProxies: [CIDR] = []
  /// Where people's browsers reach this server, without a slash at its end; nil makes no links to files.
  package var publicURL: String?
  package var dataDirectory: String
  /// Folders of job files that are applied at the start and when a file in one changes.
  package var jobsDirectories: [String] = []
  package var rehearses = false
  package var sandbox = Sandbox.bubblewrap
  /// The user ids that sandboxes of root's may have, as START:COUNT; nil is what the machine says.
  package var sandboxUIDs: String?
  package var role = Role.all
  /// Private addresses that sandboxes and `web_fetch` may reach nevertheless.
  package var allowedPrivate: [CIDR] = []
  /// The search engine of `web_search`, one that answers like SearXNG; nil has none.
  package var webSearchURL: String?
  /// Asked every minute while all is well, so that somebody else notices when it is not asked any more.
  package var ping: String?
  /// How many sessions are driven at once.
  package var sessions = 16
  /// How many deliveries are on their way at once.
  package var deliveries = 16
  /// How many requests each API key may make in a minute.
  package var createsPerMinute = 300
  package var readsPerMinute = 1200
  /// How long a stop waits for what is under way.
  package var grace = Duration.seconds(8)
  /// The process's environment: keys of models, secrets of sources and callbacks.
  package var environment: [String: String]

  package init(dataDirectory: String, environment: [String: String]) {
    self.dataDirectory = Configuration.absolute(dataDirectory)
    self.environment = environment
  }

  /// Whatever works in a directory of its own later still finds it.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return String(cString: here) + "/" + rest
  }

  /// Whether others than the programs of this machine reach the server: it listens to them, or something in front of
  /// it does.
  package var isPublic: Bool {
    !["127.0.0.1", "localhost", "::1"].contains(address) || publicURL != nil || !trustedProxies.isEmpty
  }

  /// The address as the server takes it.
  var host: String { address.contains(":") ? "[\(address)]" : address }

  /// Which repositories on this machine jobs may use: those below the folders that
  /// `ERRAND_LOCAL_REPOSITORIES` names, with colons between them. None without it.
  package var localRepositories: LocalRepositories {
    let folders = environment["ERRAND_LOCAL_REPOSITORIES"]?.split(separator: ":").map(String.init)
    return LocalRepositories(below: folders ?? [])
  }

  /// What job files are checked against, besides their own rules.
  package var surroundings: Surroundings {
    Surroundings(
      secrets: Secrets(environment: environment), local: localRepositories, rehearses: rehearses)
  }

  /// Why no model will answer; nil when one may.
  package var modelWarning: String? {
    if rehearses { return nil }
    func given(_ name: String) -> String? {
      environment[name].flatMap { $0.contains { !$0.isWhitespace } ? $0 : nil }
    }
    var sentences: [String] = []
    let base = given("ANTHROPIC_BASE_URL")
    if let base, !Configuration.isModelAddress(base) {
      // It may hold a password.
      let shown = base.contains("@") ? "" : " (“\(base)”)"
      sentences.append(
        "ANTHROPIC_BASE_URL\(shown) is no address where a model could be asked, so every run will fail. Write it with "
          + "http:// or https:// in front, such as http://localhost:8000.")
    }
    if given("ANTHROPIC_API_KEY") == nil {
      sentences.append(
        "ANTHROPIC_API_KEY is not set, so no model can be asked: every run will fail. "
          + (base == nil
            ? "Set it, name another server with ANTHROPIC_BASE_URL too, or serve with --rehearse."
            : "Set it, to any value if the server at ANTHROPIC_BASE_URL asks for none, or serve with --rehearse.")
      )
    }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ")
  }

  /// Whether requests can go there: an address of the web, be it with a user and a password.
  private static func isModelAddress(_ text: String) -> Bool {
    let text = text.filter { !$0.isWhitespace }
    guard let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) }) else {
      return false
    }
    let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    return WebAddress(scheme + host) != nil
  }

  /// How many tokens the models can read at once, as `ERRAND_MODEL_WINDOW` says: for servers whose models are not
  /// known here, or are run with less than they could. Nil without it.
  /// - Throws: `ServiceError.modelWindow`.
  package func modelWindow() throws(ServiceError) -> Int? {
    guard let given = environment["ERRAND_MODEL_WINDOW"], !given.isEmpty else { return nil }
    guard let tokens = Int(given), (2_000...100_000_000).contains(tokens) else {
      throw .modelWindow(given: given)
    }
    return tokens
  }

  /// A package index or registry in place of the public one; nil when the variable is not set. A wrong one ends the
  /// start: going to the public one instead could bring a stranger's package of the same name.
  /// - Throws: `ServiceError.mirror`.
  func mirror(_ variable: String) throws(ServiceError) -> WebAddress? {
    guard let given = environment[variable], !given.isEmpty else { return nil }
    guard let address = WebAddress(given) else { throw .mirror(variable: variable) }
    return address
  }

  /// Where data lies unless `--data` says otherwise.
  package static func defaultDataDirectory(_ environment: [String: String]) -> String {
    if let given = environment["ERRAND_DATA"], !given.isEmpty { return given }
    if let home = environment["XDG_DATA_HOME"], !home.isEmpty { return "\(home)/errand" }
    return "\(environment["HOME"] ?? "/var/lib")/.local/share/errand"
  }

  /// An address for links, such as `https://errand.example.com`, without slashes at its end; nil when it is none.
  package static func readPublicURL(_ text: String) -> String? {
    let trimmed = String(text.reversed().drop { $0 == "/" }.reversed())
    guard let scheme = ["https://", "http://"].first(where: { trimmed.hasPrefix($0) }) else { return nil }
    let rest = trimmed.dropFirst(scheme.count)
    let isPlain = rest.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "-._~:/[]".utf8.contains(byte)
      }
    }
    return rest.isEmpty || rest.hasPrefix("/") || !isPlain ? nil : trimmed
  }

  /// The web address of a search engine, without a slash at its end; nil when it is none.
  package static func readSearchURL(_ text: String) -> String? {
    guard let address = WebAddress(text), !text.contains("?"), !text.contains("#") else { return nil }
    return address.text.hasSuffix("/") ? String(address.text.dropLast()) : address.text
  }

  /// Whether a text is `START:COUNT`, a range of user ids that sandboxes may have.
  package static func isSandboxUIDs(_ text: String) -> Bool { UserRange(text) != nil }

  /// `HOST:PORT`, `:PORT` or `[IPv6]:PORT`; nil when it is neither.
  package static func readListen(_ text: String) -> (address: String, port: UInt16)? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      return nil
    }
    var address = String(text[..<colon])
    if address.hasPrefix("[") {
      guard address.hasSuffix("]") else { return nil }
      address = String(address.dropFirst().dropLast())
    } else if address.contains(":") {
      return nil
    }
    return (address.isEmpty ? "0.0.0.0" : address, port)
  }
}
