import JSON
package import Primitives

/// A run that has come to its end.
package struct Finished: Sendable, Equatable {
  package var run: String
  package var firing: String
  package var job: String
  package var jobName: String
  /// The id of the trigger in the job; `manual` for a start by hand.
  package var trigger: String
  /// `schedule`, `backfill`, `webhook` or `manual`.
  package var kind: String
  package var state: Run.State
  package var reason: String
  package var at: Timestamp
  /// From its beginning, or its firing if it was not begun.
  package var took: Duration
  /// Where the next start of its job may wait for the end.
  package var line: String?
}

extension Finished {
  /// - Parameter run: one that has ended.
  init(_ run: Run) {
    self.run = run.id
    firing = run.firing
    job = run.job
    jobName = run.jobName
    trigger = run.snapshot.trigger["id"]?.stringValue ?? ""
    kind = run.snapshot.trigger["kind"]?.stringValue ?? ""
    state = run.state
    reason = run.reason ?? ""
    at = run.endedAt ?? run.createdAt
    took = max(.zero, at - (run.startedAt ?? run.createdAt))
    line = run.line
  }

  /// Whether a schedule keeps account of it: of its own runs, the cancelled ones neither failed nor succeeded.
  package var isCounted: Bool { kind == "schedule" && (state.isFailure || state == .succeeded) }
}

extension Run.State {
  /// Whether somebody should hear that it went wrong. A run that was cancelled did neither fail nor succeed.
  package var isFailure: Bool {
    switch self {
    case .failed, .unsatisfied, .timedOut, .capped: true
    case .queued, .running, .waiting, .succeeded, .cancelled: false
    }
  }
}
