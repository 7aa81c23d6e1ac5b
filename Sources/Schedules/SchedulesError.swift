package import Primitives

/// Why something cannot be done with a schedule. A `name` is how operators know it, as `Schedules.name` has it.
package enum SchedulesError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case notActive(name: String, state: String)
  /// The schedule ends with times that are skipped all.
  case noFurtherTime(name: String)
  /// As many times are skipped as can be.
  case tooManySkips(name: String, limit: Int)
  /// Nothing is skipped, or not the time that was asked for.
  case noSkip(name: String, at: Timestamp?, skips: [Timestamp])
  case severalSkips(name: String, skips: [Timestamp])
  case noTime(name: String, from: Timestamp, to: Timestamp)
  case tooManyTimes(name: String, limit: Int, last: Timestamp)
  /// What is asked for is about to be decided by the timer.
  case undecided(name: String, from: Timestamp)
  case inTheFuture(to: Timestamp)
  case backwards(from: Timestamp, to: Timestamp)

  package var description: String {
    switch self {
    case .notFound(let id):
      "There is no schedule \(id). “errand schedules” lists those there are."
    case .notActive(let name, let state):
      "\(name) is \(state), so there is no next time to skip."
    case .noFurtherTime(let name):
      "\(name) skips every time that is still to come, and names no further one."
    case .tooManySkips(let name, let limit):
      "\(name) skips its next \(limit) times already, which is the most. Pause it instead."
    case .noSkip(let name, _, let skips) where skips.isEmpty:
      "\(name) skips no time that is still to come."
    case .noSkip(let name, let time, let skips):
      "\(name) does not skip \(time?.description ?? "that time"); it skips \(SchedulesError.list(skips))."
    case .severalSkips(let name, let skips):
      "\(name) skips \(SchedulesError.list(skips)). Say which of them is to start after all."
    case .noTime(let name, let from, let to):
      "\(name) names no time from \(from.inSentence) to \(to.inSentence)."
    case .tooManyTimes(let name, let limit, let last):
      "\(name) names more than \(limit) times there. Ask for those up to \(last.inSentence) first."
    case .undecided(let name, let from):
      "\(name) has times there from \(from.inSentence) on that are just being decided about. Ask again when they are."
    case .inTheFuture(let to):
      "A backfill makes up for times that have passed; \(to.inSentence) has not yet."
    case .backwards(let from, let to):
      "The backfill ends at \(to.inSentence), before it begins at \(from.inSentence)."
    }
  }

  private static func list(_ times: [Timestamp]) -> String {
    let shown = times.prefix(10).map(\.description).joined(separator: ", ")
    return times.count > 10 ? "\(shown) and \(times.count - 10) more" : shown
  }
}
