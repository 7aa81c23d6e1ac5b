import Jobs
import Testing

@testable import Service

@Suite struct JobsWatchTests {
  @Test func `every problem has a line of its own`() {
    let problems = [
      PlacedProblem(file: "a/job.yaml", line: 1, column: 2, "No."),
      PlacedProblem(file: "b/job.yaml", line: 3, column: 4, "Nor this."),
    ]
    #expect(
      JobsWatch.lines(of: JobsError.invalid(problems)) == [
        "The changed job files were not applied, for they have 2 problems. What was applied before stays in force.",
        "a/job.yaml:1:2: No.", "b/job.yaml:3:4: Nor this.",
      ])
    #expect(
      JobsWatch.lines(of: JobsError.unreadable(path: "Jobs", reason: "it is gone")) == [
        "The changed job files were not applied: Jobs cannot be read: it is gone. What was applied before stays in "
          + "force."
      ])
  }
}
