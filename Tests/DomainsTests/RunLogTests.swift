import Logging
import Primitives
import Testing

@testable import Domains
@testable import Runs

@Suite struct `The log of runs` {
  private func finished(_ state: Run.State, reason: String = "The agent finished.") -> Finished {
    Finished(
      run: "run_1", firing: "drun_1", job: "job_1", jobName: "brief", trigger: "daily", kind: "schedule",
      state: state, reason: reason, at: Timestamp(seconds: 0), took: .milliseconds(61_500))
  }

  @Test(arguments: [
    (
      Run.State.succeeded, "Run run_1 of brief succeeded after 1m1s500ms. The agent finished.",
      Logger.Level.notice
    ),
    (.cancelled, "Run run_1 of brief was cancelled after 1m1s500ms. The agent finished.", .notice),
    (.timedOut, "Run run_1 of brief timed out after 1m1s500ms. The agent finished.", .warning),
    (.unsatisfied, "Run run_1 of brief ended unsatisfied after 1m1s500ms. The agent finished.", .warning),
  ])
  func `has a line for each end`(state: Run.State, line: String, level: Logger.Level) {
    #expect(RunLog.line(of: finished(state)) == line)
    #expect(RunLog.level(of: finished(state)) == level)
  }

  @Test func `bounds what others wrote`() {
    #expect(RunLog.line(of: finished(.failed, reason: String(repeating: "x", count: 5000))).count < 600)
  }
}
