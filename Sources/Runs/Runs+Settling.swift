import Catalog
import JSON
import Jobs
import Outbox
import Primitives
import Queue
package import Sessions
package import Store

// A run follows its session, inside the session's own transactions.
extension Runs: Settling {
  package func began(_ tx: Transaction, _ session: Session) throws {
    guard let run = try run(tx, ofSession: session.id), !run.state.isTerminal else { return }
    let now = time.now()
    try tx.run(
      """
      UPDATE runs SET state = 'running', reason = NULL, running_since = $2, started_at = COALESCE(started_at, $2)
      WHERE id = $1
      """, run.id, now)
    try beginStretch(tx, run.id, remaining: run.remaining, at: now)
    if run.snapshot.expiresAt != nil { try queue.remove(tx, .timer, "\(run.id):expiry") }
  }

  package func carries(_ tx: Transaction, _ session: String) throws -> Bool {
    try tx.row("SELECT 1 FROM runs WHERE session_id = $1", session) != nil
  }

  package func settled(_ tx: Transaction, _ session: Session, _ settlement: Settlement) throws {
    guard let run = try run(tx, ofSession: session.id), !run.state.isTerminal else { return }
    let remaining = try run.remaining - stretch(tx, run)
    try tx.run(
      "UPDATE runs SET running_since = NULL, remaining = $2 WHERE id = $1", run.id, remaining.microseconds)
    try queue.remove(tx, .timer, "\(run.id):timeout")
    let ending = run.ending.map { ($0, run.endingReason ?? "") }
    let verdict = Verdict(
      settlement, outcome: session.outcomes.last, trouble: try trouble(tx, session), ending: ending,
      attempt: run.attempt, attempts: run.snapshot.terms.attempts)
    switch verdict {
    case .wait(let reason), .pause(let reason):
      try tx.run("UPDATE runs SET state = 'waiting', reason = $2 WHERE id = $1", run.id, reason)
      if settlement == .interrupted { try renewOutcome(tx, run, session) }
    case .end(let state, let reason):
      try finish(tx, run, session, as: state, reason: reason)
    case .retry(let reason):
      try retry(tx, run, session, reason: reason)
    }
  }

  /// What the session last complained of, for a person.
  private func trouble(_ tx: Transaction, _ session: Session) throws -> String? {
    try sessions.last(tx, session.id, .error)?.body["error"]?["message"]?.stringValue
  }

  /// Writes the terminal state, closes the session, puts the result on its way and starts what waited for it.
  func finish(
    _ tx: Transaction, _ run: Run, _ session: Session, as state: Run.State, reason: String,
    releasing: Bool = true
  ) throws {
    let now = time.now()
    try closeAttempt(tx, run, session, reason: reason)
    try queue.remove(tx, .timer, "\(run.id):deadline")
    if run.runningSince != nil { try queue.remove(tx, .timer, "\(run.id):timeout") }
    if run.snapshot.expiresAt != nil { try queue.remove(tx, .timer, "\(run.id):expiry") }
    var ended = run
    ended.state = state
    ended.reason = reason
    ended.endedAt = now
    let result = try result(tx, ended, session)
    try tx.run(
      """
      UPDATE runs SET state = $2, reason = $3, result = $4, ended_at = $5, running_since = NULL WHERE id = $1
      """, run.id, state.rawValue, reason, result, now)
    for callback in run.snapshot.callbacks where callback.wants(state.rawValue) {
      try outbox.add(
        tx, run: run.id, kind: callback.kind, target: callback.settings,
        payload: [
          "type": .string("run.\(state.rawValue)"), "timestamp": .string(now.description), "data": result,
        ])
    }
    try tell(tx, remember(tx, run, state, reason: reason, at: now))
    if releasing, let line = run.line { try release(tx, run.job, line) }
  }

  private func retry(_ tx: Transaction, _ run: Run, _ session: Session, reason: String) throws {
    try closeAttempt(tx, run, session, reason: reason)
    let next = try self.session(tx, of: run.snapshot, job: run.job, name: run.jobName)
    try tx.run(
      "UPDATE runs SET state = 'queued', reason = $2, attempt = attempt + 1, session_id = $3 WHERE id = $1",
      run.id, "\(reason) Attempt \(run.attempt + 1) of \(run.snapshot.terms.attempts) follows.", next.id)
  }

  private func closeAttempt(_ tx: Transaction, _ run: Run, _ session: Session, reason: String) throws {
    try writeAttempt(tx, endOf: run, reason: reason)
    try sessions.closeDoor(tx, session.id, because: "its run has ended")
    try Workplaces.finish(tx, session.id)
  }

  /// What the callbacks tell about a run, and `show` prints.
  private func result(_ tx: Transaction, _ run: Run, _ session: Session) throws -> JSON {
    let answer = try sessions.last(tx, session.id, .agentMessage)
    let text = answer?.body["content"]?.arrayValue?.compactMap { $0["text"]?.stringValue }.joined(
      separator: "\n")
    return [
      "run_id": .string(run.id), "job": .string(run.jobName), "state": .string(run.state.rawValue),
      "reason": run.reason.map { .string($0) } ?? .null, "firing_id": .string(run.firing),
      "session_id": .string(session.id), "attempt": .integer(Int64(run.attempt)),
      "trigger": run.snapshot.trigger, "message": text.map { .string($0) } ?? .null,
      "outcome": try session.outcomes.last.map { outcome in
        outcome.told(
          evaluations: try sessions.evaluations(tx, session.id, of: outcome.id), ending: run.reason)
      } ?? .null,
      "files": .array(
        try files.list(tx, session: session.id).map { file in
          var object: JSON.Object = [
            "id": .string(file.id), "filename": .string(file.filename),
            "mime_type": .string(file.mimeType), "size_bytes": .integer(file.content.size),
          ]
          if let metadata = file.metadata { object["metadata"] = metadata }
          return .object(object)
        }),
      "usage": session.usage.json, "created_at": .string(run.createdAt.description),
      "started_at": run.startedAt.map { .string($0.description) } ?? .null,
      "ended_at": run.endedAt.map { .string($0.description) } ?? .null,
    ]
  }
}

extension Outcome {
  /// As a result tells it: how the last evaluation ended, and never a state on the way. Without any it is null, with
  /// the reason.
  /// - Parameters:
  ///   - evaluations: the ends of its evaluations.
  ///   - reason: why the run ended.
  func told(evaluations: [Event], ending reason: String?) -> JSON {
    let last = evaluations.last?.body
    let isDecided = result.isTerminal && (last != nil || result != .interrupted)
    let told = isDecided ? result.rawValue : last?["result"]?.stringValue
    let explanation = last?["explanation"]?.stringValue ?? (isDecided ? self.explanation : nil)
    let why = reason.map { "It was not evaluated. \($0)" } ?? "It was not evaluated."
    return [
      "result": told.map { .string($0) } ?? .null,
      "iterations": .integer(
        Int64(isDecided && evaluations.isEmpty ? iteration + 1 : evaluations.count)),
      "explanation": .string(told == nil ? why : explanation ?? ""),
    ]
  }
}
