import JSON
import Jobs
import Primitives
import Sessions
import Store

// A firing that goes into a run: its prompt becomes a message to the run's session.
extension Runs {
  /// So many firings go into one run at most, with so many bytes in all.
  static let joinLimit = 100
  static let joinSizeLimit = 4 << 20

  /// Tells a run's session about a firing.
  /// - Returns: nil when the session takes nothing any more; nothing has changed then.
  func join(_ tx: Transaction, _ fire: Fire, to run: String, interrupting: Bool) throws -> Firing? {
    try edit(tx, run) { edit in
      try sessions.edit(tx, edit.run.session) { session in
        try join(fire, to: edit, session, interrupting: interrupting)
      }
    }
  }

  private func join(_ fire: Fire, to edit: RunEdit, _ session: SessionEdit, interrupting: Bool) throws
    -> Firing?
  {
    let (tx, run) = (edit.tx, edit.run)
    if run.state.isTerminal || run.ending != nil || session.session.closing != nil { return nil }
    let text: String
    do {
      text = "More has come for this errand (firing \(fire.firing.id)).\n\n\(try message(tx, fire))"
    } catch let error where !(error is StoreError) {
      return try decide(tx, fire, .failedToStart, reason: String(describing: error))
    }
    var snapshot = run.snapshot
    snapshot.joined.append(text)
    let size = snapshot.joined.reduce(0) { $0 + $1.utf8.count }
    guard snapshot.joined.count <= Runs.joinLimit, size <= Runs.joinSizeLimit else {
      return try decide(
        tx, fire, .skipped,
        reason: "Run \(run.id) has taken in \(snapshot.joined.count - 1) others, and no more fits into it.")
    }
    // A later attempt begins with everything that joined an earlier one.
    edit.run.snapshot = snapshot
    let state = session.session
    let isAtWork = state.turnOpen || !state.blocked.isEmpty || state.status == .rescheduling
    if interrupting && isAtWork { try session.append([NewEvent(.userInterrupt)]) }
    try session.append([Snapshot.message(text)])
    if !isAtWork { try renewOutcome(run, session) }
    return try decide(
      tx, fire, .joined, reason: "It went into \(run.id), which has not ended, as a message.",
      run: run.id)
  }

  /// An interrupt ends the outcome that was worked on. When work goes on with a message that has come, its aim
  /// is the same.
  func renewOutcome(_ run: Run, _ session: SessionEdit) throws {
    guard let outcome = run.snapshot.terms.outcome, session.session.outcomes.last?.result == .interrupted,
      try session.unread().contains(where: { $0.type == .userMessage })
    else { return }
    do {
      try session.append([NewEvent(.userDefineOutcome, outcome.objectValue ?? [:])])
    } catch SessionError.outcomeActive {
      // Somebody has given it a new one.
    }
  }
}
