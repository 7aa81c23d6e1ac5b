import Glibc
import HTTPClient
import Primitives
import Processes
import SQLite

/// Many schedules in one database: what they cost a server that is idle, and one for which many come at once.
///
/// The database is made by the server itself from one job, whose rows are then copied.
final class CrowdBench {
  private let program: String
  private let count: Int
  private let due: Int
  private let folder: String
  private let client = HTTPClient(userAgent: "errand-bench")
  /// How long a server has to decide about all that is due.
  private let patience = Duration.seconds(300)

  init(program: String, count: Int, due: Int, folder: String) throws {
    self.program = program
    self.count = count
    self.due = due
    self.folder = folder
    for part in [folder, "\(folder)/jobs"] where mkdir(part, 0o755) != 0 {
      throw BenchError.system(what: "Making \(part)", errno: errno)
    }
    for (name, text) in CrowdBench.files { try CrowdBench.write(text, to: "\(folder)/jobs/\(name)") }
  }

  func remove() {
    client.close()
    Folders.remove(folder)
  }

  func run() async throws {
    let first = try await serve(jobs: "\(folder)/jobs")
    try await first.healthy()
    await first.stop()
    let began = ContinuousClock.now
    try copy()
    print("\(count) schedules copied in \(CrowdBench.text(ContinuousClock.now - began))")
    let server = try await serve(jobs: nil)
    let start = try await server.healthy(within: 120)
    print("start-up: \(CrowdBench.text(start)), then \(server.memory() >> 20) MiB")
    try await idle(server)
    try await burst(server)
    try await minute(server)
    print("memory at the end: \(server.memory() >> 20) MiB")
    await server.stop()
  }

  // MARK: Measurements

  private func idle(_ server: ErrandProcess) async throws {
    try await Task.sleep(for: .seconds(3))
    let before = CrowdBench.ticks(server)
    try await Task.sleep(for: .seconds(10))
    let used = Double(CrowdBench.ticks(server) - before) / Double(sysconf(Int32(_SC_CLK_TCK))) / 10
    print("idle CPU: \((used * 10_000).rounded() / 100) %")
  }

