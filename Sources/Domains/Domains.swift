package import Catalog
package import Hooks
import Integrations
package import Jobs
package import Outbox
import Outcomes
package import Queue
package import Runs
package import Schedules
package import Sessions
package import Store

/// The domains, put together in one place: from the database and its queue to the triggers that start runs. The
/// service and the tests build the same.
package struct Domains: Sendable {
  package let database: Database
  package let queue: Queue
  package let outbox: Outbox
  package let files: Files
  package let agents: Agents
  package let environments: Environments
  package let jobs: Jobs
  package let sessions: Sessions
  package let runs: Runs
  package let schedules: Schedules
  package let timer: ScheduleTimer
  package let hooks: Hooks
  package let secrets: Secrets

  /// Every domain's tables, in the order of the path.
  package static let migrations =
    queueMigrations + Files.migrations + Agents.migrations + Environments.migrations + Outbox.migrations
    + Sessions.migrations + Evaluations.migrations + Jobs.migrations + Runs.migrations + Schedules.migrations
    + Hooks.migrations

  /// Opens the database and builds everything on it; nothing works yet.
  /// - Throws: `StoreError`, `FilesError`.
  package init(_ settings: Settings) async throws {
    let (time, randomness, log) = (settings.time, settings.randomness, settings.log)
    secrets = settings.secrets
    database = try await Database.open(
      settings.database, migrations: Domains.migrations + settings.migrations, options: settings.options)
    queue = Queue(database: database, time: time)
    outbox = Outbox(queue: queue, time: time, randomness: randomness)

    // What is defined.
    files = try Files(directory: settings.files, time: time, randomness: randomness)
    agents = Agents(time: time, randomness: randomness)
    environments = Environments(time: time, randomness: randomness, managers: settings.packageManagers)
    jobs = Jobs(
      database: database, files: files, agents: agents, environments: environments, kinds: Integrations.kinds,
      surroundings: settings.surroundings, time: time, randomness: randomness)

    // What works: sessions for runs, and the triggers that start them.
    sessions = Sessions(database: database, queue: queue, time: time, randomness: randomness)
    runs = Runs(
      jobs: jobs, agents: agents, environments: environments, sessions: sessions, files: files,
      outbox: outbox, rehearses: settings.rehearses, time: time, randomness: randomness)
    schedules = Schedules(
      database: database, jobs: jobs, runs: runs, time: time, randomness: randomness, log: log)
    timer = ScheduleTimer(schedules)
    hooks = Hooks(
      kinds: Integrations.sources, database: database, jobs: jobs, runs: runs, secrets: secrets, time: time,
      randomness: randomness, log: log)

    // Who takes part in whose changes, in this order.
    files.keepContents { [jobs] tx, hashes in try jobs.needed(tx, of: hashes) }
    agents.onArchive { [jobs] tx, agent in try jobs.archive(tx, ofAgent: agent.id) }
    jobs.involve(runs, schedules)
    sessions.attach(runs)
    runs.involve(schedules)
    // Who is told of them afterwards.
    runs.inform(RunLog(log: log))
  }
}
