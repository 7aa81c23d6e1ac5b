import HTTPClient
import Primitives
import Processes

/// Signed webhooks beside slow uploads.
struct FloodBench {
  struct Plan {
    var uploads: Int
    var kind: SlowUploads.Kind
    var bytes: Int
    var rate: Int
    var seconds: Int
    var role: String
  }

  private let program: String
  private let folder: String
  private let client = HTTPClient(userAgent: "errand-bench")
  private let webhook: Webhook

  init(program: String, folder: String) throws {
    self.program = program
    self.folder = folder
    webhook = try Webhook()
    try CrashFiles.write(PathFiles.all, to: "\(folder)/jobs")
  }

  func remove() {
    client.close()
    Folders.remove(folder)
  }

  func run(_ plan: Plan) async throws {
    let server = try await ErrandProcess.start(
      ErrandProcess.Settings(
        program: program, data: "\(folder)/data", jobs: "\(folder)/jobs", port: FreePort.find(),
        role: plan.role,
        environment: [
          "DESK_SECRET": webhook.secret, "IDLE_SECRET": webhook.secret, "GITHUB_SECRET": "unused",
          "SLACK_SECRET": "unused",
        ]), client: client)
    try await server.healthy()
    print("build           \(FloodBench.build) (of this program; the server's is beside it by default)")
    print("server          \(server.memory() >> 20) MB before")
    let quiet = try await signed(plan, "quiet", server)
    FloodBench.tell("alone", quiet)
    let uploads = SlowUploads(
      port: server.settings.port, count: plan.uploads, kind: plan.kind, bytesPerSecond: plan.bytes)
    uploads.start()
    let peak = Lock<Int64>(0)
    let watch = Task {
      while !Task.isCancelled {
        let memory = server.memory()
        peak.withLock { $0 = max($0, memory) }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    // Every upload is on its way before the first signed one.
    try await Task.sleep(for: .seconds(2))
    let beside = try await signed(plan, "flood", server)
    watch.cancel()
    let tally = uploads.stop()
    FloodBench.tell("beside uploads", beside)
    print("uploads         \(plan.uploads) \(plan.kind.rawValue) at a time: \(tally)")
    print("memory          \(peak.withLock { $0 } >> 20) MB at most, \(server.memory() >> 20) MB at the end")
    await server.stop()
  }

  private func signed(_ plan: Plan, _ name: String, _ server: ErrandProcess) async throws -> Volley.Figures {
    let port = server.settings.port
    let now = Time.system.now()
    let requests = (0..<plan.rate * plan.seconds).map { number -> [UInt8] in
      let body = Array("{\"type\":\"ticket\",\"number\":\(number)}".utf8)
      var head = "POST /hooks/desk HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(body.count)\r\n"
      for (name, value) in webhook.headers(id: "\(name)-\(number)", body: body, now: now) {
        head += "\(name): \(value)\r\n"
      }
      return Array((head + "\r\n").utf8) + body
    }
    let rate = plan.rate
    return try await withCheckedThrowingContinuation { answer in
      let thread = Thread("volley") {
        answer.resume(
          with: Result { try Volley(port: port, connections: 64).fire(requests, perSecond: rate) })
      }
      thread.detach()
    }
  }

  private static func tell(_ name: String, _ figures: Volley.Figures) {
    let title = name + String(repeating: " ", count: max(1, 16 - name.count))
    let statuses = figures.statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
    print(
      "\(title)p50 \(Percentiles.text(figures.percentile(0.5))), p99 \(Percentiles.text(figures.percentile(0.99))), "
        + "slowest \(Percentiles.text(Double(figures.latencies.last ?? 0) / 1000)); "
        + statuses.joined(separator: ", "))
  }

  private static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}
