import Primitives
import Testing

@testable import Callbacks

@Suite struct RetryTests {
  @Test func `ten attempts are made over about three days`() {
    let delays = (1...10).compactMap {
      RetryPlan.standard.delay(afterAttempts: $0, retryAfter: nil, chance: 0)
    }
    #expect(
      delays.map { $0.components.seconds } == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
    #expect(RetryPlan.standard.delay(afterAttempts: 10, retryAfter: nil, chance: 0) == nil)
  }

  @Test func `chance adds at most a fifth`() {
    #expect(RetryPlan.standard.delay(afterAttempts: 1, retryAfter: nil, chance: 1) == .seconds(6))
  }

  @Test(arguments: [(2, 5), (60, 60), (400_000, 86_400)])
  func `a receiver can only lengthen the wait, to a day`(asked: Int, seconds: Int) {
    let delay = RetryPlan.standard.delay(afterAttempts: 1, retryAfter: .seconds(asked), chance: 0)
    #expect(delay == .seconds(seconds))
  }

  @Test(
    arguments: [
      ("120", 120), (" 0 ", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
      ("soon", nil), ("-5", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("99999999999999999999", nil),
    ] as [(String, Int?)])
  func `Retry-After is seconds or an HTTP date`(text: String, seconds: Int?) {
    let now = Timestamp("1994-11-06T08:49:00Z")!
    #expect(RetryAfter.read(text, now: now) == seconds.map { .seconds($0) })
  }
}
