import ArgumentParser
import Cron
import HTTPClient
import Jobs

/// How an error ends the program: what is said, and the exit code.
struct Ending: Equatable {
  var sentence: String
  var hint: String?
  var code: ExitCodes

  /// Nil for what the argument parser ends by itself: help, wrong usage, an exit code.
  init?(_ error: any Error) {
    sentence = String(describing: error)
    switch error {
    case let complaint as Complaint:
      code = complaint.exitCode
      hint = complaint.hint
    case JobsError.invalid(let problems):
      sentence = "\(EventTeller.count(problems.count, "problem")) in the job files:\n\(sentence)"
      code = .badInput
    case JobsError.unreadable, JobsError.notFound, JobsError.notYet, JobsError.archived: code = .notFound
    case is JobsError, is CronError, is CronCaseProblem, is ZoneError: code = .badInput
    case let error as HTTPClientError: code = error.isRetryable ? .unreachable : .failed
    case is CancellationError:
      sentence = Complaint.interrupted.description
      code = .interrupted
    case is ExitCode, is ValidationError, is CleanExit: return nil
    default:
      // The parser's own errors are internal to it; it knows them by the exit code it gives them.
      if Errand.exitCode(for: error) == .validationFailure || Errand.exitCode(for: error) == .success {
        return nil
      }
      code = .failed
    }
  }
}
