import Cron
import Primitives
package import Queue
package import Runs
package import Store

// What becomes of a schedule's firings and runs comes to its account.
extension Schedules {
  /// The handler for the accounts of runs that have ended.
  package func accountHandler() -> Handler {
    // One at a time: failures in a row count in the order in which the runs ended.
    Handler(kind: .account, concurrency: 1) { [self] claim in
      try await database.write { [self] tx in
        guard try runs.queue.finish(tx, claim) else { return }
        try account(tx, forEndOf: claim.ref)
      }
    }
  }

  /// Takes down how a run ended, and pauses its schedule after as many failures in a row as the schedule's text
  /// allows. What waited for the run's end comes after that. It counts every time, so the run's item must go in the
  /// same transaction.
  package func account(_ tx: Transaction, forEndOf run: String) throws {
    guard let finished = try runs.finished(tx, run) else { return }
    try account(tx, for: finished)
    try runs.wakeNext(tx, after: finished)
  }

  private func account(_ tx: Transaction, for finished: Finished) throws {
    guard finished.isCounted,
      let row = try tx.row(
        "SELECT * FROM schedules WHERE job_id = $1 AND trigger_id = $2", finished.job, finished.trigger)
    else { return }
    var schedule = try Schedule(row)
    if !finished.state.isFailure { return try forgetFailures(tx, of: schedule) }
    let failures = try countFailure(tx, of: schedule)
    guard let limit = schedule.pauseAfter, failures >= limit, schedule.pause == nil else { return }
    let count = failures == 1 ? "A run" : "\(failures) runs in a row"
    try pause(
      tx, &schedule, by: Schedules.ownName,
      reason: "\(count) failed, the last was \(finished.run): \(finished.reason)")
    try save(tx, &schedule)
    try callOff(tx, schedule)
  }
}

extension Schedules: LedgerFollower {
  package func decided(_ tx: Transaction, _ firing: Firing) throws {
    guard firing.kind == "schedule" else { return }
    let row = try tx.row(
      "SELECT * FROM schedules WHERE job_id = $1 AND trigger_id = $2", firing.job, firing.trigger)
    var counts = Schedule.Counts()
    // When its schedule is gone, the totals are of all that were.
    counts.count(
      firing.decision, late: try row.map { try lateness(of: firing, in: Schedule($0)) } ?? .zero)
    try add(tx, counts, ofJob: firing.job, trigger: firing.trigger)
    try addToTotals(tx, counts)
  }

  /// How long after its due time something fired, as far as that can be known.
  private func lateness(of firing: Firing, in schedule: Schedule) -> Duration {
    guard let nominal = firing.nominalAt, let timetable = try? Timetables.shared.timetable(of: schedule)
    else { return .zero }
    return firing.createdAt - nominal - .milliseconds(timetable.delay(of: nominal.seconds))
  }
}
