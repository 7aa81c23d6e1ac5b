package import Catalog
package import Domains
package import Hooks
package import JSON
package import Jobs
package import Logging
package import Outbox
package import Primitives
package import Queue
package import Runs
package import Schedules
package import Sessions
package import Store
package import TestSupport

/// The path from a firing to a delivery on a database file of its own, with a scripted driver in place of the
/// brain and time that the test advances.
package final class Path: Sendable {
  package static let secret = "whsec_" + Base64.encode(Array("a secret of twenty-four.".utf8))
  package static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  package let folder: TemporaryFolder
  package let clock: ManualTime
  package let faults = FaultPlan()
  package let domains: Domains
  package let provider = RecordedProvider()
  package let workplaces: Workplaces
  package let driver = ScriptedDriver()
  /// The statements that have run, in order.
  package let statements = Lock<[String]>([])

  /// - Parameters:
  ///   - sharing: another path whose database file is used, as a second process does.
  ///   - migrations: of what a test puts on top of the path.
  package init(
    at start: String = "2026-11-12T09:00:00Z", rehearses: Bool = false, sharing other: Path? = nil,
    environment: [String: String] = ["DESK_SECRET": Path.secret], adding migrations: [Migration] = []
  ) async throws {
    folder = try other?.folder ?? TemporaryFolder()
    clock = other?.clock ?? ManualTime(Timestamp(start)!)
    var options = Database.Options()
    options.faults = faults.faults
    let statements = statements
    options.trace = { statement in statements.withLock { $0.append(statement) } }
    var settings = Domains.Settings(
      database: "\(folder.path)/errand.db", files: "\(folder.path)/files",
      secrets: Secrets(environment: environment), log: Path.log)
    settings.options = options
    settings.migrations = migrations
    settings.rehearses = rehearses
    settings.time = clock.time
    domains = try await Domains(settings)
    workplaces = Workplaces(
      sessions: domains.sessions, files: domains.files, provider: provider, node: "here", log: Path.log)
  }

  package var database: Database { domains.database }
  package var queue: Queue { domains.queue }
  package var outbox: Outbox { domains.outbox }
  package var files: Files { domains.files }
  package var agents: Agents { domains.agents }
  package var environments: Environments { domains.environments }
  package var jobs: Jobs { domains.jobs }
  package var sessions: Sessions { domains.sessions }
  package var runs: Runs { domains.runs }
  package var schedules: Schedules { domains.schedules }
  package var timer: ScheduleTimer { domains.timer }
  package var hooks: Hooks { domains.hooks }
  package var secrets: Secrets { domains.secrets }

  // MARK: Jobs

  /// Applies jobs with what they need: an agent `tester`, an environment `bench`, a source `desk`.
  @discardableResult
  package func apply(
    _ definitions: JobDefinition..., sources: [JSON] = [], prune: Bool = false
  ) async throws -> ApplyReport {
    let bundle = Bundle(
      agents: [["name": "tester", "model": "claude-opus-4-8"]],
      environments: [["name": "bench", "config": ["type": "cloud"]]],
      sources: [["name": "desk", "kind": "generic", "secret": "${env:DESK_SECRET}"]] + sources,
      jobs: definitions.map(\.entry))
    return try await jobs.apply(bundle, prune: prune)
  }

  package func job(_ name: String = "job") async throws -> Job {
    try await database.read { [jobs] tx in try jobs.job(tx, named: name) }
  }

  // MARK: Runs

  @discardableResult
  package func start(
    _ name: String = "job", _ cause: Occurrence.Cause = .request(key: nil), trigger: String = "manual",
    _ context: JSON.Object = [:]
  ) async throws -> Runs.Start {
    let occurrence = Occurrence(cause: cause, trigger: trigger, context: context)
    return try await database.write { [jobs, runs] tx in
      try runs.start(tx, jobs.job(tx, named: name), occurrence)
    }
  }

  /// Starts a job and returns its run.
  package func started(_ name: String = "job") async throws -> Run {
    guard let id = try await start(name).firing.run else { throw Missing("a run of \(name)") }
    return try await run(id)
  }

  package func run(_ id: String) async throws -> Run {
    try await database.read { [runs] tx in try runs.run(tx, id) }
  }

  package func cancel(_ id: String, _ reason: String = "Enough.") async throws -> Run {
    try await database.write { [runs] tx in try runs.cancel(tx, id, reason: reason) }
  }

  package func session(_ id: String) async throws -> Session {
    try await database.read { [sessions] tx in try sessions.session(tx, id) }
  }

  package func log(_ id: String) async throws -> [Event] {
    try await database.read { [sessions] tx in try sessions.log(tx, id) }
  }

  package func deliveries(_ run: String) async throws -> [Delivery] {
    try await database.read { [outbox] tx in try outbox.deliveries(tx, ofRun: run) }
  }

  package func send(_ session: String, _ inputs: NewEvent...) async throws {
    _ = try await database.write { [sessions] tx in try sessions.append(tx, to: session, inputs) }
  }

  // MARK: Rows

  package func count(_ sql: String) async throws -> Int {
    try await database.read { tx in try tx.row("SELECT COUNT(*) AS count FROM \(sql)")?["count"] ?? -1 }
  }

  package func item(_ kind: ItemKind, _ ref: String) async throws -> Item? {
    try await database.read { [queue] tx in try queue.item(tx, kind, ref) }
  }

  /// The plan of a query, one line for each step.
  package func plan(_ sql: String, _ values: Int) async throws -> [String] {
    try await database.read { tx in
      // The values make no difference to a plan.
      let rows =
        switch values {
        case 0: try tx.rows("EXPLAIN QUERY PLAN \(sql)")
        case 1: try tx.rows("EXPLAIN QUERY PLAN \(sql)", 1)
        case 2: try tx.rows("EXPLAIN QUERY PLAN \(sql)", 1, 1)
        case 3: try tx.rows("EXPLAIN QUERY PLAN \(sql)", 1, 1, 1)
        case 4: try tx.rows("EXPLAIN QUERY PLAN \(sql)", 1, 1, 1, 1)
        default: try tx.rows("EXPLAIN QUERY PLAN \(sql)", 1, 1, 1, 1, 1)
        }
      return try rows.map { try $0["detail"] }
    }
  }

  // MARK: Working

  /// Makes a change, and then decides about the waiting firings that it woke, in the order in which they wait, as a
  /// worker does at once.
  package func waking<Result>(_ change: () async throws -> Result) async throws -> Result {
    let before = try await wakes()
    do {
      let result = try await change()
      try await look(wokenSince: before)
      return result
    } catch {
      // The change may have happened all the same.
      try await look(wokenSince: before)
      throw error
    }
  }

  /// Has schedules take account of the runs that have ended, in the order in which they did.
  package func settleAccounts() async throws {
    while let run = try await database.read({ tx in
      try tx.row("SELECT ref FROM items WHERE kind = 'account' ORDER BY due, ref LIMIT 1").map {
        try $0["ref"] as String
      }
    }) {
      try await database.write { [queue, schedules] tx in
        try queue.remove(tx, .account, run)
        try schedules.account(tx, forEndOf: run)
      }
    }
  }

  private func look(wokenSince before: [(ref: String, wake: Int)]) async throws {
    try await settleAccounts()
    var seen = Dictionary(uniqueKeysWithValues: before)
    // One that has come with the change was pushed once.
    while let next = try await wakes().first(where: { $0.wake > seen[$0.ref, default: 1] }) {
      try await database.write { [queue, runs] tx in
        try queue.remove(tx, .start, next.ref)
        try runs.look(tx, next.ref)
      }
      // What waits on has been given an item anew.
      seen[next.ref] = try await item(.start, next.ref).map { Int($0.wake) }
    }
  }

  /// How often the items of waiting firings were pushed, in the order in which they wait.
  private func wakes() async throws -> [(ref: String, wake: Int)] {
    try await database.read { tx in
      try tx.rows(
        """
        SELECT ref, wake FROM items JOIN held ON firing_id = ref WHERE kind = 'start'
        ORDER BY held.job_id, held.line, held.position
        """
      ).map { (try $0["ref"], try $0["wake"]) }
    }
  }

  package func handlers(sessions count: Int = 16) -> [Handler] {
    [
      SessionWorker(sessions: sessions, driver: driver, workplaces: workplaces, log: Path.log)
        .handler(concurrency: count), runs.timerHandler(), runs.startHandler(), schedules.accountHandler(),
    ]
  }

  /// Runs a worker while `body` runs.
  package func working<Result>(
    _ handlers: [Handler]? = nil, _ body: () async throws -> Result
  ) async throws -> Result {
    var options = Worker.Options()
    options.logger = Path.log
    let worker = try Worker(queue: queue, handlers: handlers ?? self.handlers(), options: options)
    let work = Task { try await worker.run() }
    let result: Result
    do {
      result = try await body()
    } catch {
      work.cancel()
      _ = await work.result
      throw error
    }
    work.cancel()
    try await work.value
    return result
  }

  /// Works until nothing is due any more.
  package func work(_ handlers: [Handler]? = nil) async throws {
    let handlers = handlers ?? self.handlers()
    try await working(handlers) {
      let (database, now, kinds) = (self.database, clock.now, handlers.map(\.kind.rawValue))
      try await until {
        try await database.read { tx in
          try !kinds.contains { kind in
            try tx.row(
              "SELECT 1 FROM items WHERE kind = $1 AND (worker IS NOT NULL OR due <= $2)", kind, now) != nil
          }
        }
      }
    }
  }

  /// Waits until a condition holds; the test's time limit ends it.
  package func until(_ holds: () async throws -> Bool) async throws {
    // The pause leaves the processor to those who are waited for.
    while try await !holds() { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Lets time pass, and then as much more as it takes, a second at a time: a worker may be about to sleep when
  /// its time comes.
  package func advance(by duration: Duration, until holds: () async throws -> Bool) async throws {
    clock.advance(by: duration)
    while try await !holds() {
      clock.advance(by: .seconds(1))
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  package func close() async {
    await database.close()
  }
}

package struct Missing: Error, CustomStringConvertible {
  package let description: String
  package init(_ what: String) { description = "There is no \(what)." }
}

/// Runs a test on a path of its own, and closes its database whatever happens.
package func withPath(
  at start: String = "2026-11-12T09:00:00Z", rehearses: Bool = false,
  environment: [String: String] = ["DESK_SECRET": Path.secret], adding migrations: [Migration] = [],
  _ body: (Path) async throws -> Void
) async throws {
  let path = try await Path(
    at: start, rehearses: rehearses, environment: environment, adding: migrations)
  do {
    try await body(path)
  } catch {
    await path.close()
    throw error
  }
  await path.close()
}
