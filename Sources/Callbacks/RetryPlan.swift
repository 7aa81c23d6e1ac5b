package import Primitives

/// When a failed delivery is tried again.
package struct RetryPlan: Sendable, Equatable {
  /// The wait before each attempt but the first.
  var delays: [Duration]
  /// From then on no attempt is made; nil for no such time.
  var end: Timestamp?

  /// The example schedule of the Standard Webhooks specification, ten attempts over about three days.
  package static let standard = RetryPlan(
    delays: [
      .seconds(5), .seconds(5 * 60), .seconds(30 * 60), .seconds(2 * 3600), .seconds(5 * 3600),
      .seconds(10 * 3600), .seconds(14 * 3600), .seconds(20 * 3600), .seconds(24 * 3600),
    ])

  /// The longest wait that a receiver can ask for.
  static let longest = Duration.seconds(24 * 3600)

  package init(delays: [Duration], end: Timestamp? = nil) {
    self.delays = delays
    self.end = end
  }

  enum Next: Equatable {
    case at(Timestamp)
    /// Why, for a person.
    case never(String)
  }

  /// The time of the next attempt.
  /// - Parameters: as for `delay`.
  func next(afterAttempts attempts: Int, retryAfter: Duration?, now: Timestamp, chance: Double) -> Next {
    guard let delay = delay(afterAttempts: attempts, retryAfter: retryAfter, chance: chance) else {
      return .never("That was attempt \(attempts), the last.")
    }
    if let end, now + delay >= end {
      return .never("The next attempt would come too late: results are taken until \(end).")
    }
    return .at(now + delay)
  }

  /// The wait before the next attempt; nil when there is none.
  /// - Parameters:
  ///   - attempts: how many were made, 1 or more.
  ///   - retryAfter: what the receiver asked for; it only lengthens the wait.
  ///   - chance: from 0 to 1. Up to a fifth is added, so that a receiver that comes back is not hit by all
  ///     at once.
  func delay(afterAttempts attempts: Int, retryAfter: Duration?, chance: Double) -> Duration? {
    guard attempts >= 1, attempts <= delays.count else { return nil }
    let planned = delays[attempts - 1]
    let spread = Duration.microseconds(Int64(Double(planned.microseconds) * 0.2 * chance))
    return max(planned + spread, min(retryAfter ?? .zero, RetryPlan.longest))
  }
}
