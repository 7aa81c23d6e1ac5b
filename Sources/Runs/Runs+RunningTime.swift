package import Logging
import Primitives
import Queue
import Sessions
import Store

// How long runs have been running. It is measured by a clock that nobody sets: a step of the wall clock uses up nobody's
// time and gives nobody more. The timers, like all items, are due by the wall clock, so they only make somebody look.
extension Runs {
  /// How often the clocks are compared.
  static let comparison = Duration.seconds(5)
  /// A difference of the clocks that is no step: they are read one after the other, and time servers slew.
  static let tolerance = Duration.seconds(1)

  /// Notes when a stretch of running begins, by both clocks, and sets its timer. That of an earlier stretch must not
  /// stay, or its earlier time would count.
  func beginStretch(_ edit: RunEdit, remaining: Duration, at now: Timestamp) throws {
    edit.run.runningSince = now
    edit.run.elapsedSince = time.elapsed()
    edit.run.boot = time.boot
    edit.run.remaining = remaining
    let timer = "\(edit.run.id):timeout"
    try queue.remove(edit.tx, .timer, timer)
    try queue.push(edit.tx, .timer, timer, due: now + max(.zero, remaining))
  }

  /// How long the present stretch has lasted.
  ///
  /// When the machine was started again meanwhile, or the run came from another one, the clock of then says nothing.
  /// Then only the time counts in which the session is known to have done something; the run's deadline ends one
  /// that does nothing for ever.
  func stretch(_ tx: Transaction, _ run: Run) throws -> Duration {
    guard let since = run.runningSince else { return .zero }
    if let began = run.elapsedSince, run.boot == time.boot { return max(.zero, time.elapsed() - began) }
    let seen = try sessions.session(tx, run.session).updatedAt
    return max(.zero, min(seen - since, run.remaining))
  }

  /// What is to be done when a run's timer is due: by the wall clock it may be too early.
  /// - Returns: whether its time is used up.
  func isTimeUp(_ edit: RunEdit) throws -> Bool {
    let run = edit.run
    let remaining = try run.remaining - stretch(edit.tx, run)
    // The timer counts in whole microseconds, the clocks in less.
    if remaining <= .milliseconds(1), run.boot == time.boot || run.boot == nil { return true }
    try beginStretch(edit, remaining: remaining, at: time.now())
    return false
  }

  /// Sets the timers of running runs anew whenever the wall clock was set, until cancelled: after a step back they
  /// would be late by as much.
  package func followClock(_ log: Logger) async throws {
    var (wall, elapsed) = (time.now(), time.elapsed())
    while !Task.isCancelled {
      try await time.sleep(Runs.comparison)
      let step = (time.now() - wall) - (time.elapsed() - elapsed)
      (wall, elapsed) = (time.now(), time.elapsed())
      guard step > Runs.tolerance || step < .zero - Runs.tolerance else { continue }
      do {
        let runs = try await sessions.database.write { [self] tx in try renewTimers(tx) }
        let way = step > .zero ? "forward" : "back"
        let size = DurationText.text(.seconds(abs(step.inSeconds).rounded()))
        log.warning(
          "The clock was set \(way) by \(size). The running time of \(runs) runs is counted without it.")
      } catch let error where !(error is CancellationError) {
        log.error("The timers of runs were not set anew after a step of the clock: \(error)")
      }
    }
  }

  /// - Returns: how many there are.
  func renewTimers(_ tx: Transaction) throws -> Int {
    let running: [String] = try tx.rows("SELECT id FROM runs WHERE state = 'running'").map { try $0["id"] }
    for id in running {
      try edit(tx, id) { edit in
        if edit.run.runningSince == nil { return }
        try beginStretch(
          edit, remaining: edit.run.remaining - stretch(tx, edit.run), at: time.now())
      }
    }
    return running.count
  }
}
