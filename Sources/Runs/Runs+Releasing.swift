import JSON
package import Jobs
import Primitives
package import Queue
import Sessions
package import Store

// The end of waiting: a run ends, a window closes, a firing is too old, or somebody calls it off.
extension Runs {
  /// So many firings are decided in one transaction when one after the other cannot start.
  private static let batch = 50

  /// Starts what is first in a line, when the line is free.
  func release(_ tx: Transaction, _ job: String, _ line: String) throws {
    guard var held = try first(tx, job, line) else { return }
    try lock(tx, job, line)
    for _ in 0..<Runs.batch {
      guard try open(tx, job, line, limit: 1).isEmpty else { return }
      if let readyAt = held.readyAt, readyAt > time.now() { return }
      if try launch(tx, held) { return try collect(tx, job, line) }
      guard let next = try first(tx, job, line) else { return }
      held = next
    }
    // The rest in transactions of their own.
    try queue.push(tx, .start, held.firing, due: time.now())
  }

  /// - Returns: false when there is no run: the firing has another decision.
  private func launch(_ tx: Transaction, _ held: Held) throws -> Bool {
    guard let fire = try fire(tx, held) else { return false }
    if let expiresAt = held.expiresAt, expiresAt <= time.now() {
      try decide(tx, held.firing, .missed, reason: stale(fire, expiresAt))
      return false
    }
    let waited = Duration.seconds((time.now() - fire.firing.createdAt).components.seconds)
    return try launch(tx, fire, line: held.line, after: waited).run != nil
  }

  /// Gives a run that has just started what was collected for it.
  private func collect(_ tx: Transaction, _ job: String, _ line: String) throws {
    for row in try tx.rows("SELECT * FROM held WHERE job_id = $1 AND line = $2 ORDER BY position", job, line)
    {
      let held = try Held(row)
      guard held.rule.joins else { continue }
      guard let fire = try fire(tx, held), let open = try open(tx, job, line, limit: 1).first else {
        continue
      }
      if try join(tx, fire, to: open.run, interrupting: false) == nil {
        try decide(tx, held.firing, .skipped, reason: "Run \(open.run) takes no messages any more.")
      }
    }
  }

  /// Has what is first in a line looked at soon, in a transaction of its own: the line has become free, or this
  /// transaction may be about to start what comes next.
  func wakeFirst(_ tx: Transaction, _ job: String, _ line: String) throws {
    guard let next = try first(tx, job, line) else { return }
    try queue.push(tx, .start, next.firing, due: time.now())
  }

  /// How a run has ended; nil when it has not, and when there is no such run.
  package func finished(_ tx: Transaction, _ id: String) throws -> Finished? {
    guard let run = try find(tx, id), run.state.isTerminal else { return nil }
    return Finished(run)
  }

  /// Has what waited for a run's end looked at soon.
  package func wakeNext(_ tx: Transaction, after finished: Finished) throws {
    if let line = finished.line { try wakeFirst(tx, finished.job, line) }
  }

  private func first(_ tx: Transaction, _ job: String, _ line: String) throws -> Held? {
    try tx.row("SELECT * FROM held WHERE job_id = $1 AND line = $2 ORDER BY position LIMIT 1", job, line)
      .map(Held.init)
  }

  /// What waits, with its job as it stands now. Nil when there is no such job any more; it is decided then.
  private func fire(_ tx: Transaction, _ held: Held) throws -> Fire? {
    guard let firing = try find(tx, firing: held.firing) else { return nil }
    let job: Job
    do {
      job = try jobs.job(tx, id: held.job)
    } catch let error as JobsError {
      try decide(tx, held.firing, .failedToStart, reason: error.description)
      return nil
    }
    if job.archivedAt != nil {
      try decide(tx, held.firing, .skipped, reason: Runs.archived(job))
      return nil
    }
    let cause: Occurrence.Cause =
      if let receipt = firing.receipt {
        .receipt(receipt)
      } else if let nominal = firing.nominalAt {
        .time(nominal)
      } else {
        .request(key: nil)
      }
    let occurrence = Occurrence(
      cause: cause, trigger: held.trigger, context: held.context, actor: firing.actor, key: firing.key,
      isBackfill: firing.kind == "backfill")
    return Fire(job: job, occurrence: occurrence, firing: firing, staleAt: held.expiresAt)
  }

