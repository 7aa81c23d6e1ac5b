package import JSON
import Primitives

/// What bounds the runs of a job.
package struct Limits: Sendable, Equatable {
  /// Running time of a run, waiting not counted. By default 30 minutes.
  package var timeout: Duration
  /// Wall time from the firing to the end, waiting included. By default 2 hours.
  package var deadline: Duration
  /// Sessions that a run may use up before it has failed. By default 3.
  package var attempts: Int
  /// Sessions of the job that are driven at once; further runs are queued. By default 1.
  package var concurrency: Int

  package static let attemptRange = 1...20
  package static let concurrencyRange = 1...100
  /// The longest timeout and deadline.
  package static let longest = Duration.seconds(30 * 86_400)

  package init(
    timeout: Duration = .seconds(30 * 60), deadline: Duration = .seconds(2 * 3600), attempts: Int = 3,
    concurrency: Int = 1
  ) {
    self.timeout = timeout
    self.deadline = deadline
    self.attempts = attempts
    self.concurrency = concurrency
  }

  package var json: JSON {
    [
      "timeout": .string(DurationText.text(timeout)), "deadline": .string(DurationText.text(deadline)),
      "attempts": .integer(Int64(attempts)), "concurrency": .integer(Int64(concurrency)),
    ]
  }

  package init(json: JSON) {
    self.init()
    if let stored = json["timeout"]?.stringValue.flatMap(DurationText.parse) { timeout = stored }
    if let stored = json["deadline"]?.stringValue.flatMap(DurationText.parse) { deadline = stored }
    if let stored = json["attempts"]?.intValue { attempts = stored }
    if let stored = json["concurrency"]?.intValue { concurrency = stored }
  }
}
