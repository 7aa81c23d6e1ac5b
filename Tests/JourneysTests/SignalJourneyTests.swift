import Foundation
import Glibc
import JSON
import Primitives
import Processes
import SQLite
import Testing

@testable import Bench

/// What signals ask of the real program.
@Suite struct SignalJourneyTests {
  private static let source = "kind: generic\nsecret: ${env:DESK_SECRET}\n"

  @Test(.timeLimit(.minutes(1))) func `SIGHUP applies jobs and sources again and says so`() async throws {
    try await Household.with(Household.job(["true"])) { household in
      let errand = try await household.start()
      // Nothing has changed, so that it is the signal that is answered.
      errand.child.signal(SIGHUP)
      try await household.until("it says that the files were applied again") {
        errand.log.contains("The job files of \(household.folder)/jobs were applied again, as asked.")
      }
      try household.write([
        "sources/desk.yaml": Self.source, "more/prompt.md": "More.\n",
        "more/job.yaml": Household.job([])["work/job.yaml", default: ""].replacing(
          "name: work", with: "name: more"),
      ])
      errand.child.signal(SIGHUP)
      try await household.until("the new job and source are there") {
        let jobs = try await errand.all("/v1/jobs").compactMap { $0["name"]?.stringValue }
        return jobs.sorted() == ["more", "work"] && errand.log.contains("source desk created")
      }
      #expect(errand.child.exited == nil)
    }
  }

  @Test(.timeLimit(.minutes(1))) func `SIGUSR1 logs how many runs are open and what waits`() async throws {
    try await Household.with(Household.job(["sleep 300"])) { household in
      let errand = try await household.start()
      errand.child.signal(SIGUSR1)
      try await household.until("it says that there is nothing") {
        errand.log.contains("SIGUSR1: open runs: none; queue: ")
      }
      _ = try await errand.post("/v1/runs", ["job": "work"])
      try await household.until("the run has begun") {
        try await errand.all("/v1/runs").first?["state"] == "running"
      }
      errand.child.signal(SIGUSR1)
      try await household.until("it tells of the run") {
        errand.log.contains("SIGUSR1: open runs: 1 running; queue: ")
          && errand.log.contains("session 1 (1 at work, ")
      }
      #expect(errand.child.exited == nil)
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT])
  func `the first one stops it in order`(signal: Int32) async throws {
    try await Household.with(Household.job(["true"])) { household in
      let errand = try await household.start()
      errand.child.signal(signal)
      #expect(try await errand.child.wait(atMost: .seconds(15)) == .code(0))
      let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
      #expect(errand.log.contains("The server stops, because it was sent \(name)."))
      #expect(errand.log.contains("The server has stopped."))
    }
  }

  @Test(.timeLimit(.minutes(1))) func `a second Ctrl-C ends it at once`() async throws {
    try await Household.with(Household.job(["true"])) { household in
      let errand = try await household.start()
      // Stopping in order takes a while: leases are given back, and somebody else has the database's write lock.
      let other = try Connection(household.database, access: .write, patience: .seconds(5))
      try other.execute("BEGIN IMMEDIATE")
      errand.child.signal(SIGINT)
      try await household.until("it says that it stops") { errand.log.contains("it was sent SIGINT") }
      try await Task.sleep(for: .milliseconds(500))
      #expect(errand.child.exited == nil, "It had stopped before it was asked again.")
      errand.child.signal(SIGINT)
      #expect(try await errand.child.wait(atMost: .seconds(2)) == .code(130))
      #expect(!errand.log.contains("The server has stopped."))
      try other.execute("ROLLBACK")
    }
  }

  @Test(.timeLimit(.minutes(1))) func `a process that is halted with the write lock is told of by others`()
    async throws
  {
    try await Household.with(Household.job(["true"])) { household in
      let errand = try await household.start()
      let other = try Connection(household.database, access: .write, patience: .seconds(5))
      try other.execute("BEGIN IMMEDIATE")
      func fault() async throws -> String? {
        do {
          _ = try await errand.get("/healthz")
          return nil
        } catch let error as BenchError {
          return "\(error)"
        }
      }
      try await household.until("the health says who keeps everybody from writing") {
        try await fault()?.contains("write lock of \(household.database) since ") == true
      }
      try await household.until("the log says so, too") {
        errand.log.contains("write lock of \(household.database) since ")
      }
      try other.execute("ROLLBACK")
      try await household.until("all is well again") { try await fault() == nil }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `a terminal that is closed stops it in order`() async throws {
    try await Household.with(Household.job(["true"])) { household in
      var terminal: Descriptor? = try Descriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY)
      let master = try #require(terminal).number
      // TIOCSPTLCK and TIOCGPTN, macros that are not imported.
      var (lock, number) = (Int32(0), Int32(0))
      #expect(ioctl(master, 0x4004_5431, &lock) == 0)
      #expect(ioctl(master, 0x8004_5430, &number) == 0)
      let name = "/dev/pts/\(number)"
      let errand = try await household.start { settings in
        settings.terminal = try? Descriptor.open(name, O_RDWR | O_NOCTTY)
      }
      // As long as it is open, the same signal has the job files applied again.
      errand.child.signal(SIGHUP)
      try await household.until("it says that the files were applied again") {
        errand.log.contains("were applied again, as asked.")
      }
      terminal = nil
      errand.child.signal(SIGHUP)
      #expect(try await errand.child.wait(atMost: .seconds(15)) == .code(0))
      #expect(errand.log.contains("The server stops, because its terminal was closed."))
      #expect(errand.log.contains("The server has stopped."))
    }
  }
}
