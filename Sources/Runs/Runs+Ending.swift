import Primitives
package import Queue
import Sessions
package import Store

// Ending a run from outside: by a person, by its timeout, by its deadline.
extension Runs {
  /// Ends a run as cancelled.
  /// - Throws: `RunsError.notFound`, `RunsError.ended`.
  package func cancel(_ tx: Transaction, _ id: String, reason: String) throws -> Run {
    let run = try run(tx, id)
    if run.state.isTerminal { throw RunsError.ended(id: id, state: run.state.rawValue) }
    try end(tx, run, as: .cancelled, reason: reason)
    return try self.run(tx, id)
  }

  /// The handler for the runs' clocks.
  package func timerHandler() -> Handler {
    Handler(kind: .timer, concurrency: 4) { [self] claim in
      try await sessions.database.write { [self] tx in
        // Given back first: a run that ends takes its timers with it, and the claim would be stale.
        try queue.finish(tx, claim)
        try ring(tx, claim.ref)
      }
    }
  }

  func ring(_ tx: Transaction, _ ref: String) throws {
    let parts = ref.split(separator: ":").map(String.init)
    guard parts.count == 2, let run = try find(tx, parts[0]), !run.state.isTerminal else { return }
    switch parts[1] {
    case "timeout":
      guard run.state == .running, try isTimeUp(tx, run) else { return }
      try end(
        tx, run, as: .timedOut,
        reason: "Its running time of \(DurationText.text(run.snapshot.terms.timeout)) was used up.")
    case "expiry":
      // Begun, it may take as long as its limits allow.
      guard run.startedAt == nil else { return }
      try end(
        tx, run, as: .cancelled,
        reason: "It waited in the queue until it was stale, at \(time.now().inSentence), and was not begun.")
    default:
      try end(
        tx, run, as: .timedOut,
        reason: "Its deadline, \(DurationText.text(run.snapshot.terms.deadline)) after it fired, has passed.")
    }
  }

  /// The first cause wins. Whoever drives the session is interrupted and settles it; a session that nobody
  /// drives is settled here.
  func end(_ tx: Transaction, _ run: Run, as state: Run.State, reason: String) throws {
    if run.ending != nil { return }
    try tx.run(
      "UPDATE runs SET ending = $2, ending_reason = $3 WHERE id = $1", run.id, state.rawValue, reason)
    let isDriven = try sessions.isDriven(tx, run.session)
    try sessions.closeDoor(tx, run.session, because: reason, interrupting: isDriven)
    if !isDriven { try sessions.settleUndriven(tx, run.session, .interrupted) }
  }

  /// Ends a run here and now. Its session is stopped by whoever drives it, and has no say in the result.
  func terminate(_ tx: Transaction, _ run: Run, reason: String) throws {
    let state = run.ending ?? .cancelled
    let isDriven = try sessions.isDriven(tx, run.session)
    try sessions.closeDoor(tx, run.session, because: reason, interrupting: isDriven)
    try finish(
      tx, run, sessions.session(tx, run.session), as: state, reason: run.endingReason ?? reason,
      releasing: false)
    if !isDriven { try sessions.settleUndriven(tx, run.session, .interrupted) }
  }
}
