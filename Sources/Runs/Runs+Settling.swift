import Catalog
import JSON
import Jobs
import Outbox
import Primitives
import Queue
package import Sessions
import Store

// A run follows its session, inside the session's own transactions.
extension Runs: Settling {
  package func began(_ session: SessionEdit) throws {
    let tx = session.tx
    try edit(tx, ofSession: session.id) { edit in
      if edit.run.state.isTerminal { return }
      let now = time.now()
      edit.run.state = .running
      edit.run.reason = nil
      edit.run.runningSince = now
      edit.run.startedAt = edit.run.startedAt ?? now
      // The timer of an earlier stretch must not stay, or its earlier time would count.
      try queue.remove(tx, .timer, "\(edit.run.id):timeout")
      try queue.push(tx, .timer, "\(edit.run.id):timeout", due: now + max(.zero, edit.run.remaining))
      if edit.run.snapshot.expiresAt != nil { try queue.remove(tx, .timer, "\(edit.run.id):expiry") }
    }
  }

  package func settled(_ session: SessionEdit, _ settlement: Settlement) throws {
    let tx = session.tx
    try edit(tx, ofSession: session.id) { edit in
      let run = edit.run
      if run.state.isTerminal { return }
      let now = time.now()
      edit.run.remaining = run.runningSince.map { run.remaining - max(.zero, now - $0) } ?? run.remaining
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
    try tell(tx, remember(tx, run, state, reason: reason, at: now))
    if let line = run.line { try wakeFirst(tx, run.job, line) }
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
    let outcome = session.outcomes.last
    return [
      "run_id": .string(run.id), "job": .string(run.jobName), "state": .string(run.state.rawValue),
      "reason": run.reason.map { .string($0) } ?? .null, "firing_id": .string(run.firing),
      "session_id": .string(session.id), "attempt": .integer(Int64(run.attempt)),
      "trigger": run.snapshot.trigger, "message": text.map { .string($0) } ?? .null,
      "outcome": outcome.map {
        [
          "result": .string($0.result.rawValue), "iterations": .integer(Int64($0.iteration + 1)),
          "explanation": $0.explanation.map { .string($0) } ?? .null,
        ]
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
