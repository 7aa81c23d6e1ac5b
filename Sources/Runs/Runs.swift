package import Catalog
import JSON
package import Jobs
package import Outbox
package import Primitives
package import Queue
package import Sessions
package import Store

extension ItemKind {
  /// A held firing: the ref is its id.
  package static let start = ItemKind(rawValue: "start")
  /// A run's clock: the ref is `<run>:timeout`, `<run>:deadline` or `<run>:expiry`.
  package static let timer = ItemKind(rawValue: "timer")
  /// What the end of a schedule's run means to the schedule: the ref is the run's id.
  package static let account = ItemKind(rawValue: "account")
}

/// Runs: started by firings, carried by sessions, ended exactly once.
///
/// `start` writes firing, run, session, first input and queue item in one transaction, the caller's own.
/// `began` and `settled` follow the session in the session's transactions. `end` stops a run from outside.
package final class Runs: Sendable {
  package static let runIDs = IDTable("run", in: "runs")
  package static let firingIDs = IDTable("drun", in: "firings")

  let jobs: Jobs
  let agents: Agents
  let environments: Environments
  package let sessions: Sessions
  let files: Files
  package let queue: Queue
  let outbox: Outbox
  let time: Time
  let randomness: Randomness
  let terms: TermsTable
  private let followers = Lock<[any RunFollower]>([])
  private let ledgerFollowers = Lock<[any LedgerFollower]>([])

  /// - Parameter rehearses: whether sessions play their jobs' rehearsals instead of asking models.
  package init(
    jobs: Jobs, agents: Agents, environments: Environments, sessions: Sessions, files: Files, outbox: Outbox,
    rehearses: Bool = false, time: Time = .system, randomness: Randomness = .system
  ) {
    self.jobs = jobs
    self.agents = agents
    self.environments = environments
    self.sessions = sessions
    self.files = files
    queue = sessions.queue
    self.outbox = outbox
    terms = TermsTable(rehearses: rehearses)
    self.time = time
    self.randomness = randomness
  }

  /// Has followers told of runs once what became of them is committed, in this order.
  package func inform(_ followers: any RunFollower...) {
    self.followers.withLock { $0 += followers }
  }

  func tell(_ tx: Transaction, _ finished: Finished) {
    let followers = followers.withLock { $0 }
    tx.afterCommit { for follower in followers { follower.finished(finished) } }
  }

  func tellFailure(_ tx: Transaction, _ firing: Firing) {
    guard firing.decision == .failedToStart else { return }
    let followers = followers.withLock { $0 }
    tx.afterCommit { for follower in followers { follower.failedToStart(firing) } }
  }

  /// Has those who keep rows in step with the ledger take part in its decisions, in this order.
  package func involve(_ followers: any LedgerFollower...) {
    ledgerFollowers.withLock { $0 += followers }
  }

  func tell(_ tx: Transaction, _ decided: Firing) throws {
    for follower in ledgerFollowers.withLock({ $0 }) { try follower.decided(tx, decided) }
  }

  /// What `start` came to.
  package struct Start: Sendable, Equatable {
    package var firing: Firing
    /// Whether the firing was there before: a repeated request or an occurrence already decided.
    package var isRepeat: Bool
    /// Whether it had to wait, be it only until what was in its way had ended: its decision, when it comes, is
    /// told to the followers (`LedgerFollower.decided`).
    package var hasWaited = false
  }

  /// Fires a job for an occurrence: writes the ledger row and decides what becomes of it. It may start a run with
  /// everything that the run needs to go on by itself, go into a run that is there, or wait: then it has no
  /// decision yet. All in the caller's transaction.
  ///
  /// The same occurrence always answers with the same firing.
  /// - Parameter isNew: whether it cannot have been decided before, because what it comes from was written in this
  ///   very transaction.
  /// - Throws: `RunsError.jobArchived`; a job that cannot start now is no error but a firing with the
  ///   decision `failed_to_start`.
  package func start(
    _ tx: Transaction, _ job: Job, _ occurrence: Occurrence, isNew: Bool = false
  ) throws -> Start {
    if job.archivedAt != nil { throw RunsError.jobArchived(name: job.name) }
    if !isNew, let known = try find(tx, job, occurrence) { return Start(firing: known, isRepeat: true) }
    let firing = try admit(tx, fire(job, occurrence))
    guard firing.decision == nil else { return Start(firing: firing, isRepeat: false) }
    return Start(firing: try self.firing(tx, firing.id), isRepeat: false, hasWaited: true)
  }

  /// Records an occurrence that starts nothing.
  @discardableResult
  package func record(
    _ tx: Transaction, _ job: Job, _ occurrence: Occurrence, _ decision: Firing.Decision, reason: String
  ) throws -> Firing {
    if let known = try find(tx, job, occurrence) { return known }
    return try decide(tx, fire(job, occurrence), decision, reason: reason)
  }
}

/// A firing with the job as it stands now and what came with it.
struct Fire {
  let job: Job
  let occurrence: Occurrence
  var firing: Firing
  /// Whether the firing has its row. A new one gets it with its decision, or with the reason why there is none.
  var isStored = true
  /// When one that waited becomes stale, by the job as it stood when it began to wait; nil never.
  var staleAt: Timestamp?

  /// From when on it becomes stale. What is made up for is late from the start, so it counts from the asking.
  var freshAt: Timestamp {
    occurrence.isBackfill ? firing.createdAt : firing.nominalAt ?? firing.createdAt
  }

  /// When it is too late to begin; nil never.
  var expiresAt: Timestamp? { isStored ? staleAt : job.expires.map { freshAt + $0 } }
}
