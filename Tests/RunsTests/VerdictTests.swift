import Primitives
import Sessions
import Testing

@testable import Runs

@Suite struct VerdictTests {
  private func verdict(
    _ settlement: Settlement, _ result: Outcome.Result? = nil, ending: Run.State? = nil, attempt: Int = 1
  ) -> String {
    let outcome = result.map {
      Outcome(id: "outc_1", description: "d", rubric: "r", maxIterations: 3, result: $0)
    }
    let verdict = Verdict(
      settlement, outcome: outcome, ending: ending.map { ($0, "because") }, attempt: attempt, attempts: 3)
    switch verdict {
    case .wait: return "wait"
    case .pause: return "pause"
    case .retry: return "retry"
    case .end(let state, _): return state.rawValue
    }
  }

  @Test(arguments: [
    (Settlement.idle(.endTurn), Outcome.Result?.none, "succeeded"),
    (.idle(.endTurn), .satisfied, "succeeded"),
    (.idle(.endTurn), .maxIterationsReached, "unsatisfied"),
    (.idle(.endTurn), .failed, "failed"),
    (.idle(.endTurn), .interrupted, "wait"),
    (.idle(.refusal(details: nil)), nil, "failed"),
    (.idle(.budgetReached), nil, "capped"),
    (.idle(.retriesExhausted), nil, "retry"),
    (.waiting(["sevt_1"]), nil, "wait"),
    (.interrupted, nil, "wait"),
    (.later(Timestamp(seconds: 0), reason: "r"), nil, "pause"),
    (.terminated("r"), nil, "retry"), (.hopeless("r"), nil, "failed"),
  ])
  func `a settlement decides what becomes of the run`(
    settlement: Settlement, result: Outcome.Result?, expected: String
  ) {
    #expect(verdict(settlement, result) == expected)
  }

  @Test(arguments: [
    Settlement.idle(.endTurn), .idle(.retriesExhausted), .waiting(["sevt_1"]), .interrupted,
    .terminated("r"), .later(Timestamp(seconds: 0), reason: "r"),
  ])
  func `what was decided from outside wins over every settlement`(settlement: Settlement) {
    #expect(verdict(settlement, .satisfied, ending: .cancelled) == "cancelled")
    #expect(verdict(settlement, .satisfied, ending: .timedOut) == "timed_out")
  }

  @Test func `the last attempt fails instead of being retried, and says which it was`() {
    let verdict = Verdict(.terminated("It broke."), outcome: nil, ending: nil, attempt: 3, attempts: 3)
    #expect(verdict == .end(.failed, reason: "It broke. That was attempt 3 of 3."))
  }
}
