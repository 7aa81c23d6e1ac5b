import Primitives

/// When a failed delivery is tried again: the example schedule of the Standard Webhooks specification, ten
/// attempts over about three days.
enum RetryPlan {
  static let delays: [Duration] = [
    .seconds(5), .seconds(5 * 60), .seconds(30 * 60), .seconds(2 * 3600), .seconds(5 * 3600),
    .seconds(10 * 3600), .seconds(14 * 3600), .seconds(20 * 3600), .seconds(24 * 3600),
  ]

  /// The longest wait that a receiver can ask for.
  static let longest = Duration.seconds(24 * 3600)

  /// The wait before the next attempt; nil when there is none.
  /// - Parameters:
  ///   - attempts: how many were made, 1 or more.
  ///   - retryAfter: what the receiver asked for; it only lengthens the wait.
  ///   - chance: from 0 to 1. Up to a fifth is added, so that a receiver that comes back is not hit by all
  ///     at once.
  static func delay(afterAttempts attempts: Int, retryAfter: Duration?, chance: Double) -> Duration? {
    guard attempts >= 1, attempts <= delays.count else { return nil }
    let planned = delays[attempts - 1]
    let spread = Duration.microseconds(Int64(Double(planned.microseconds) * 0.2 * chance))
    return max(planned + spread, min(retryAfter ?? .zero, longest))
  }
}
