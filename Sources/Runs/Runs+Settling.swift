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
  package func began(_ session: SessionEdit) throws {
    let tx = session.tx
    try edit(tx, ofSession: session.id) { edit in
      if edit.run.state.isTerminal { return }
      let now = time.now()
      edit.run.state = .running
      edit.run.reason = nil
      edit.run.startedAt = edit.run.startedAt ?? now
      try beginStretch(edit, remaining: edit.run.remaining, at: now)
      if edit.run.snapshot.expiresAt != nil { try queue.remove(tx, .timer, "\(edit.run.id):expiry") }
    }
  }

  package func carries(_ tx: Transaction, _ session: String) throws -> Bool {
    try tx.row("SELECT 1 FROM runs WHERE session_id = $1", session) != nil
  }

  package func settled(_ session: SessionEdit, _ settlement: Settlement) throws {
    let tx = session.tx
    try edit(tx, ofSession: session.id) { edit in
      let run = edit.run
      if run.state.isTerminal { return }
      edit.run.remaining = try run.remaining - stretch(tx, run)
      edit.run.runningSince = nil
      let verdict = Verdict(
        settlement, outcome: session.session.outcomes.last, trouble: try trouble(session, settlement),
        ending: run.ending.map { ($0, run.endingReason ?? "") }, attempt: run.attempt,
        attempts: run.snapshot.terms.attempts)
      if case .end(let state, let reason) = verdict {
        return try finish(edit, session, as: state, reason: reason)
      }
      try queue.remove(tx, .timer, "\(run.id):timeout")
      switch verdict {
      case .wait(let reason), .pause(let reason):
        edit.run.state = .waiting
        edit.run.reason = reason
        if settlement == .interrupted { try renewOutcome(run, session) }
      case .retry(let reason): try retry(edit, session, reason: reason)
      case .end: break
      }
    }
  }

  /// What the session last complained of, for a person, where that is what it ended of.
  private func trouble(_ session: SessionEdit, _ settlement: Settlement) throws -> String? {
    guard settlement == .idle(.retriesExhausted) else { return nil }
    return try sessions.last(session.tx, session.id, .error)?.body["error"]?["message"]?.stringValue
  }

  /// Writes the terminal state, closes the session, and puts on their way the result and what waited for the end.
  /// It starts nothing itself, so that nothing of what follows can undo it.
  func finish(_ edit: RunEdit, _ session: SessionEdit, as state: Run.State, reason: String) throws {
    let (tx, run, now) = (edit.tx, edit.run, time.now())
    try closeAttempt(edit, session, reason: reason)
    try queue.remove(tx, .timer, prefix: "\(run.id):")
    edit.run.state = state
    edit.run.reason = reason
    edit.run.endedAt = now
    edit.run.runningSince = nil
    let result = try result(tx, edit.run, session.session)
    edit.run.result = result
    for destination in run.snapshot.destinations where destination.wants(state.rawValue) {
      try outbox.add(
        tx, run: run.id, kind: destination.kind, target: destination.settings.stored,
        payload: [
          "type": .string("run.\(state.rawValue)"), "timestamp": .string(now.description), "data": result,
        ])
    }
    try remember(tx, run, state)
    let finished = Finished(edit.run)
    tell(tx, finished)
    // The account may pause the schedule and call off what waits, so it wakes the line itself.
    if finished.isCounted { return try queue.push(tx, .account, run.id, due: now) }
    try wakeNext(tx, after: finished)
  }

  private func retry(_ edit: RunEdit, _ session: SessionEdit, reason: String) throws {
    try closeAttempt(edit, session, reason: reason)
    let run = edit.run
    let next = try self.session(edit.tx, of: run.snapshot, job: run.job, name: run.jobName)
    edit.run.state = .queued
    edit.run.attempt += 1
    edit.run.session = next.id
    edit.run.reason = "\(reason) Attempt \(edit.run.attempt) of \(run.snapshot.terms.attempts) follows."
  }

  private func closeAttempt(_ edit: RunEdit, _ session: SessionEdit, reason: String) throws {
    try writeAttempt(edit.tx, endOf: edit.run, reason: reason)
    try session.closeDoor(because: "its run has ended")
    session.giveUpWorkspace()
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
