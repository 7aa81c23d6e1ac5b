import API
import Brain
import Callbacks
import Catalog
import Domains
import Git
import Glibc
import HTTPClient
import HTTPServer
import Hands
import Hooks
import Integrations
package import Jobs
package import Logging
package import Primitives
import Processes
import Queue
import Runs
import Schedules
import ServiceLifecycle
import Sessions
import Signatures
import Store
package import UnixSignals

/// The whole of Errand, put together in one place: each domain with what it uses.
package struct ErrandService: Sendable {
  /// What job files may say about sources, callbacks and patterns.
  package static let kinds = Integrations.kinds

  package let configuration: Configuration
  /// The key that API callers show.
  package let key: String
  private let domains: Domains
  private let api: API
  private let keys: APIKeys
  private let worker: Worker?
  private let workplaces: Workplaces
  private let jobsWatch: JobsWatch?
  private let client: HTTPClient
  private let health: Health
  private let openFiles: OpenFiles
  private let log: Logger

  /// The tables of those who stand above the domains.
  static let migrations = API.migrations + HealthCheck.migrations

  /// Opens the data directory and builds everything; nothing works yet.
  /// - Throws: `ServiceError`, `StoreError`, `JobsError` (a folder of jobs that is not there), or what the
  ///   sandbox says when it can't work here.
  package init(
    _ configuration: Configuration, time: Time = .system, randomness: Randomness = .system, log: Logger
  ) async throws {
    self.configuration = configuration
    self.log = log
    // A server that cannot serve changes nothing for the one that does.
    if configuration.role.serves { try HTTPServer.check(configuration.host, port: configuration.port) }
    let data = try DataDirectory(configuration.dataDirectory)
    data.shut()
    for warning in data.warnings() { log.warning("\(warning)") }
    if let warning = KeyStrength.warning(configuration) { log.warning("\(warning)") }
    key = try data.key(configuration.environment, randomness)

    let serverKey = try data.linkKey(randomness)
    let marks = OwnMarks(key: serverKey)
    let secrets = Secrets(environment: configuration.environment, marks: marks) { log.warning("\($0)") }
    openFiles = OpenFiles.raise(sessions: configuration.role.works ? configuration.sessions : 0)
    guard openFiles.limit >= OpenFiles.fewest else {
      throw ServiceError.fewFiles(limit: openFiles.limit, needed: openFiles.needed)
    }
    if let warning = openFiles.warning { log.warning("\(warning)") }

    let sandbox = configuration.sandbox == .none ? SandboxKind.none : .bubblewrap
    let git = try Git(home: data.git)
    let local = configuration.localRepositories
    let hands = SandboxProvider(
      root: data.workspaces, kind: sandbox,
      repositories: Repositories(git: git, local: local) { try secrets.token($0) },
      egress: EgressSettings(allowing: configuration.allowedPrivate, time: time, log: log),
      packages: PackageSettings(
        pipIndex: try configuration.mirror("PIP_INDEX_URL"),
        npmRegistry: try configuration.mirror("NPM_CONFIG_REGISTRY")),
      users: configuration.sandboxUIDs.flatMap { UserRange($0) })
    // Waited for at the end: it takes as long as all the rest.
    async let isAbleToWork: Void = ErrandService.check(hands, configuration.role, log)

    var settings = Domains.Settings(
      database: data.database, files: data.files, secrets: secrets, log: log)
    settings.migrations = ErrandService.migrations
    settings.packageManagers = PackageSettings.managers(sandbox)
    settings.surroundings = configuration.surroundings
    settings.rehearses = configuration.rehearses
    settings.time = time
    settings.randomness = randomness
    domains = try await Domains(settings)
    let (database, files, jobs) = (domains.database, domains.files, domains.jobs)
    let (sessions, runs, schedules) = (domains.sessions, domains.runs, domains.schedules)

    // The work: brain, hands, courier.
    client = HTTPClient(userAgent: "errand")
    workplaces = Workplaces(
      sessions: sessions, files: files, provider: hands, node: ErrandService.node(), log: log)
    var limits = EmbeddedDriver.Limits()
    limits.window = try configuration.modelWindow()
    if configuration.role.works, let warning = configuration.modelWarning { log.warning("\(warning)") }
    limits.reserve = .milliseconds(1500)
    let driver = EmbeddedDriver(
      models: Models(
        client: client, baseURL: configuration.environment["ANTHROPIC_BASE_URL"],
        key: configuration.environment["ANTHROPIC_API_KEY"], rehearses: configuration.rehearses, time: time),
      workplaces: workplaces,
      tools: [
        SandboxTools(workplaces),
        WebTools(
          Web(
            client: client, reach: .publicOnly(allowing: configuration.allowedPrivate),
            search: configuration.webSearchURL)),
      ], time: time, randomness: randomness, limits: limits, log: log)
    let links = FileLinks(base: configuration.publicURL, path: API.fileContent, key: serverKey)
    let courier = Courier(
      database: database, outbox: domains.outbox,
      targets: Integrations.targets(
        Supplies(
          database: database, files: files, links: links, client: client, git: git, local: local,
          environment: configuration.environment, marks: marks, time: time)), secrets: secrets, time: time,
      randomness: randomness, log: log)
    if configuration.role.works {
      var options = Worker.Options()
      options.grace = configuration.grace
      options.randomness = randomness
      options.logger = log
      options.onLost = { [workplaces] in await workplaces.forget() }
      worker = try Worker(
        queue: domains.queue,
        handlers: [
          SessionWorker(sessions: sessions, driver: driver, workplaces: workplaces, log: log)
            .handler(concurrency: configuration.sessions),
          workplaces.handler(), courier.handler(concurrency: configuration.deliveries), runs.timerHandler(),
          runs.startHandler(), schedules.accountHandler(),
        ], options: options)
    } else {
      worker = nil
    }

    keys = try await APIKeys(database: database, bootstrap: key, time: time, randomness: randomness)
    if configuration.role.serves, let made = try await keys.made(key) {
      if made.revokedAt != nil { throw ServiceError.weakKey(name: made.name, what: "is revoked") }
      if made.scope != .admin {
        throw ServiceError.weakKey(name: made.name, what: "has the scope \(made.scope.rawValue)")
      }
    }
    var rates = RateLimits.Rates()
    rates.creates = configuration.createsPerMinute
    rates.reads = configuration.readsPerMinute
    let born = time.now()
    health = Health(
      [
        .writeLock(database), .database(database, time: time), .disk(data.path), .files(data.files),
        .workers(domains.queue, born: born, time: time), .schedules(schedules, database, born: born),
        HealthCheck("launcher", "Sandboxes cannot be started.") { LaunchHealth.now().fault },
      ], notes: [{ LaunchHealth.now().notice }, { files.damage }], time: time, log: log)
    api = API(
      domains: domains,
      keys: keys, links: links, rates: rates, health: health, time: time, randomness: randomness, log: log)
    if configuration.jobsDirectories.isEmpty {
      jobsWatch = nil
      if configuration.role == .all {
        try await database.write { tx in try jobs.forgetFaults(tx, besides: []) }
      }
    } else {
      jobsWatch = JobsWatch(
        directories: configuration.jobsDirectories, jobs: jobs, time: time, log: log)
      try await jobsWatch?.start()
    }
    let roots = configuration.jobsDirectories.map(JobFolder.root)
    for warning in try await database.read({ tx in try jobs.missingSecrets(tx, besides: roots) }) {
      log.warning("\(warning)")
    }
    try await isAbleToWork
  }

  /// Ends what an earlier process left behind, and tries whether sandboxes work here.
  private static func check(
    _ hands: SandboxProvider, _ role: Configuration.Role, _ log: Logger
  ) async throws {
    guard role.works else { return }
    try await hands.endAbandoned()
    try await hands.check()
    if let warning = await hands.memoryWarning() { log.warning("\(warning)") }
  }

  /// This machine's name, under which workspaces are found again.
  private static func node() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Works until SIGTERM or SIGINT, then stops in order: no new requests, no new firings, leases back.
  /// - Parameter signals: those it listens to (`ServerSignals`).
  /// - Parameter ready: called with the port once requests are answered.
  /// - Throws: `HTTPServerError` when the address can't be listened on.
  package func run(
    signals: [UnixSignal] = [.sigterm, .sigint, .sighup, .sigusr1],
    ready: @escaping @Sendable (UInt16) -> Void = { _ in }
  ) async throws {
    let (database, queue, sessions, runs) = (domains.database, domains.queue, domains.sessions, domains.runs)
    let (files, schedules, timer, hooks) = (
      domains.files, domains.schedules, domains.timer, domains.hooks
    )
    try await workplaces.sweep()
    try await files.settleLeftovers(database)
    // Stopped from the last to the first.
    var services: [any Service] = [Part { try await sessions.listenToOthers() }]
    if let worker {
      services.append(Part { try await worker.run() })
      services.append(Part { try await timer.run() })
      services.append(Part { [log] in try await runs.followClock(log) })
      services.append(Part { [log] in try await files.keepCollecting(database, log) })
    }
    if let jobsWatch { services.append(Part { try await jobsWatch.run() }) }
    if let url = configuration.ping {
      let ping = Ping(
        url: url, client: client, database: database, schedules: schedules, log: log, health: health)
      services.append(Part { try await ping.run() })
    }
    if configuration.role.serves {
      services.append(Part { try await hooks.run() })
      services.append(Part { [keys] in try await keys.run() })
      services.append(
        ListeningPart(
          configuration: listening(),
          grace: configuration.grace, ready: ready))
    } else {
      ready(0)
    }
    var group = ServiceGroupConfiguration(
      services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
      gracefulShutdownSignals: [], logger: log)
    group.maximumGracefulShutdownDuration = configuration.grace + .seconds(1)
    let all = ServiceGroup(configuration: group)
    let answering = Task {
      await ServerSignals(jobsWatch: jobsWatch, database: database, queue: queue, log: log)
        .follow(signals) { await all.triggerGracefulShutdown() }
    }
    do {
      try await all.run()
    } catch {
      await close()
      answering.cancel()
      throw error
    }
    await close()
    answering.cancel()
    if !signals.isEmpty { log.notice("The server has stopped.") }
  }

  /// The server's settings.
  private func listening() -> HTTPServer.Configuration {
    var listening = api.configuration(address: configuration.host, port: configuration.port)
    listening.connectionLimit = openFiles.connections
    listening.reserve = openFiles.reserve
    listening.addressLimit = max(16, openFiles.connections / 4)
    let proxies = configuration.trustedProxies
    if !proxies.isEmpty {
      listening.isProxy = { address in
        IPAddress(address).map { address in proxies.contains { $0.contains(address) } } ?? false
      }
    }
    return listening
  }

  private func close() async {
    await workplaces.stop()
    client.close()
    await domains.database.close()
  }
}

/// A part that works until it is cancelled.
private struct Part: Service {
  let work: @Sendable () async throws -> Void

  init(_ work: @escaping @Sendable () async throws -> Void) {
    self.work = work
  }

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      do { try await work() } catch is CancellationError {}
    }
  }
}

/// The HTTP server, from the first request to the last answer.
private struct ListeningPart: Service {
  let configuration: HTTPServer.Configuration
  let grace: Duration
  let ready: @Sendable (UInt16) -> Void

  func run() async throws {
    let server = try HTTPServer.start(configuration)
    ready(server.port)
    try await gracefulShutdown()
    await server.stop(grace: grace)
  }
}
