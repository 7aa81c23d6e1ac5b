import Foundation
import Primitives
import Testing

@testable import Bench

@Suite struct CrashJourneyTests {
  /// The program under test lies where this test was built.
  private static var program: String {
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return built.appending(path: "errand").path
  }

  @Test(.timeLimit(.minutes(10)))
  func `fifty kills amid all three uses lose nothing, repeat nothing, and every result arrives`() async throws
  {
    let journey = try CrashJourney(program: Self.program, randomness: .seeded(20_261_112), log: { print($0) })
    let report = try await journey.run(kills: 50)
    #expect(report.problems == [])
    #expect(report.kills == 50)
    #expect(report.acknowledged > 20)
    #expect(report.runs > 20)
    #expect(report.pullRequests > 10)
    #expect(report.chatAnswers > 10)
    print(report.summary)
    if report.problems.isEmpty { journey.remove() }
  }
}
