import Foundation
import Primitives
import Testing

@testable import Bench

@Suite struct LedgerJourneyTests {
  /// The program under test lies where this test was built.
  private static var program: String {
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return built.appending(path: "errand").path
  }

  @Test(.timeLimit(.minutes(3)))
  func `after twenty kills every nominal time has exactly one decision`() async throws {
    let journey = LedgerJourney(
      program: Self.program, schedules: 18, randomness: .seeded(20_261_121), log: { print($0) })
    let report = try await journey.run(kills: 20)
    #expect(report.problems == [])
    #expect(report.schedules == 18)
    // Twenty rounds, most of which last longer than half a second.
    #expect(report.occurrences >= 18 * 8)
    #expect(report.decisions["started", default: 0] > 18)
    print(report.summary)
    if report.problems.isEmpty { journey.remove() }
  }
}
