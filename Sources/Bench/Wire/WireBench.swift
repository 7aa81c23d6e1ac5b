import HTTPClient
import JSON
import Primitives
import Processes

/// The figures of the wire API, all from one run.
struct WireBench {
  private let program: String
  let folder: String
  let client = HTTPClient(userAgent: "errand-bench", maxConnections: 4096)
  let model = ScriptedMessages()

  init(program: String, folder: String) throws {
    self.program = program
    self.folder = folder
    try CrashFiles.makeFolders(folder)
    try model.start()
  }

  func remove() {
    client.close()
    Folders.remove(folder)
  }

  func serve(_ name: String, role: String = "all", jobs: String? = nil, packages: WheelIndex? = nil)
    async throws -> ErrandProcess
  {
    var settings = ErrandProcess.Settings(
      program: program, data: "\(folder)/\(name)", jobs: jobs, port: try FreePort.find(), role: role,
      environment: [
        "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "none", "ERRAND_LOCAL_REPOSITORIES": folder,
      ].merging(packages?.environment ?? [:]) { own, _ in own })
    settings.rehearses = false
    if packages != nil { settings.privateNetwork = "127.0.0.0/8" }
    let errand = try await ErrandProcess.start(settings, client: client)
    try await errand.healthy()
    return errand
  }

  func agent(_ errand: ErrandProcess, tools: JSON = []) async throws -> (agent: JSON, environment: JSON) {
    let agent = try await errand.post("/v1/agents", ["name": "bench", "model": "m", "tools": tools])
    let environment = try await errand.post(
      "/v1/environments", ["name": "bench", "config": ["type": "cloud", "networking": ["type": "limited"]]])
    return (agent["id"] ?? .null, environment["id"] ?? .null)
  }

  static func message(_ text: String) -> JSON {
    ["type": "user.message", "content": [["type": "text", "text": .string(text)]]]
  }

  /// A line of the result, in milliseconds.
  static func line(_ title: String, _ what: String, _ microseconds: [Int64]) {
    let sorted = microseconds.sorted()
    func text(_ part: Double) -> String { Percentiles.text(Percentiles.of(sorted, part) / 1000) }
    let padding = String(repeating: " ", count: max(1, 16 - title.count))
    print(
      "\(title)\(padding)\(what): p50 \(text(0.5)), p95 \(text(0.95)), p99 \(text(0.99)) (\(sorted.count) times)"
    )
  }

