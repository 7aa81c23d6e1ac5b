import Logging
import Primitives
import Runs
import Store

/// Fires what is due, at the time when it is.
///
/// It decides nothing itself, and holds nothing of a schedule before that is due: it asks the database for what is, by
/// an index, and has the schedules decide.
package final class ScheduleTimer: Sendable {
  /// The longest sleep. A wall clock that was set, and a schedule that another process made, show themselves
  /// within this time.
  static let heartbeat = Duration.seconds(1)
  /// The wait after the store has failed.
  static let pause = Duration.seconds(1)
  /// How many schedules are decided in one transaction. Other writers wait so long.
  static let batch = 500
  /// How long a schedule that cannot be decided is left alone.
  static let patience = Duration.seconds(60)
  /// How often is looked whether the clock was put back, besides when the timer notices it.
  static let clockCheck = Duration.seconds(60)

  let schedules: Schedules
  private var database: Database { schedules.database }
  private var time: Time { schedules.time }
  private var log: Logger { schedules.log }
  /// Schedules that could not be decided, by id, and when they are tried again.
  private let stuck = Lock<[String: Timestamp]>([:])

  package init(_ schedules: Schedules) {
    self.schedules = schedules
  }

  /// Fires what is due, until cancelled.
  /// - Throws: `QueueError.workerFile` when the mark of a running timer cannot be made.
  package func run() async throws {
    try await schedules.watch.keep(as: ID.make("timer", at: time.now(), schedules.randomness)) {
      await putClockRight(all: true)
      try await fire()
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
        next = time.now() + ScheduleTimer.pause
      }
      let asleep = time.now()
      let sleep = max(
        .zero, min(next.map { $0 - asleep } ?? ScheduleTimer.heartbeat, ScheduleTimer.heartbeat))
      try await schedules.bell.wait(upTo: sleep, time)
      await schedules.watch.noticeGap(asleep: asleep, sleep: sleep)
      let now = time.now()
      let isBack = now < asleep - Schedules.ahead
      if isBack || now < checked || now - checked >= ScheduleTimer.clockCheck {
        checked = now
        await putClockRight(all: isBack)
      }
    }
  }

  /// Decides everything that is due, batch by batch.
  /// - Returns: when the next schedule is due.
  func tick() async throws -> Timestamp? {
    while true {
      let now = time.now()
      let stuck = stuck.withLock { stuck in
        stuck = stuck.filter { $0.value > now }
        return stuck
      }
      let window = Schedules.Window(now: now, limit: ScheduleTimer.batch + stuck.count)
      let due = try await database.read { [schedules] tx in try schedules.due(tx, window) }
      let plans = due.filter { stuck[$0.id] == nil }.compactMap(plan)
      if plans.isEmpty {
        if due.count == window.limit { continue }
        let next = try await database.read { [schedules] tx in try schedules.nextDue(tx, after: now) }
        return ([next] + stuck.values.map { $0 }).compactMap(\.self).min()
      }
      await carryOut(plans, window)
    }
  }

  /// Nil, with a line in the log, when the schedule's times cannot be computed: its zone has gone from the
  /// system, for instance. It holds up no other.
  private func plan(_ schedule: Schedule) -> Schedules.Plan? {
    do {
      return Schedules.Plan(schedule: schedule, timetable: try Timetables.shared.timetable(of: schedule))
    } catch {
      stick(schedule, error)
      return nil
    }
  }

  private func stick(_ schedule: Schedule, _ error: any Error) {
    let again = time.now() + (error is StoreError ? ScheduleTimer.pause : ScheduleTimer.patience)
    stuck.withLock { $0[schedule.id] = again }
    log.error("The schedule \(schedule.trigger) of \(schedule.jobName) did not fire: \(error)")
  }

  /// All in one transaction; when that fails, each in its own, so that one cannot keep the others from firing.
  private func carryOut(_ plans: [Schedules.Plan], _ window: Schedules.Window) async {
    do {
      try await database.write { [schedules] tx in try schedules.decide(tx, plans, window) }
      return
    } catch  where plans.count > 1 {
      log.warning("Schedules are decided one by one, because deciding them together failed: \(error)")
    } catch {
      stick(plans[0].schedule, error)
      return
    }
    for plan in plans { await carryOut([plan], window) }
  }

  // MARK: The clock

  /// Plans anew what was decided by a clock that was ahead, and says so in the log.
  /// - Parameter all: also what waits in the queue; else the schedules only.
  func putClockRight(all: Bool) async {
    do {
      let (jobs, others, latest) = try await database.write { [schedules] tx in
        let found = try schedules.replan(tx)
        let others = all ? try schedules.runs.putClockRight(tx) : 0
        return (found.map(\.jobName), others, found.map(\.cursor).max())
      }
      if let latest {
        let now = time.now()
        let names = Set(jobs).sorted()
        let whose = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and others" : "")
        log.warning(
          "The clock was put back: \(jobs.count == 1 ? "a schedule was" : "\(jobs.count) schedules were") decided up to \(latest.inSentence), \(DurationText.text(.seconds((latest - now).components.seconds))) from now (\(whose)). They go on from now; what has run already does not run again."
        )
      }
      if others > 0 {
        log.warning(
          "The clock was put back: \(others == 1 ? "one thing" : "\(others) things") that waited by the wrong clock (sessions, deliveries, held starts, limits of runs) got the right time."
        )
      }
    } catch {
      log.error("What was planned by a clock that was ahead could not be planned anew: \(error)")
    }
  }
}
