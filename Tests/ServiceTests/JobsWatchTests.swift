import Foundation
import Jobs
import Logging
import PathSupport
import Primitives
import TestSupport
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

  @Test func `what was warned of is not warned of again when something else changes`() async throws {
    try await withPath { path in
      let folder = try TemporaryFolder()
      func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      try write("agents/tester.yaml", "model: m\n")
      try write("environments/bench.yaml", "config: {type: cloud}\n")
      try write("a/job.yaml", "name: a\nagent: tester\nenvironment: bench\ninput: {message: p.md}\n")
      try write("a/p.md", "Last: {{last.success.message}}\n")
      let lines = Lock<[String]>([])
      let watch = JobsWatch(
        directories: [folder.path], jobs: path.jobs, time: path.clock.time,
        log: Logger(label: "test") { _ in LineLog(lines) })
      try await watch.start()
      func warned() -> Int { lines.withLock { $0.count { $0.contains("last.success.message") } } }
      #expect(warned() == 1)
      try write(
        "a/job.yaml", "name: a\nagent: tester\nenvironment: bench\ninput: {message: p.md}\nexpires: 1h\n")
      try await watch.apply(JobFolder.read([folder.path]), telling: .notice, isNew: true)
      #expect(lines.withLock { $0.contains("job a updated") })
      #expect(warned() == 1)
      // A fault that lies there is none either, when something else changes.
      try write("b/job.yaml", "name: b\nagent: nobody\n")
      try await watch.apply(JobFolder.read([folder.path]), telling: .notice, isNew: true)
      func faults() -> Int { lines.withLock { $0.count { $0.contains("b/job.yaml:2") } } }
      #expect(faults() == 1)
      try write("a/p.md", "Last one: {{last.success.message}}\n")
      try await watch.apply(JobFolder.read([folder.path]), telling: .notice, isNew: true)
      #expect(faults() == 1)
      // Mended, and made again, it is news.
      try write("a/p.md", "Do it.\n")
      try await watch.apply(JobFolder.read([folder.path]), telling: .notice, isNew: true)
      try write("a/p.md", "Last: {{last.success.message}}\n")
      try await watch.apply(JobFolder.read([folder.path]), telling: .notice, isNew: true)
      #expect(warned() == 2)
    }
  }

  @Test func `a folder that is gone says that its jobs go on`() {
    let error = JobsError.unreadable(path: "Jobs", reason: "it is gone")
    #expect(
      JobsWatch.sentence("/srv/Jobs", .unreadable(error))
        == "Jobs cannot be read: it is gone. Its jobs go on as they were applied last. Remove the folder's jobs one by one to archive them."
    )
  }
}
