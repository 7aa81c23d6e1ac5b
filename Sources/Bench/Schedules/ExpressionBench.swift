import Cron
import Primitives

/// How long a search for the next time takes.
enum ExpressionBench {
  /// Searches per expression and round.
  private static let searches = 2000
  private static let rounds = 5
  /// 2026-01-01T00:00:00Z.
  private static let start: Int64 = 1_767_225_600

  static func run() throws {
    let zone = try Zone.named("Europe/Berlin")
    var nanoseconds: [Int64] = []
    var worst = (expression: "", time: Int64(0))
    var refused: [Int64] = []
    for text in BenchExpressions.all {
      let clock = ContinuousClock()
      let began = clock.now
      let expression: CronExpression
      do {
        expression = try CronExpression(text)
      } catch {
        // Never fires: what counts is how soon that is known.
        refused.append(ExpressionBench.nanoseconds(clock.now - began))
        continue
      }
      let time = measure(CronSchedule(expression: expression, zone: zone))
      nanoseconds.append(time)
      if time > worst.time { worst = (text, time) }
    }
    nanoseconds.sort()
    let median = Percentiles.of(nanoseconds, 0.5) / 1000
    print("next: median \(median) µs, worst \(Double(worst.time) / 1000) µs (\(worst.expression))")
    print(
      "never: \(refused.count) expressions refused, the slowest within \(Double(refused.max() ?? 0) / 1000) µs"
    )
  }

  /// Nanoseconds per search, in the best of a few rounds: others use the machine too.
  private static func measure(_ schedule: CronSchedule) -> Int64 {
    let clock = ContinuousClock()
    var best = Int64.max
    for _ in 0..<rounds {
      var instant = start
      let began = clock.now
      for _ in 0..<searches { instant = schedule.next(after: instant) ?? start }
      best = min(best, nanoseconds(clock.now - began) / Int64(searches))
    }
    return best
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
  }
}