  /// All in one second.
  private func burst(_ server: ErrandProcess) async throws {
    let at = Time.system.now().seconds + 15
    try name { _ in at }
    let moment = Timestamp(seconds: at)
    try await Task.sleep(for: .microseconds(max(0, (moment - Time.system.now()).microseconds)))
    let before = CrowdBench.ticks(server)
    try await decided(since: moment)
    let took = Time.system.now() - moment
    let used = Double(CrowdBench.ticks(server) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
    print(
      "burst: \(due) due in one second, all enqueued within \(CrowdBench.text(took)) with \(used) s of CPU, "
        + "what had started meanwhile included")
  }

  /// As many, spread over a minute.
  private func minute(_ server: ErrandProcess) async throws {
    // What the burst left to do would count against the timer.
    try await settled()
    let at = Time.system.now().seconds + 15
    try name { at + Int64($0 % 60) }
    try await Task.sleep(for: .seconds(75))
    try await decided(since: Timestamp(seconds: at))
    let rows = try ask("SELECT last_late FROM schedules WHERE last_firing IS NOT NULL ORDER BY last_late")
    let late = rows.compactMap(\.first).map { value -> Int64 in
      if case .integer(let number) = value { number } else { 0 }
    }
    func part(_ part: Double) -> String { Percentiles.text(Percentiles.of(late, part) / 1000) }
    print(
      "minute: \(due) in 60 s, late by \(part(0.5)) in the median, \(part(0.99)) at p99, \(part(1)) at most")
  }

  private func decided(since moment: Timestamp) async throws {
    let sql =
      "SELECT COUNT(*) FROM firings WHERE nominal_at >= \(moment.microseconds) AND decision IS NOT NULL"
    try await until("\(due) firings are decided") { try self.number(sql) >= due }
  }

  private func settled() async throws {
    try await until("every run has ended") {
      try self.number("SELECT COUNT(*) FROM runs WHERE state IN ('queued', 'running')") == 0
    }
  }

  private func until(_ what: String, _ isSo: () throws -> Bool) async throws {
    let end = ContinuousClock.now + patience
    while try !isSo() {
      if ContinuousClock.now > end {
        throw BenchError.unexpected("It was not so within \(patience.components.seconds) s that \(what).")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: The database

  private var file: String { "\(folder)/data/errand.db" }

  private func copy() throws {
    let database = try Connection(file, access: .write, patience: .seconds(60))
    let numbers =
      "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < \(count - 1))"
    for table in ["jobs", "schedules"] {
      let columns = try database.run("SELECT name FROM pragma_table_info('\(table)')").rows.compactMap {
        row -> String? in
        if case .text(let name)? = row.first { name } else { nil }
      }
      let values = columns.map { column in
        switch column {
        case "id" where table == "jobs", "job_id": "printf('depl_%08d', i)"
        case "name" where table == "jobs", "job_name": "printf('crowd-%08d', i)"
        // Spread over a month, all of it to come.
        case "next_at", "due_at": "\(column) + (i % 2592000) * 1000000"
        default: column
        }
      }
      try database.execute(
        """
        \(numbers) INSERT INTO \(table) (\(columns.joined(separator: ", ")))
        SELECT \(values.joined(separator: ", ")) FROM numbers, (SELECT * FROM \(table) LIMIT 1)
        """)
    }
  }

  /// Gives the first schedules one moment each, as an edit of their jobs would.
  private func name(_ moment: (Int) -> Int64) throws {
    let database = try Connection(file, access: .write, patience: .seconds(60))
    try database.execute("BEGIN IMMEDIATE")
    for index in 1...due {
      let at = moment(index)
      _ = try database.run(
        """
        UPDATE schedules SET spec = $1, next_at = $2, due_at = $2, last_firing = NULL, version = version + 1
        WHERE job_id = $3
        """,
        [
          .text("{\"at\":[\"\(Timestamp(seconds: at))\"],\"timezone\":\"UTC\"}"), .integer(at * 1_000_000),
          .text(CrowdBench.job(index)),
        ])
    }
    try database.execute("COMMIT")
  }

  private static func job(_ index: Int) -> String {
    let digits = String(index)
    return "depl_" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  private func ask(_ sql: String) throws -> [[SQLiteValue]] {
    try Connection(file, access: .read, patience: .seconds(60)).run(sql).rows
  }

  private func number(_ sql: String) throws -> Int {
    if case .integer(let number)? = try ask(sql).first?.first { return Int(number) }
    return 0
  }

  // MARK: The server

  private func serve(jobs: String?) async throws -> ErrandProcess {
    try await ErrandProcess.start(
      ErrandProcess.Settings(
        program: program, data: "\(folder)/data", jobs: jobs, port: FreePort.find(), environment: [:]),
      client: client)
  }

  /// Clock ticks of CPU that a process has used (proc(5), stat, fields 14 and 15).
  private static func ticks(_ server: ErrandProcess) -> Int {
    let fields = ErrandProcess.tail("/proc/\(server.child.pid)/stat").split(separator: ")").last?
      .split(separator: " ").map(String.init)
    guard let fields, fields.count > 13 else { return 0 }
    return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
  }

  private static func text(_ duration: Duration) -> String {
    "\((duration.inSeconds * 100).rounded() / 100) s"
  }

  private static func write(_ text: String, to path: String) throws {
    let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    mkdir(parent, 0o755)
    guard let file = fopen(path, "w") else { throw BenchError.system(what: "Writing \(path)", errno: errno) }
    defer { fclose(file) }
    fputs(text, file)
  }

  private static let files = [
    "agents/worker.yaml": "name: worker\nmodel: rehearsed\n",
    "environments/bench.yaml": "name: bench\nconfig: {type: cloud}\n",
    "crowd/job.yaml": """
    name: crowd
    agent: worker
    environment: bench
    triggers:
      - schedule: "0 0 1 1 *"
    input:
      message: prompt.md
    """,
    "crowd/prompt.md": "Say that you are done.\n",
    "crowd/rehearsal.yaml": "turns:\n  - text: Done.\n",
  ]
}
