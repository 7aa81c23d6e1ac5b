import JSON
import Primitives
package import Queue
import Sessions
package import Store

// Ending a run from outside: by a person, by its timeout, by its deadline.
extension Runs {
  /// Ends a run as cancelled.
  /// - Throws: `RunsError.notFound`, `RunsError.ended`.
  package func cancel(_ tx: Transaction, _ id: String, reason: String) throws -> Run {
    try edit(tx, id) { edit in
      if edit.run.state.isTerminal { throw RunsError.ended(id: id, state: edit.run.state.rawValue) }
      try end(edit, as: .cancelled, reason: reason)
    }
    return try run(tx, id)
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
    guard parts.count == 2, try find(tx, parts[0]) != nil else { return }
    try edit(tx, parts[0]) { edit in
      let run = edit.run
      if run.state.isTerminal { return }
      switch parts[1] {
      case "timeout":
        guard run.state == .running, try isTimeUp(edit) else { return }
        try end(
          edit, as: .timedOut,
          reason: "Its running time of \(DurationText.text(run.snapshot.terms.timeout)) was used up."
            + (try complaint(tx, run)))
      case "expiry":
        // Begun, it may take as long as its limits allow.
        guard run.startedAt == nil else { return }
        try end(
          edit, as: .cancelled,
          reason: "It waited in the queue until it was stale, at \(time.now().inSentence), and was not begun."
        )
      default:
        try end(
          edit, as: .timedOut,
          reason:
            "Its deadline, \(DurationText.text(run.snapshot.terms.deadline)) after it fired, has passed."
            + (try complaint(tx, run)))
      }
    }
  }

  /// What kept a run from going on until now, in a sentence; empty when nothing did. What its model complained of counts
  /// until the model answers.
  private func complaint(_ tx: Transaction, _ run: Run) throws -> String {
    guard let error = try sessions.last(tx, run.session, .error),
      let said = error.body["error"]?["message"]?.stringValue
    else { return "" }
    let answer = try sessions.last(tx, run.session, .modelRequestEnd)?.position ?? 0
    if try sessions.session(tx, run.session).status != .rescheduling, answer > error.position ?? 0 {
      return ""
    }
    return " Until then it had not gone on: \(said.asSentence)"
  }

  /// The first cause wins. Whoever drives the session is interrupted and settles it; a session that nobody
  /// drives is settled here.
  func end(_ edit: RunEdit, as state: Run.State, reason: String) throws {
    if edit.run.ending != nil { return }
    edit.run.ending = state
    edit.run.endingReason = reason
    try stop(edit, because: reason) { _ in }
  }

  /// Ends a run here and now. Its session is stopped by whoever drives it, and has no say in the result.
  func terminate(_ edit: RunEdit, reason: String) throws {
    let state = edit.run.ending ?? .cancelled
    try stop(edit, because: reason) { session in
      try finish(edit, session, as: state, reason: edit.run.endingReason ?? reason)
    }
  }

  /// Closes the session's door and has it settled.
  /// - Parameter first: what is done before a session that nobody drives is settled.
  private func stop(_ edit: RunEdit, because reason: String, _ first: (SessionEdit) throws -> Void) throws {
    let tx = edit.tx
    let isDriven = try sessions.isDriven(tx, edit.run.session)
    try sessions.edit(tx, edit.run.session) { session in
      try session.closeDoor(because: reason, interrupting: isDriven)
      try first(session)
      if !isDriven { try session.settleUndriven(.interrupted) }
    }
  }
}
