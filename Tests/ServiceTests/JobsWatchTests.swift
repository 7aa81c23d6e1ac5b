import Jobs
import Testing

@testable import Service

@Suite struct JobsWatchTests {
  @Test func `every problem has a line of its own`() {
    var following = Following()
    #expect(JobsWatch.lines(of: following).isEmpty)
    following.problems = [
      PlacedProblem(file: "a/job.yaml", line: 1, column: 2, "No."),
      PlacedProblem(file: "b/job.yaml", line: 3, column: 4, "Nor this."),
    ]
    #expect(
      JobsWatch.lines(of: following) == [
        "The job files have 2 problems. What they are about stays as it was applied last; everything else is applied.",
        "a/job.yaml:1:2: No.", "b/job.yaml:3:4: Nor this.",
      ])
  }

  @Test func `a folder that is gone says that its jobs go on`() {
    let error = JobsError.unreadable(path: "Jobs", reason: "it is gone")
    #expect(
      JobsWatch.sentence("/srv/Jobs", .unreadable(error))
        == "Jobs cannot be read: it is gone. Its jobs go on as they were applied last. Remove the folder's jobs one by one to archive them."
    )
  }
}