  // MARK: The items

  /// The handler for firings that wait.
  package func startHandler() -> Handler {
    Handler(kind: .start, concurrency: 2) { [self] claim in
      try await sessions.database.write { [self] tx in
        // Given back first: what is decided takes its item with it, and the claim would be stale.
        try queue.finish(tx, claim)
        try look(tx, claim.ref)
      }
    }
  }

  /// Decides about a waiting firing what can be decided now, and says when to look again.
  package func look(_ tx: Transaction, _ id: String) throws {
    guard let held = try held(tx, id) else { return }
    let now = time.now()
    if let expiresAt = held.expiresAt, expiresAt <= now, let fire = try fire(tx, held) {
      try decide(tx, id, .missed, reason: stale(fire, expiresAt))
    }
    try release(tx, held.job, held.line)
    guard let held = try self.held(tx, id) else { return }
    try queue.push(
      tx, .start, id, due: Held.due(readyAt: held.readyAt, expiresAt: held.expiresAt, now: now))
  }

  func held(_ tx: Transaction, _ id: String) throws -> Held? {
    try tx.row("SELECT * FROM held WHERE firing_id = $1", id).map(Held.init)
  }

  // MARK: Calling off

  /// Calls a firing off that waits.
  /// - Throws: `RunsError.notFound`, `RunsError.decided`.
  package func callOff(_ tx: Transaction, _ id: String, reason: String) throws -> Firing {
    guard let firing = try find(tx, firing: id) else { throw RunsError.notFound(id: id) }
    guard let held = try held(tx, id) else {
      throw RunsError.decided(id: id, decision: firing.decision?.rawValue ?? "")
    }
    let decided = try decide(tx, id, .skipped, reason: reason)
    // Others may have waited for this one alone, such as what was collected with it.
    try release(tx, held.job, held.line)
    return decided
  }

  /// Calls off what waits of one trigger. What waits behind it is looked at soon, in a transaction of its own:
  /// this one may be about to start what comes next.
  /// - Parameter kind: `schedule` or `backfill`.
  package func callOff(
    _ tx: Transaction, job: String, trigger: String, kind: String, _ decision: Firing.Decision, reason: String
  ) throws {
    let rows = try tx.rows(
      """
      SELECT held.* FROM held JOIN firings ON firings.id = held.firing_id
      WHERE held.job_id = $1 AND held.trigger_id = $2 AND firings.trigger_kind = $3
      ORDER BY held.line, held.position
      """, job, trigger, kind)
    let waiting = try rows.map(Held.init)
    for held in waiting { try decide(tx, held.firing, decision, reason: reason) }
    for line in Set(waiting.map(\.line)) { try wakeFirst(tx, job, line) }
  }

  /// Lets one trigger of a job take the place of another: what waits goes on as the new one's, and counts on
  /// from where the old one was.
  package func succeed(_ tx: Transaction, job: String, _ old: String, by new: String) throws {
    try tx.run("DELETE FROM tallies WHERE job_id = $1 AND trigger_id = $2", job, new)
    for table in ["tallies", "held"] {
      try tx.run(
        "UPDATE \(table) SET trigger_id = $3 WHERE job_id = $1 AND trigger_id = $2", job, old, new)
    }
  }

  /// What waits for an archived job waits for nothing.
  private func callOff(_ tx: Transaction, ofArchived job: Job) throws {
    for row in try tx.rows("SELECT firing_id FROM held WHERE job_id = $1", job.id) {
      try decide(tx, row["firing_id"], .skipped, reason: Runs.archived(job))
    }
  }

  private static func archived(_ job: Job) -> String { "Job \(job.name) was archived while it waited." }
}

extension Runs: JobFollower {
  package func changed(_ tx: Transaction, _ job: Job) throws {
    if job.archivedAt != nil { try callOff(tx, ofArchived: job) }
  }
}
