import Foundation
import HTTPClient
import JSON
import Primitives

@testable import Bench

/// A folder with jobs and a data directory, and real processes on them.
final class Household: Sendable {
  /// The program under test lies where this test was built.
  static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "errand").path

  struct TooLate: Error, CustomStringConvertible {
    let description: String
  }

  let folder = "/tmp/errand-household-\(Hex.encode(Randomness.system.bytes(6)))"
  private let client = HTTPClient(userAgent: "errand-journeys")
  private let processes = Lock<[ErrandProcess]>([])

  /// Runs a test in a household, and ends every process of it whatever happens.
  static func with(_ files: [String: String], _ body: (Household) async throws -> Void) async throws {
    let household = Household()
    try household.write(files)
    var failure: (any Error)?
    do { try await body(household) } catch { failure = error }
    for process in household.processes.withLock({ $0 }) { await process.kill() }
    household.client.close()
    if let failure { throw failure }
    Folders.remove(household.folder)
  }

  /// One job, `work`, with what it needs; its agent does these commands one after the other.
  static func job(_ commands: [String]) -> [String: String] {
    [
      "agents/worker.yaml": "name: worker\nmodel: rehearsed\ntools:\n  - type: agent_toolset_20260401\n",
      "environments/bench.yaml":
        "name: bench\nconfig: {type: cloud, networking: {type: limited, allowed_hosts: []}}\n",
      "work/prompt.md": "Work.\n",
      "work/job.yaml": """
      name: work
      agent: worker
      environment: bench
      input: {message: prompt.md}
      limits: {timeout: 10m, deadline: 30m, attempts: 1}
      callbacks:
        - directory: {path: "${env:RESULTS_DIR}"}

      """,
      "work/rehearsal.yaml":
        (["turns:"]
        + commands.map { "  - {tools: [{name: bash, input: {command: \"\($0)\"}}]}" }
        + ["  - {text: That was all.}"]).joined(separator: "\n") + "\n",
    ]
  }

  func write(_ files: [String: String]) throws {
    try CrashFiles.write(files, to: "\(folder)/jobs")
  }

  var database: String { "\(folder)/data/errand.db" }
  var results: String { "\(folder)/results" }

  /// Starts a process on the data directory, and waits until it serves, if it does.
  /// - Parameter hasJobs: whether it reads the folder of jobs.
  func start(
    _ role: String = "all", hasJobs: Bool = true, _ adjust: (inout ErrandProcess.Settings) -> Void = { _ in }
  )
    async throws -> ErrandProcess
  {
    var settings = ErrandProcess.Settings(
      program: Household.program, data: "\(folder)/data", jobs: hasJobs ? "\(folder)/jobs" : nil,
      port: try FreePort.find(), role: role, environment: ["RESULTS_DIR": results])
    adjust(&settings)
    let process = try await ErrandProcess.start(settings, client: client)
    processes.withLock { $0.append(process) }
    if role != "worker" { try await process.healthy() }
    return process
  }

  /// What a file of the only result has, in lines.
  func result(_ name: String) -> [String] {
    Folders.files(in: results).filter { $0.hasSuffix("/\(name)") }
      .flatMap {
        ((try? String(contentsOfFile: $0, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
      }
  }

  /// Waits until something that other processes do has come about.
  func until(_ what: String, within limit: Duration = .seconds(30), _ holds: () async throws -> Bool)
    async throws
  {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
      if try await holds() { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TooLate(description: "After \(limit) it is still not so that \(what).")
  }
}
