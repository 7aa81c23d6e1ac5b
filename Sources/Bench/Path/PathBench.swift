import Glibc
import HTTPClient
import JSON
import Primitives
import Processes

/// The figures of the main path, all from one run.
struct PathBench {
  private let program: String
  private let hello: String
  private let folder: String
  private let client = HTTPClient(userAgent: "errand-bench")
  private let webhook: Webhook
  private let github = GitHubSender()
  private let slack = SlackSender()

  init(program: String, hello: String, folder: String) throws {
    self.program = program
    self.hello = hello
    self.folder = folder
    webhook = try Webhook()
    try CrashFiles.write(PathFiles.all, to: "\(folder)/jobs")
  }

  func remove() {
    client.close()
    Folders.remove(folder)
  }

  func run(requests: Int, connections: Int, runs: Int) async throws {
    try await startUp()
    let disk = try Disk.syncs(in: folder)
    print("disk            fdatasync of 4 KiB: p50 \(Percentiles.text(Percentiles.of(disk, 0.5) / 1000))")
    for (name, size) in [("1 KB body", 1024), ("9.8 KB body", 9810)] {
      try await acknowledgements("webhook", name, requests: requests, connections: connections) { port in
        signed(requests, size: size, port: port)
      }
    }
    try await acknowledgements("GitHub", "9.8 KB issue", requests: requests, connections: connections) {
      githubIssues(requests, port: $0)
    }
    try await acknowledgements("Slack", "slash command", requests: requests, connections: connections) {
      slackCommands(requests, port: $0)
    }
    try await limits(connections: connections)
    let errand = try await serve("quiet")
    try await errand.healthy()
    try await starts(errand)
    try await wholeRuns(errand, count: runs)
    await errand.stop()
  }

  private func serve(_ name: String, role: String = "all") async throws -> ErrandProcess {
    try await ErrandProcess.start(
      ErrandProcess.Settings(
        program: program, data: "\(folder)/\(name)", jobs: "\(folder)/jobs", port: FreePort.find(),
        role: role,
        environment: [
          "DESK_SECRET": webhook.secret, "IDLE_SECRET": webhook.secret, "GITHUB_SECRET": github.secret,
          "SLACK_SECRET": slack.secret,
        ]), client: client)
  }

  // MARK: Start-up and memory

  private func startUp() async throws {
    var times: [Int64] = []
    var memory: Int64 = 0
    for round in 0..<5 {
      let errand = try await serve("start-up")
      let time = try await errand.healthy()
      // The first start makes the database; the others are what a restart costs.
      if round > 0 { times.append(time.microseconds) }
      memory = errand.memory()
      await errand.stop()
    }
    times.sort()
    print(
      "start-up        to healthy: median \(Percentiles.text(Percentiles.of(times, 0.5) / 1000)) of 4 restarts"
    )
    print("idle memory     \(memory >> 20) MB")
  }

  // MARK: Acknowledgements

  /// Signed webhooks to a source without jobs would be too easy: each of these starts a run. Only the
  /// API's part works meanwhile, so that what is measured is the acknowledgement.
  private func acknowledgements(
    _ sender: String, _ name: String, requests: Int, connections: Int, prepare: (UInt16) -> [[UInt8]]
  ) async throws {
    let errand = try await serve("acknowledge-\(Hex.encode(Randomness.system.bytes(3)))", role: "api")
    try await errand.healthy()
    let prepared = prepare(errand.settings.port)
    let plain = prepared.map { Array($0) }
    let ours = try await blocking {
      try Volley(port: errand.settings.port, connections: connections).fire(prepared)
    }
    await errand.stop()
    let (child, port) = try await bareHello()
    let theirs = try await blocking { try Volley(port: port, connections: connections).fire(plain) }
    await child.end(grace: .zero)
    let ratio = (ours.perSecond / theirs.perSecond * 1000).rounded() / 1000
    let title = sender + String(repeating: " ", count: max(1, 16 - sender.count))
    print(
      "\(title)\(name), \(connections) connections: \(Int(ours.perSecond)) durable answers per second, "
        + "p50 \(Percentiles.text(ours.percentile(0.5))), p99 \(Percentiles.text(ours.percentile(0.99))); "
        + "bare C server \(Int(theirs.perSecond)) per second; ratio \(ratio)")
    tellRefusals(ours)
  }

  private func tellRefusals(_ figures: Volley.Figures) {
    if let other = figures.statuses.first(where: { !(200..<300).contains($0.key) }) {
      print("                \(other.value) of them were answered with \(other.key)")
    }
  }

  /// GitHub waits 10 s for an answer and Slack 3 s. Requests come at a fixed pace here, however slow the answers
  /// are, and each counts from when it was due.
  private func limits(connections: Int) async throws {
    let (pace, seconds) = (500, 6)
    for (sender, wait) in [("GitHub", 10), ("Slack", 3)] {
      let errand = try await serve("pace-\(sender)", role: "api")
      try await errand.healthy()
      let port = errand.settings.port
      let prepared =
        wait == 3
        ? slackCommands(pace * seconds, port: port) : githubIssues(pace * seconds, port: port)
      let figures = try await blocking {
        try Volley(port: port, connections: connections).fire(prepared, perSecond: pace)
      }
      await errand.stop()
      let title = sender + String(repeating: " ", count: max(1, 16 - sender.count))
      print(
        "\(title)\(pace) requests per second for \(seconds) s: p50 \(Percentiles.text(figures.percentile(0.5))), "
          + "p99 \(Percentiles.text(figures.percentile(0.99))), "
          + "slowest \(Percentiles.text(Double(figures.latencies.last ?? 0) / 1000)); it waits \(wait) s")
      tellRefusals(figures)
    }
  }

