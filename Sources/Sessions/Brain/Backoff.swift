/// How long to wait before the next try. Pure.
enum Backoff {
  static let first: Duration = .seconds(1)
  static let longest: Duration = .seconds(60)
  /// A server that asks for a longer pause than a day is asked again after a day.
  static let longestAsked: Duration = .seconds(86_400)

  /// The wait doubles with every failed try, and is cut by up to a half by chance, so that many sessions do
  /// not come back at once. A server that says how long to wait is obeyed, and chance adds up to a tenth.
  /// - Parameters:
  ///   - failures: tries in a row that failed, from 1.
  ///   - chance: from 0 to 1.
  static func wait(afterFailures failures: Int, asked: Duration?, chance: Double) -> Duration {
    if let asked {
      return min(asked, longestAsked) * (1 + chance / 10)
    }
    let doubled = first * (1 << min(max(0, failures - 1), 16))
    return min(doubled, longest) * (1 - chance / 2)
  }
}
