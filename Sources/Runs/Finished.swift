package import Primitives

/// A run that has come to its end, as observers are told in the transaction that ends it.
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
  /// How many of the schedule's runs have failed since the last that succeeded, this one included; cancelled
  /// ones count neither way. 0 for other triggers.
  package var failuresInARow: Int
  package var at: Timestamp
  /// From its beginning, or its firing if it was not begun.
  package var took: Duration
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