  private func githubIssues(_ count: Int, port: UInt16) -> [[UInt8]] {
    (0..<count).map { number in
      let body = GitHubSender.issue(number: number).bytes
      return PathBench.request(
        "github", body, github.headers(id: "bench-\(number)", body: body), port: port)
    }
  }

  private func slackCommands(_ count: Int, port: UInt16) -> [[UInt8]] {
    let now = Time.system.now()
    return (0..<count).map { number in
      let body = SlackSender.command(number: number)
      return PathBench.request("slack", body, slack.headers(body: body, now: now), port: port)
    }
  }

  private static func request(
    _ source: String, _ body: [UInt8], _ headers: [(name: String, value: String)], port: UInt16
  ) -> [UInt8] {
    var head = "POST /hooks/\(source) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
    head += "Content-Length: \(body.count)\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    return Array(head.utf8) + Array("\r\n".utf8) + body
  }

  private func signed(_ count: Int, size: Int, port: UInt16) -> [[UInt8]] {
    let now = Time.system.now()
    return (0..<count).map { number in
      let start = "{\"type\":\"ticket\",\"number\":\(number),\"text\":\""
      let filler = String(repeating: "x", count: max(0, size - start.utf8.count - 2))
      let body = Array((start + filler + "\"}").utf8)
      let headers = webhook.headers(id: "volley-\(size)-\(number)", body: body, now: now)
      return PathBench.request("desk", body, headers, port: port)
    }
  }

  private func bareHello() async throws -> (Child, UInt16) {
    guard access(hello, X_OK) == 0 else { throw BenchError.noProgram(path: hello) }
    let path = "\(folder)/hello-port"
    unlink(path)
    var launch = Launch([hello])
    launch.descriptors = [1: try Descriptor.open(path, O_WRONLY | O_CREAT)]
    let child = try await Child.start(launch)
    for _ in 0..<500 {
      if let port = UInt16(ErrandProcess.tail(path).prefix { $0 != "\n" }) { return (child, port) }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw BenchError.unexpected("The bare server did not print its port.")
  }

  // MARK: Runs

  /// From the answer to a webhook until its session runs, one at a time on an idle server.
  private func starts(_ errand: ErrandProcess) async throws {
    var waits: [Int64] = []
    for number in 0..<100 {
      let body = Array("{\"number\":\(number)}".utf8)
      let answer = try await client.send(
        HTTPClient.Request(
          method: "POST", url: "\(errand.url)/hooks/idle",
          headers: webhook.headers(id: "idle-\(number)", body: body, now: Time.system.now()), body: body))
      let answered = Time.system.now()
      let id = try JSON(parsing: answer.body)["run_id"]?.stringValue ?? ""
      let run = try await ended(errand, id)
      if let began = run["started_at"]?.stringValue.flatMap({ Timestamp($0) }) {
        waits.append(max(0, (began - answered).microseconds))
      }
    }
    waits.sort()
    print(
      "202 to session  idle, \(waits.count) times: p50 \(Percentiles.text(Percentiles.of(waits, 0.5) / 1000)), "
        + "p99 \(Percentiles.text(Percentiles.of(waits, 0.99) / 1000))")
  }

  private func ended(_ errand: ErrandProcess, _ id: String) async throws -> JSON {
    for _ in 0..<2000 {
      let run = try await errand.get("/v1/runs/\(id)")
      if run["ended_at"] != .null { return run }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw BenchError.unexpected("Run \(id) did not end within 10 s.")
  }

  /// Runs whose agent says one sentence: what everything around an agent costs.
  private func wholeRuns(_ errand: ErrandProcess, count: Int) async throws {
    let start = Volley.microseconds()
    try await withThrowingTaskGroup { group in
      for _ in 0..<16 {
        group.addTask {
          for _ in 0..<(count / 16) { _ = try await errand.post("/v1/runs", ["job": "idle"]) }
        }
      }
      try await group.waitForAll()
    }
    while true {
      let queued = try await errand.get("/v1/runs?state=queued&limit=1")["data"]?.arrayValue ?? []
      let running = try await errand.get("/v1/runs?state=running&limit=1")["data"]?.arrayValue ?? []
      if queued.isEmpty && running.isEmpty { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    let seconds = Double(Volley.microseconds() - start) / 1e6
    print("runs            \(Int(Double(count / 16 * 16) / seconds)) no-op runs completed per second")
  }

  /// Runs something that blocks on a thread of its own.
  private func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { answer in
      let thread = Thread("volley") { answer.resume(with: Swift.Result { try body() }) }
      thread.detach()
    }
  }
}
