package import Primitives

/// Why something cannot be done with a schedule.
package enum SchedulesError: Error, Equatable, CustomStringConvertible {
  case notFound(id: String)
  case notActive(id: String, state: String)
  /// Every time that could be skipped is.
  case tooManySkips(id: String, limit: Int)
  case noTime(id: String, from: Timestamp, to: Timestamp)
  case tooManyTimes(id: String, limit: Int, last: Timestamp)
  case inTheFuture(to: Timestamp)
  case backwards(from: Timestamp, to: Timestamp)

  package var description: String {
    switch self {
    case .notFound(let id):
      "There is no schedule \(id). “errand schedules” lists those there are."
    case .notActive(let id, let state):
      "Schedule \(id) is \(state), so there is no next time to skip."
    case .tooManySkips(let id, let limit):
      "Schedule \(id) skips its next \(limit) times already, which is the most. Pause it instead."
    case .noTime(let id, let from, let to):
      "Schedule \(id) names no time from \(from) to \(to)."
    case .tooManyTimes(let id, let limit, let last):
      "Schedule \(id) names more than \(limit) times there. Ask for those up to \(last) first."
    case .inTheFuture(let to):
      "A backfill makes up for times that have passed; \(to) has not yet."
    case .backwards(let from, let to):
      "The backfill ends at \(to), before it begins at \(from)."
    }
  }
}
