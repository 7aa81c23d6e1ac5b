import Foundation
import Glibc
import JSON
import Primitives
import Processes
import Testing

@testable import Bench

@Suite struct TakeoverJourneyTests {
  @Test(.timeLimit(.minutes(2)))
  func `a worker that is halted loses its session to another, and finishes nothing twice when it goes on`()
    async throws
  {
    let trace = "/mnt/session/outputs/trace.txt"
    let commands = [
      "echo first >> \(trace)", "echo began >> \(trace); sleep 300; echo slept >> \(trace)",
      "echo second >> \(trace)",
    ]
    var files = Household.job(commands)
    files["quick/prompt.md"] = "Work.\n"
    files["quick/job.yaml"] = "name: quick\nagent: worker\nenvironment: bench\ninput: {message: prompt.md}\n"
    files["quick/rehearsal.yaml"] =
      "turns:\n  - {tools: [{name: bash, input: {command: \"true\"}}]}\n  - {text: That was all.}\n"
    try await Household.with(files) { household in
      // Who answers and who works are different processes, so that the answers go on.
      let desk = try await household.start("api")
      let first = try await household.start("worker", hasJobs: false)
      let run = try await desk.post("/v1/runs", ["job": "work"])
      let id = try #require(run["id"]?.stringValue ?? run["run"]?.stringValue)
      func session() async throws -> String {
        try await desk.get("/v1/runs/\(id)")["session_id"]?.stringValue ?? ""
      }
      try await household.until("the first worker is at its second command") {
        let events = try await desk.all("/v1/sessions/\(session())/events")
        return events.count { $0["type"] == "agent.tool_use" } == 2
      }
      let second = try await household.start("worker", hasJobs: false)
      first.child.signal(SIGSTOP)
      // Two heartbeats of 15 s are missed, which the other has to have seen a first time.
      try await household.until("the other has finished the run", within: .seconds(55)) {
        try await desk.get("/v1/runs/\(id)")["state"] == "succeeded"
      }
      let events = try await desk.all("/v1/sessions/\(session())/events")
      first.child.signal(SIGCONT)
      try await household.until("the first knows that it was taken for dead") {
        first.log.contains("was taken for dead")
      }
      // What it had in hand is let go of, and it works again: of what comes now it does its share, and alone.
      await second.stop()
      _ = try await desk.post("/v1/runs", ["job": "quick"])
      try await household.until("the first has worked again") {
        let runs = try await desk.all("/v1/runs")
        return runs.count == 2 && runs.allSatisfy { $0["state"] == "succeeded" }
      }
      #expect(try await desk.all("/v1/sessions/\(session())/events") == events)
      #expect(household.result("trace.txt") == ["first", "began", "second"])
      #expect(try await desk.all("/v1/firings").count == 2)
      let deliveries = try await desk.all("/v1/deliveries")
      #expect(deliveries.map { $0["state"]?.stringValue } == ["delivered"])
    }
  }
}