  /// Runs something that blocks on a thread of its own.
  func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { answer in
      let thread = Thread("wire") { answer.resume(with: Swift.Result { try body() }) }
      thread.detach()
    }
  }

  // MARK: Turns

  /// What Errand adds to a turn of a model that answers at once: until it is asked, and until its message is on
  /// the stream.
  func turns(_ count: Int) async throws {
    let errand = try await serve("turns")
    let made = try await agent(errand)
    let session = try await errand.post(
      "/v1/sessions", ["agent": made.agent, "environment_id": made.environment])
    let path = "/v1/sessions/\(session["id"]?.stringValue ?? "")/events"
    let stream = try await client.stream(
      HTTPClient.Request(
        url: errand.url + path + "/stream",
        headers: [(name: "authorization", value: "Bearer \(ErrandProcess.key)")]))
    let said = Lock<[Int64]>([])
    let (idles, idle) = AsyncStream.makeStream(of: Void.self)
    let reader = Task {
      var events = ServerSentEvents()
      for try await bytes in stream.body {
        for event in try events.read(bytes) {
          if event.type == "agent.message" { said.withLock { $0.append(Volley.microseconds()) } }
          if event.type == "session.status_idle" { idle.yield() }
        }
      }
    }
    var (toModel, toStream): ([Int64], [Int64]) = ([], [])
    var rests = idles.makeAsyncIterator()
    for number in 0..<count {
      _ = try await errand.post(path, ["events": [WireBench.message("turn \(number)")]])
      let accepted = Volley.microseconds()
      await rests.next()
      guard let visit = model.visits(saying: "turn \(number)").first, let shown = said.withLock({ $0.last })
      else { throw BenchError.unexpected("Turn \(number) did not happen.") }
      toModel.append(max(0, visit.asked - accepted))
      toStream.append(max(0, shown - visit.answered))
    }
    reader.cancel()
    WireBench.line("turn", "input accepted to request at the model", toModel)
    WireBench.line("", "last byte of the reply to event on the stream", toStream)
    await errand.stop()
  }

  // MARK: First tokens

  /// A session with packages and a repository: until the model is asked while the sandbox is made beside it, and
  /// until it is asked after a first tool call, when everything has been made. The packages are installed for the
  /// first session and kept for the others.
  func firstTokens(_ count: Int) async throws {
    try await makeRepository()
    let index = try await WheelIndex.start()
    let packages = index.map { _ in ", packages: {pip: [\(WheelIndex.package)]}" } ?? ""
    let jobs = "\(folder)/jobs"
    try CrashFiles.write(
      [
        "agents/worker.yaml": "name: worker\nmodel: m\ntools: [{type: agent_toolset_20260401}]\n",
        "environments/bench.yaml":
          "name: bench\nconfig: {type: cloud, networking: {type: limited, allow_package_managers: true}\(packages)}\n",
        "clone/job.yaml": """
        name: clone
        agent: worker
        environment: bench
        overlap: allow_all
        input:
          message: prompt.md
          repositories: [{url: "file://\(folder)/origin.git", mount: /workspace/repo}]
        limits: {concurrency: 4}

        """,
        "clone/prompt.md": "Use a tool.\n",
      ], to: jobs)
    let errand = try await serve("tokens", jobs: jobs, packages: index)
    var (lazily, eagerly): ([Int64], [Int64]) = ([], [])
    for _ in 0...count {
      let before = model.visits(saying: "Use a tool.").count
      let start = Volley.microseconds()
      _ = try await errand.post("/v1/runs", ["job": "clone"])
      var visits: [ScriptedMessages.Visit] = []
      for _ in 0..<20_000 where visits.count < 2 {
        try await Task.sleep(for: .milliseconds(5))
        visits = Array(model.visits(saying: "Use a tool.").dropFirst(before))
      }
      guard visits.count >= 2 else { throw BenchError.unexpected("A session did not use its tool.") }
      if let trouble = visits[1].trouble { throw BenchError.unexpected("A tool call failed: \(trouble)") }
      lazily.append(visits[0].asked - start)
      eagerly.append(visits[1].asked - start)
    }
    let what = index == nil ? "a repository" : "packages and a repository"
    print(
      "first token     of the first session: \(lazily[0] / 1000) ms beside what is made, \(eagerly[0] / 1000) ms after it"
    )
    WireBench.line("", "while the sandbox is made with \(what)", Array(lazily.dropFirst()))
    WireBench.line("", "after they were made", Array(eagerly.dropFirst()))
    await errand.stop()
    await index?.stop()
  }

  /// 2,000 files in one commit.
  private func makeRepository() async throws {
    let script = """
      set -e; mkdir "$0/work"; cd "$0/work"; git init -q -b main
      for d in $(seq 20); do mkdir d$d; for f in $(seq 100); do seq $((d * f)) $((d * f + 200)) > d$d/f$f.txt; done; done
      git add -A; git -c user.name=b -c user.email=b@example.com commit -q -m one
      git clone -q --bare . "$0/origin.git"
      """
    var launch = Launch(["/bin/sh", "-c", script, folder])
    launch.environment = ["PATH": "/usr/bin:/bin", "HOME": folder]
    let child = try await Child.start(launch)
    for _ in 0..<3_000 where child.exited == nil { try await Task.sleep(for: .milliseconds(20)) }
    guard child.exited != nil else { throw BenchError.unexpected("The repository was not made.") }
  }

  // MARK: Waiting

  /// Sessions that wait for an approval.
  func waiting(_ count: Int) async throws {
    let errand = try await serve("waiting")
    let toolset: JSON = [
      "type": "agent_toolset_20260401", "default_config": ["permission_policy": ["type": "always_ask"]],
    ]
    let made = try await agent(errand, tools: [toolset])
    let body: JSON = [
      "agent": made.agent, "environment_id": made.environment,
      "initial_events": [WireBench.message("approve")],
    ]
    let (before, start) = (errand.memory(), Volley.microseconds())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<16 {
        group.addTask {
          for _ in stride(from: lane, to: count, by: 16) { _ = try await errand.post("/v1/sessions", body) }
        }
      }
      try await group.waitForAll()
    }
    while try await errand.get("/v1/sessions?statuses[]=running&limit=1")["data"]?.arrayValue?.isEmpty
      == false
    {
      try await Task.sleep(for: .milliseconds(50))
    }
    let seconds = Double(Volley.microseconds() - start) / 1e6
    try await Task.sleep(for: .seconds(1))
    let after = errand.memory()
    print(
      "waiting         \(count) sessions wait for an approval: \(after >> 20) MB, \(max(0, after - before) / Int64(max(1, count))) "
        + "bytes each, \(errand.threads) threads; \(Int(Double(count) / seconds)) turns per second to get there"
    )
    await errand.stop()
  }
}
