import Logging
import Primitives
import Runs

/// What the server's log says of runs: a line when one ends or cannot start.
struct RunLog: RunFollower {
  let log: Logger

  func finished(_ finished: Finished) {
    log.log(level: RunLog.level(of: finished), "\(RunLog.line(of: finished))")
  }

  func failedToStart(_ firing: Firing) { log.warning("\(RunLog.line(of: firing))") }

  static func level(of finished: Finished) -> Logger.Level { finished.state.isFailure ? .warning : .notice }

  static func line(of finished: Finished) -> String {
    let took = DurationText.text(.milliseconds(finished.took.microseconds / 1000))
    return "Run \(finished.run) of \(finished.jobName) \(finished.state.inSentence) after \(took). "
      + bounded(finished.reason)
  }

  static func line(of firing: Firing) -> String {
    "Firing \(firing.id) of \(firing.jobName) (trigger \(firing.trigger)) failed to start. "
      + bounded(firing.reason ?? "")
  }

  /// Reasons may hold what graders and servers wrote.
  private static func bounded(_ reason: String) -> String {
    reason.count > 500 ? reason.prefix(499) + "…" : reason
  }
}

extension Run.State {
  fileprivate var inSentence: String {
    switch self {
    case .queued, .running, .waiting: "is \(rawValue)"
    case .succeeded, .failed: rawValue
    case .unsatisfied: "ended unsatisfied"
    case .cancelled: "was cancelled"
    case .timedOut: "timed out"
    case .capped: "was capped"
    }
  }
}
