import Logging
import Primitives
import Queue
import Store

/// Since when somebody watches the clock: the timer of this process, or that of another on the same database.
///
/// What came meanwhile was seen, though it may be decided late, and what came while there was none is missed.
final class ScheduleWatch: Sendable {
  /// A sleep that took this much longer than asked means that the machine, or the clock, jumped over time
  /// that nobody saw.
  static let gap = Duration.seconds(10)
  /// What came so shortly before the timer began counts as seen: a restart is no downtime.
  static let slack = Duration.seconds(1)

  private let database: Database
  private let time: Time
  private let log: Logger
  /// From when on the timer of this process was there without a gap; nil while it does not run.
  private let own = Lock<Timestamp?>(nil)

  init(_ database: Database, time: Time, log: Logger) {
    self.database = database
    self.time = time
    self.log = log
  }

  /// Where timers that run have their locked files.
  private var watchers: String { database.directory + "/timers" }

  /// Watches while `body` works, and lets the timers of other processes know of it.
  /// - Throws: `QueueError.workerFile` when the mark of a running timer cannot be made; what `body` throws.
  func keep(as id: String, _ body: () async throws -> Void) async throws {
    let life = try LifeLock(of: id, in: watchers)
    defer { life.release() }
    await begin(id)
    defer { set(since: nil) }
    do {
      try await body()
    } catch {
      // This task is cancelled, and the row should go all the same; one that stays has no lock.
      await Task { [database] in
        _ = try? await database.write { tx in try tx.run("DELETE FROM schedule_watches WHERE id = $1", id) }
      }.value
      throw error
    }
  }

  private func begin(_ id: String) async {
    let now = time.now()
    set(since: now)
    do {
      try await database.write { tx in
        try tx.run("INSERT INTO schedule_watches (id, since_at) VALUES ($1, $2)", id, now)
      }
    } catch {
      log.error("Other processes cannot see that schedules are watched here: \(error)")
    }
  }

  /// Time that passed unseen counts as a downtime. What kept this process from looking, a machine asleep or a
  /// clock that was set, kept the others from it too; whatever they saw all the same is decided.
  func noticeGap(asleep: Timestamp, sleep: Duration) async {
    let now = time.now()
    guard now - asleep > sleep + ScheduleWatch.gap else {
      // After a step back of the clock, what comes again is seen.
      own.withLock { since in since = since.map { min($0, now) } }
      return
    }
    set(since: now)
    do {
      try await database.write { tx in
        try tx.run("UPDATE schedule_watches SET since_at = $1 WHERE since_at < $1", now)
      }
    } catch {
      log.error("Other processes cannot be told that nobody watched schedules until \(now): \(error)")
    }
  }

  /// From when on somebody was there to see a time come. A process without a timer, or whose timer has not begun,
  /// has seen nothing itself.
  func since(_ tx: Transaction, _ now: Timestamp, for nominal: Timestamp) throws -> Timestamp {
    let mine: Timestamp? = own.withLock { own in
      guard let since = own else { return nil }
      // After a step back of the clock, what comes is seen, though it lies before the start.
      own = min(since, now)
      return min(since, now) - ScheduleWatch.slack
    }
    // Others have to be asked only about what this one did not see.
    if let mine, mine <= nominal { return mine }
    let theirs = try others(tx).map { min($0, now) - ScheduleWatch.slack }
    return [mine, theirs].compactMap(\.self).min() ?? now
  }

  /// Since when the timer that has watched longest does; nil when none runs.
  private func others(_ tx: Transaction) throws -> Timestamp? {
    for row in try tx.rows("SELECT id, since_at FROM schedule_watches ORDER BY since_at") {
      let id: String = try row["id"]
      if LifeLock.isHeld(of: id, in: watchers) { return try row["since_at"] }
      // Its process has ended without a word.
      try tx.run("DELETE FROM schedule_watches WHERE id = $1", id)
      LifeLock.removeFile(of: id, in: watchers)
    }
    return nil
  }

  /// Has the watch begin at a moment; nil ends it.
  func set(since: Timestamp?) {
    own.withLock { $0 = since }
  }

  /// When the timer of this process began to watch without a gap; nil while it does not run.
  var awake: Timestamp? { own.withLock { $0 } }
}
