import Glibc
import HTTPClient
import JSON
import Primitives
import SQLite

/// A server with many schedules of every policy, killed again and again; then a look at its ledger: each nominal
/// time must have exactly one firing with exactly one decision, or lie in exactly one recorded span.
final class LedgerJourney: Sendable {
  struct Report: Sendable {
    var kills = 0
    var schedules = 0
    var occurrences = 0
    /// How many of each decision; spans are counted by the times in them.
    var decisions: [String: Int] = [:]
    var runs = 0
    var problems: [String] = []

    var summary: String {
      let parts = decisions.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      return
        "\(kills) kills, \(occurrences) occurrences of \(schedules) schedules (\(parts.joined(separator: ", "))), "
        + "\(runs) runs, \(problems.count) promises broken"
    }
  }

  let folder: String
  private let program: String
  private let schedules: Int
  private let randomness: Randomness
  private let log: @Sendable (String) -> Void
  private let client = HTTPClient(userAgent: "errand-bench")

  /// - Parameter schedules: each names every second.
  init(
    program: String, schedules: Int, randomness: Randomness, log: @escaping @Sendable (String) -> Void
  ) {
    self.program = program
    self.schedules = schedules
    self.randomness = randomness
    self.log = log
    folder = "/tmp/errand-ledger-\(Hex.encode(Randomness.system.bytes(6)))"
  }

  func remove() {
    Folders.remove(folder)
  }

  func run(kills: Int) async throws -> Report {
    try CrashFiles.write(LedgerJourney.files(schedules), to: "\(folder)/jobs")
    for kill in 1...kills {
      try await round(kill)
      if kill.isMultiple(of: 10) || kill == kills { log("\(kill) of \(kills) kills") }
    }
    let errand = try await serve()
    try await errand.healthy()
    try await rest(errand)
    await errand.stop()
    client.close()
    var report = try LedgerAudit(database: "\(folder)/data/errand.db").report()
    report.kills = kills
    return report
  }

  private func serve(role: String = "all") async throws -> ErrandProcess {
    try await ErrandProcess.start(
      ErrandProcess.Settings(
        program: program, data: "\(folder)/data", jobs: role == "all" ? "\(folder)/jobs" : nil,
        port: FreePort.find(), role: role), client: client)
  }

  /// Starts the server, at times with a second worker, and kills it after a moment that chance chooses.
  private func round(_ number: Int) async throws {
    let errand = try await serve()
    // Some kills hit the start itself.
    if number > 1, number.isMultiple(of: 7) {
      try await Task.sleep(for: .milliseconds(Int64(randomness.fraction() * 200)))
    } else {
      try await errand.healthy()
      let other = number.isMultiple(of: 5) ? try await serve(role: "worker") : nil
      try await Task.sleep(for: .milliseconds(Int64(randomness.fraction() * 1100)))
      await other?.kill()
    }
    await errand.kill()
    // Long enough that times are missed.
    if number.isMultiple(of: 6) {
      try await Task.sleep(for: .milliseconds(1500 + Int64(randomness.fraction() * 2000)))
    }
  }

  /// Pauses every schedule, and waits until everything that was accepted has come to its end.
  private func rest(_ errand: ErrandProcess) async throws {
    for schedule in try await errand.all("/v1/schedules") {
      _ = try await errand.post("/v1/schedules/\(schedule["id"]?.stringValue ?? "")/pause", [:])
    }
    for _ in 0..<6000 {
      var open = 0
      for list in ["runs?state=queued", "runs?state=running", "firings?decision=held"] {
        open += try await errand.get("/v1/\(list)&limit=1")["data"]?.arrayValue?.count ?? 0
      }
      if open == 0 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    log("After five minutes there are still runs under way.")
  }

  /// Every overlap and every catch-up policy meets every other.
  private static func files(_ count: Int) -> [String: String] {
    var files = [
      "agents/worker.yaml": "name: worker\nmodel: rehearsed\n",
      "environments/bench.yaml": "name: bench\nconfig: {type: cloud}\n",
    ]
    let overlaps = ["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"]
    let policies = ["none", "latest", "{policy: all, limit: 20}"]
    for number in 0..<count {
      let name = "ledger-\(number)"
      files["\(name)/job.yaml"] = """
        name: \(name)
        agent: worker
        environment: bench
        overlap: \(overlaps[number % overlaps.count])
        triggers:
          - {name: tick, every: 1s, catch_up: \(policies[number / overlaps.count % policies.count])}
        input:
          message: prompt.md
        """
      files["\(name)/prompt.md"] = "Say that you are done.\n"
      files["\(name)/rehearsal.yaml"] = "turns:\n  - {text: Done., delay: 700ms}\n"
    }
    return files
  }
}
