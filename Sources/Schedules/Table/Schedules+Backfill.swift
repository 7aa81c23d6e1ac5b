import Cron
package import Jobs
package import Primitives
package import Runs
import Store

extension Schedules {
  /// The most times that one backfill makes up for.
  package static let backfillLimit = 1000
  /// So many starts share a transaction.
  private static let backfillBatch = 50

  /// What became of one nominal time of a backfill.
  package struct Backfilled: Sendable, Equatable {
    package var nominal: Timestamp
    package var firing: Firing
    /// Whether it had run, or been made up for, before.
    package var isRepeat: Bool
  }

  /// Starts a run for each nominal time from one moment to another, both included, that has none yet. The same
  /// backfill again starts nothing: a time is made up for once, unless that came to nothing. Pauses make no difference, excluded times stay
  /// excluded, and times that the timer is about to decide about are left to it.
  /// - Throws: `SchedulesError` when the stretch names nothing, too much, or the future; `RunsError`.
  /// - Parameter overlap: how the runs meet each other and those that are there, instead of the job's own rule:
  ///   `buffer_all` makes up one after another, `allow_all` side by side.
  package func backfill(
    _ id: String, from: Timestamp, to: Timestamp, overlap: Overlap?, actor: Actor? = nil
  ) async throws -> [Backfilled] {
    let now = time.now()
    if to < from { throw SchedulesError.backwards(from: from, to: to) }
    if to > now { throw SchedulesError.inTheFuture(to: to) }
    let (schedule, name) = try await database.read { [self] tx in
      let schedule = try self.schedule(tx, id)
      return (schedule, try self.name(tx, schedule))
    }
    let timetable = try Timetables.shared.timetable(of: schedule)
    // A fraction of a second belongs to the next whole one.
    let first = Timestamp(microseconds: from.microseconds - 1).seconds
    var nominals: [Int64] = []
    for nominal in timetable.upcoming(after: first, count: Schedules.backfillLimit + 1) {
      guard nominal <= to.seconds else { break }
      nominals.append(nominal)
    }
    if nominals.isEmpty { throw SchedulesError.noTime(name: name, from: from, to: to) }
    if nominals.count > Schedules.backfillLimit {
      throw SchedulesError.tooManyTimes(
        name: name, limit: Schedules.backfillLimit,
        last: Timestamp(seconds: nominals[Schedules.backfillLimit - 1]))
    }
    var done: [Backfilled] = []
    for start in stride(from: 0, to: nominals.count, by: Schedules.backfillBatch) {
      let batch = Array(nominals[start..<min(start + Schedules.backfillBatch, nominals.count)])
      done += try await database.write { [self] tx in
        // As it stands now: the timer may have decided about more of the times, or an edit have changed them.
        let schedule = try self.schedule(tx, id)
        let triggers = try triggers(tx, schedule)
        return try batch.filter { schedule.state != .active || $0 <= schedule.cursor.seconds }
          .map { nominal in
            let occurrence = Occurrence(
              cause: .time(Timestamp(seconds: nominal)), trigger: schedule.trigger, actor: actor,
              overlap: overlap, isBackfill: true)
            return try makeUp(tx, schedule, occurrence, Timestamp(seconds: nominal), triggers)
          }
      }
    }
    // What is about to be decided would run twice.
    if done.isEmpty { throw SchedulesError.undecided(name: name, from: Timestamp(seconds: nominals[0])) }
    return done
  }

  /// - Parameter triggers: the ids under which the time may be in the ledger.
  private func makeUp(
    _ tx: Transaction, _ schedule: Schedule, _ occurrence: Occurrence, _ nominal: Timestamp,
    _ triggers: [String]
  ) throws -> Backfilled {
    for trigger in triggers {
      let scheduled = try runs.firing(tx, job: schedule.job, trigger: trigger, nominal: nominal)
      if let scheduled, !scheduled.cameToNothing {
        return Backfilled(nominal: nominal, firing: scheduled, isRepeat: true)
      }
    }
    if let known = try runs.backfill(tx, job: schedule.job, triggers: triggers, nominal: nominal),
      !known.cameToNothing
    {
      return Backfilled(nominal: nominal, firing: known, isRepeat: true)
    }
    let start = try runs.start(tx, jobs.job(tx, id: schedule.job), occurrence)
    return Backfilled(nominal: nominal, firing: start.firing, isRepeat: start.isRepeat)
  }
}
