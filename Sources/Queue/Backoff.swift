import Primitives

/// How long a failed item waits: doubling from 1 s to 5 minutes, up to a fifth less by chance, so that items
/// that failed together do not come back together.
package struct Backoff: Sendable {
  package var first: Duration = .seconds(1)
  package var longest: Duration = .seconds(300)

  package init() {}

  /// - Parameters:
  ///   - errors: failures in a row before this one.
  ///   - chance: an even pick from `0..<1`.
  package func delay(errors: Int, chance: Double) -> Duration {
    let doublings = min(max(0, errors), 40)
    let grown = min(first.microseconds << Int64(doublings), longest.microseconds)
    return .microseconds(Int64(Double(grown) * (1 - 0.2 * chance)))
  }
}
