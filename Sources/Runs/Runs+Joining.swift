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
  func join(_ tx: Transaction, _ fire: Fire, to run: Run, interrupting: Bool) throws -> Firing? {
    let session = try sessions.session(tx, run.session)
    if run.state.isTerminal || run.ending != nil || session.closing != nil { return nil }
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
    try tx.run("UPDATE runs SET snapshot = $2 WHERE id = $1", run.id, snapshot.json)
    let isAtWork = session.turnOpen || !session.blocked.isEmpty || session.status == .rescheduling
    if interrupting && isAtWork { try sessions.append(tx, to: session.id, [NewEvent(.userInterrupt)]) }
    try sessions.append(tx, to: session.id, [Snapshot.message(text)])
    if !isAtWork { try renewOutcome(tx, run, session) }
    return try decide(
      tx, fire, .joined, reason: "It went into \(run.id), which has not ended, as a message.",
      run: run.id)
  }

  /// An interrupt ends the outcome that was worked on. When work goes on with a message that has come, its aim
  /// is the same.
  func renewOutcome(_ tx: Transaction, _ run: Run, _ session: Session) throws {
    guard let outcome = run.snapshot.terms.outcome, session.outcomes.last?.result == .interrupted,
      try sessions.unread(tx, session.id).contains(where: { $0.type == .userMessage })
    else { return }
    do {
      try sessions.append(tx, to: session.id, [NewEvent(.userDefineOutcome, outcome.objectValue ?? [:])])
    } catch SessionError.outcomeActive {
      // Somebody has given it a new one.
    }
  }
}
