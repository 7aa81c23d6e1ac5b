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
  /// backfill again starts nothing: a time is made up for once. Pauses make no difference, excluded times stay
  /// excluded.
  /// - Throws: `SchedulesError` when the stretch names nothing, too much, or the future; `RunsError`.
  /// - Parameter overlap: how the runs meet each other and those that are there, instead of the job's own rule:
  ///   `buffer_all` makes up one after another, `allow_all` side by side.
  package func backfill(
    _ id: String, from: Timestamp, to: Timestamp, overlap: Overlap?
  ) async throws -> [Backfilled] {
    let now = time.now()
    if to < from { throw SchedulesError.backwards(from: from, to: to) }
    if to > now { throw SchedulesError.inTheFuture(to: to) }
    let schedule = try await database.read { [self] tx in try self.schedule(tx, id) }
    let timetable = try Timetables.shared.timetable(of: schedule)
    // A fraction of a second belongs to the next whole one.
    let first = Timestamp(microseconds: from.microseconds - 1).seconds
    var nominals: [Int64] = []
    for nominal in timetable.upcoming(after: first, count: Schedules.backfillLimit + 1) {
      guard nominal <= to.seconds else { break }
      nominals.append(nominal)
    }
    if nominals.isEmpty { throw SchedulesError.noTime(id: id, from: from, to: to) }
    if nominals.count > Schedules.backfillLimit {
      throw SchedulesError.tooManyTimes(
        id: id, limit: Schedules.backfillLimit,
        last: Timestamp(seconds: nominals[Schedules.backfillLimit - 1]))
    }
    var done: [Backfilled] = []
    for start in stride(from: 0, to: nominals.count, by: Schedules.backfillBatch) {
      let batch = Array(nominals[start..<min(start + Schedules.backfillBatch, nominals.count)])
      done += try await database.write { [self] tx in
        try batch.map { try makeUp(tx, schedule, Timestamp(seconds: $0), overlap) }
      }
    }
    return done
  }

  private func makeUp(
    _ tx: Transaction, _ schedule: Schedule, _ nominal: Timestamp, _ overlap: Overlap?
  ) throws -> Backfilled {
    let scheduled = try runs.firing(tx, job: schedule.job, trigger: schedule.trigger, nominal: nominal)
    if let scheduled, [nil, .started, .joined].contains(scheduled.decision) {
      return Backfilled(nominal: nominal, firing: scheduled, isRepeat: true)
    }
    let occurrence = Occurrence(
      cause: .time(nominal), trigger: schedule.trigger, overlap: overlap, isBackfill: true)
    let start = try runs.start(tx, jobs.job(tx, id: schedule.job), occurrence)
    return Backfilled(nominal: nominal, firing: start.firing, isRepeat: start.isRepeat)
  }
}
