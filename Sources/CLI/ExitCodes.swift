/// What `errand` exits with, so that scripts can tell the cases apart.
///
/// 64 to 77 are those of sysexits.h, 130 is what a shell makes of Ctrl-C. 10 to 14 belong to
/// `errand run --wait` and say how the run ended.
enum ExitCodes: Int32, CaseIterable {
  case done = 0
  case failed = 1
  case runFailed = 10
  case runUnsatisfied = 11
  case runCancelled = 12
  case runTimedOut = 13
  case runCapped = 14
  case inUse = 15
  case usage = 64
  case badInput = 65
  case notFound = 66
  case unreachable = 69
  case tryAgain = 75
  case noKey = 77
  case interrupted = 130

  var meaning: String {
    switch self {
    case .done: "done; with --wait: the run succeeded"
    case .failed: "it failed for another reason"
    case .runFailed: "with --wait: the run failed"
    case .runUnsatisfied: "with --wait: its outcome was not reached"
    case .runCancelled: "with --wait: it was cancelled"
    case .runTimedOut: "with --wait: its time ran out"
    case .runCapped: "with --wait: a cap stopped it"
    case .inUse: "jobs still use it; --force does it all the same"
    case .usage: "the command line is wrong"
    case .badInput: "a job file or other input is not valid"
    case .notFound: "there is no such thing"
    case .unreachable: "the server can't be reached"
    case .tryAgain: "the server is busy or stopping; try again"
    case .noKey: "no key, or not the right one"
    case .interrupted: "Ctrl-C"
    }
  }

  /// How a run in this state ends `errand run --wait`; nil while it has not ended.
  static func ofRun(state: String) -> ExitCodes? {
    switch state {
    case "succeeded": .done
    case "failed": .runFailed
    case "unsatisfied": .runUnsatisfied
    case "cancelled": .runCancelled
    case "timed_out": .runTimedOut
    case "capped": .runCapped
    default: nil
    }
  }

  /// How the server's refusal ends a command.
  static func ofRefusal(status: Int) -> ExitCodes {
    switch status {
    case 400, 413, 422: .badInput
    case 401, 403: .noKey
    case 404: .notFound
    case 429, 503: .tryAgain
    default: .failed
    }
  }

  /// For the help: one line each.
  static var table: String {
    allCases.map { code in
      let number = String(code.rawValue)
      return String(repeating: " ", count: 5 - number.count) + number + "  " + code.meaning
    }.joined(separator: "\n")
  }
}
