import Logging
import Primitives
import Queue
import Store

// Somebody watches the clock as long as the timer of any process on the database does: what came meanwhile was
// seen, though it may be decided late, and what came while there was none is missed.
extension Schedules {
  /// Fires what is due, until cancelled.
  /// - Throws: `QueueError.workerFile` when the mark of a running timer cannot be made.
  package func run() async throws {
    let id = ID.make("timer", at: time.now(), randomness)
    let life = try LifeLock(of: id, in: watchers)
    defer { life.release() }
    await begin(id)
    defer { watch(since: nil) }
    await putClockRight(all: true)
    do {
      try await fire()
    } catch {
      // This task is cancelled, and the row should go all the same; one that stays has no lock.
      await Task { [database] in
        _ = try? await database.write { tx in try tx.run("DELETE FROM schedule_watches WHERE id = $1", id) }
      }.value
      throw error
    }
  }

  /// Where timers that run have their locked files.
  private var watchers: String { database.directory + "/timers" }

  /// Begins the watch, and lets the timers of other processes know of it.
  private func begin(_ id: String) async {
    let now = time.now()
    watch(since: now)
    do {
      try await database.write { tx in
        try tx.run("INSERT INTO schedule_watches (id, since_at) VALUES ($1, $2)", id, now)
      }
    } catch {
      log.error("Other processes cannot see that schedules are watched here: \(error)")
    }
  }

  private func fire() async throws {
    var checked = time.now()
    while true {
      try Task.checkCancellation()
      var next: Timestamp?
      do {
        next = try await tick()
      } catch let error as StoreError {
        log.error("Schedules wait, because the store refused: \(error)")
        next = time.now() + Schedules.pause
      }
      let asleep = time.now()
      let sleep = max(.zero, min(next.map { $0 - asleep } ?? Schedules.heartbeat, Schedules.heartbeat))
      try await bell.wait(upTo: sleep, time)
      await noticeGap(asleep: asleep, sleep: sleep)
      let now = time.now()
      let isBack = now < asleep - Schedules.ahead
      if isBack || now < checked || now - checked >= Schedules.clockCheck {
        checked = now
        await putClockRight(all: isBack)
      }
    }
  }

  /// Time that passed unseen counts as a downtime. What kept this process from looking, a machine asleep or a
  /// clock that was set, kept the others from it too; whatever they saw all the same is decided.
  func noticeGap(asleep: Timestamp, sleep: Duration) async {
    let now = time.now()
    guard now - asleep > sleep + Schedules.gap else {
      // After a step back of the clock, what comes again is seen.
      watch.withLock { since in since = since.map { min($0, now) } }
      return
    }
    watch(since: now)
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
    let own: Timestamp? = watch.withLock { watch in
      guard let since = watch else { return nil }
      // After a step back of the clock, what comes is seen, though it lies before the start.
      watch = min(since, now)
      return min(since, now) - Schedules.slack
    }
    // Others have to be asked only about what this one did not see.
    if let own, own <= nominal { return own }
    let theirs = try others(tx).map { min($0, now) - Schedules.slack }
    return [own, theirs].compactMap(\.self).min() ?? now
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

  /// Has the timer's watch begin at a moment; nil ends it.
  func watch(since: Timestamp?) {
    watch.withLock { $0 = since }
  }

  /// When the timer of this process began to watch without a gap; nil while it does not run.
  var awake: Timestamp? { watch.withLock { $0 } }
}
