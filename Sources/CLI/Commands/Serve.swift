import ArgumentParser
import Glibc
import HTTPClient
import Logging
import Primitives
import Service

extension Configuration.Sandbox: ExpressibleByArgument {}
extension Configuration.Role: ExpressibleByArgument {}

/// `errand serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve: fire jobs, work, deliver, answer the API.",
    discussion: """
      The first start writes a new API key to the file api-key in the data directory; $ERRAND_API_KEY overrides it. The \
      model is asked at $ANTHROPIC_BASE_URL with $ANTHROPIC_API_KEY. SIGTERM and Ctrl-C stop in \
      order, a second Ctrl-C at once. SIGHUP applies the job files again, SIGUSR1 logs how the server is.

      EXAMPLES:
        errand serve --jobs Jobs
        errand serve --listen 0.0.0.0:8700 --data /var/lib/errand --jobs /etc/jobs
        errand serve --jobs Jobs --rehearse     without a key and a network
      """)

  @Option(help: ArgumentHelp("Where to listen. Port 0 takes any free one.", valueName: "host:port"))
  var listen = "127.0.0.1:8700"
  @Option(
    help: ArgumentHelp(
      "Where to keep everything. (default: $ERRAND_DATA, else ~/.local/share/errand)", valueName: "dir"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Job files to apply now, and again whenever one changes. Jobs that are gone from it are archived. Can be repeated.",
      valueName: "dir"))
  var jobs: [String] = []
  @Option(
    help: ArgumentHelp(
      "Where people's browsers reach this server. Messages to them link to files then, for 7 days each.",
      valueName: "url"))
  var publicURL: String?
  @Option(
    help: ArgumentHelp(
      "A proxy in front of this server, such as 10.0.0.5 or 10.0.0.0/24: what it says of its clients' addresses counts, "
        + "and nobody else's word does. Can be repeated.", valueName: "cidr"))
  var trustedProxy: [String] = []
  @Flag(help: "Play the jobs' rehearsals instead of asking models.")
  var rehearse = false
  @Option(help: "What tools run in. none gives them everything that this user may do.")
  var sandbox = Configuration.Sandbox.bubblewrap
  @Option(
    help: ArgumentHelp(
      "Private addresses that sandboxes and web_fetch may reach, such as 10.1.2.0/24. Can be repeated.",
      valueName: "cidr"))
  var allowPrivate: [String] = []
  @Option(
    name: .customLong("sandbox-uids"),
    help: ArgumentHelp(
      """
      User ids that nobody has, one for each workspace, where root serves. (default: those of /etc/subuid for errand or \
      root, else 1879048192:65536)
      """, valueName: "start:count"))
  var sandboxUIDs: String?
  @Option(
    name: .customLong("web-search-url"),
    help: ArgumentHelp(
      "The search engine of web_search, one that answers like SearXNG. (default: $ERRAND_SEARCH_URL)",
      valueName: "url"))
  var webSearchURL: String?
  @Option(help: "api only takes requests, worker only works; both share one data directory.")
  var role = Configuration.Role.all
  @Option(
    help: ArgumentHelp(
      "An address to ask every minute while all is well, such as a dead man's switch.", valueName: "url"))
  var ping: String?
  @Option(
    help: ArgumentHelp("The creating requests that each key may make in a minute.", valueName: "number"))
  var createsPerMinute = 300
  @Option(help: ArgumentHelp("The reading requests that each key may make in a minute.", valueName: "number"))
  var readsPerMinute = 1200
  @Option(help: "The least that is logged: trace, debug, info, notice, warning, error or critical.")
  var logLevel = "notice"

  func validate() throws {
    let port = listen.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
    if listen.count(where: { $0 == ":" }) > 1, !listen.hasPrefix("[") {
      throw ValidationError(
        "--listen: Put an IPv6 address between brackets, as in [::1]:8700; found “\(listen)”.")
    }
    if Configuration.readListen(listen) == nil, listen.contains(":"), !port.isEmpty,
      port.allSatisfy(\.isNumber)
    {
      throw ValidationError("--listen: The port \(port) is out of range; ports go from 0 to \(UInt16.max).")
    }
    if Configuration.readListen(listen) == nil {
      throw ValidationError("--listen: “\(listen)” is not HOST:PORT, such as 127.0.0.1:8700 or [::1]:8700.")
    }
    if let publicURL, Configuration.readPublicURL(publicURL) == nil {
      throw ValidationError("--public-url: “\(publicURL)” is no address such as https://errand.example.com.")
    }
    if let block = allowPrivate.first(where: { CIDR($0) == nil }) {
      throw ValidationError("--allow-private: “\(block)” is no block of addresses such as 10.1.2.0/24.")
    }
    if let sandboxUIDs, !Configuration.isSandboxUIDs(sandboxUIDs) {
      throw ValidationError(
        "--sandbox-uids: “\(sandboxUIDs)” is no range START:COUNT of user ids from 1000 on, such as 1879048192:65536."
      )
    }
    if let block = trustedProxy.first(where: { CIDR($0) == nil }) {
      throw ValidationError(
        "--trusted-proxy: “\(block)” is no address or block of addresses, such as 10.0.0.5 or 10.0.0.0/24.")
    }
    if let webSearchURL, Configuration.readSearchURL(webSearchURL) == nil {
      throw ValidationError(
        "--web-search-url: “\(webSearchURL)” is no address such as https://search.example.com.")
    }
    if let ping, !ping.hasPrefix("http://"), !ping.hasPrefix("https://") {
      throw ValidationError("--ping: “\(ping)” is not an address such as https://example.org/ping/1.")
    }
    for (name, rate) in [("creates", createsPerMinute), ("reads", readsPerMinute)] where rate < 1 {
      throw ValidationError("--\(name)-per-minute must be a number from 1; it is \(rate).")
    }
    if Logger.Level(rawValue: logLevel) == nil {
      let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--log-level: “\(logLevel)” is not one of \(levels).")
    }
  }

  func run() async throws {
    // A reader of its output that leaves is no reason to die. The others are listened to once it is ready.
    for number in [SIGPIPE, SIGUSR1] { signal(number, SIG_IGN) }
    let environment = ProcessEnvironment.all
    var configuration = Configuration(
      dataDirectory: data ?? Configuration.defaultDataDirectory(environment), environment: environment)
    if let listen = Configuration.readListen(listen) {
      (configuration.address, configuration.port) = listen
    }
    configuration.trustedProxies = trustedProxy.compactMap { CIDR($0) }
    configuration.publicURL = publicURL.flatMap(Configuration.readPublicURL)
    configuration.jobsDirectories = jobs
    configuration.rehearses = rehearse
    configuration.sandbox = sandbox
    configuration.sandboxUIDs = sandboxUIDs
    configuration.role = role
    configuration.allowedPrivate = allowPrivate.compactMap { CIDR($0) }
    configuration.webSearchURL = try searchURL(environment)
    configuration.ping = ping
    configuration.createsPerMinute = createsPerMinute
    configuration.readsPerMinute = readsPerMinute
    let level = Logger.Level(rawValue: logLevel) ?? .notice
    let log = Logger(label: "errand") { _ in LogWriter(level: level) }
    let service = try await ErrandService(configuration, log: log)
    let banner = Banner(configuration)
    try await service.run(ready: { port in Say.notice(banner.lines(port: port).joined(separator: "\n")) })
  }

  /// From the option, else from the environment.
  private func searchURL(_ environment: [String: String]) throws -> String? {
    if let webSearchURL { return Configuration.readSearchURL(webSearchURL) }
    guard let given = environment["ERRAND_SEARCH_URL"], !given.isEmpty else { return nil }
    guard let url = Configuration.readSearchURL(given) else {
      throw ValidationError(
        "$ERRAND_SEARCH_URL: “\(given)” is no address such as https://search.example.com.")
    }
    return url
  }
}
