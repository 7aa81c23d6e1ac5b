import Glibc
import HTTPClient
import HTTPServer
import JSON
import Primitives
import Processes
import StandIns

/// A real server, killed again and again while triggers fire; then a look at everything it promised.
final class CrashJourney: Sendable {
  struct Report: Sendable {
    var kills = 0
    /// Of the desk, of GitHub and of Slack.
    var acknowledged = 0
    var pullRequests = 0
    var chatAnswers = 0
    var firings = 0
    var runs = 0
    var deliveries = 0
    var arrivals = 0
    var problems: [String] = []

    var summary: String {
      "\(kills) kills, \(acknowledged) webhooks acknowledged, \(firings) firings, \(runs) runs, \(deliveries) deliveries, "
        + "\(arrivals) callbacks and \(chatAnswers) chat posts arrived, \(pullRequests) pull requests, \(problems.count) promises broken"
    }
  }

  /// What the sender of a webhook was told.
  private struct Acknowledged: Sendable {
    var id: String
    var run: String?
  }

  let folder: String
  private let program: String
  private let randomness: Randomness
  private let log: @Sendable (String) -> Void
  private let client = HTTPClient(userAgent: "errand-bench")
  private let webhook: Webhook
  private let receiver: Receiver
  private let acknowledged = Lock<[Acknowledged]>([])
  private let gitHub: GitHubStandIn
  private let slack: SlackStandIn
  private let gitHubSender: GitHubSender
  private let slackSender: SlackSender
  /// With which repositories are cloned and pull requests opened.
  private let token: String
  /// The numbers of the issues and of the slash commands that were acknowledged.
  private let issues = Lock<Set<Int>>([])
  private let commands = Lock<Set<Int>>([])

  init(program: String, randomness: Randomness, log: @escaping @Sendable (String) -> Void) throws {
    self.program = program
    self.randomness = randomness
    self.log = log
    webhook = try Webhook(randomness)
    receiver = Receiver(randomness)
    token = "ghs_" + Hex.encode(randomness.bytes(20))
    gitHub = try GitHubStandIn.start(token: token)
    slack = try SlackStandIn.start()
    gitHubSender = GitHubSender(randomness)
    slackSender = SlackSender(randomness)
    folder = "/tmp/errand-crash-\(Hex.encode(Randomness.system.bytes(6)))"
  }

  func remove() {
    Folders.remove(folder)
  }

  func run(kills: Int) async throws -> Report {
    try CrashFiles.write(CrashFiles.all(slack: slack.host), to: "\(folder)/jobs")
    try CrashFiles.write(["README": "A repository.\n"], to: "\(folder)/work")
    let remote = try await Remote.make("\(remotes)/\(CrashJourney.repository).git", of: "\(folder)/work")
    let server = try receiver.start()
    let start = Time.system.now()
    for kill in 1...kills {
      try await round(kill, of: kills, callbacks: server.port)
    }
    log("The last start: everything that was accepted must come to its end now.")
    let errand = try await serve(callbacks: server.port)
    try await errand.healthy()
    try await pause(errand)
    try await settle(errand)
    var report = try await inspect(errand, since: start, remote)
    report.kills = kills
    await errand.stop()
    await server.stop(grace: .seconds(1))
    await gitHub.stop()
    await slack.stop()
    client.close()
    return report
  }

  private static let repository = "example-corp/billing-api"
  private var remotes: String { "\(folder)/remotes" }

  // MARK: One round

  private func serve(callbacks: UInt16, role: String = "all") async throws -> ErrandProcess {
    try await ErrandProcess.start(
      ErrandProcess.Settings(
        program: program, data: "\(folder)/data", jobs: role == "all" ? "\(folder)/jobs" : nil,
        port: FreePort.find(), role: role,
        environment: [
          "DESK_SECRET": webhook.secret, "CALLBACK_SECRET": receiver.secret,
          "CALLBACK_URL": "http://127.0.0.1:\(callbacks)/", "RESULTS_DIR": "\(folder)/results",
          "GITHUB_SECRET": gitHubSender.secret, "GITHUB_TOKEN": token, "GITHUB_API_URL": gitHub.url,
          "ERRAND_LOCAL_REPOSITORIES": remotes, "SLACK_SECRET": slackSender.secret,
        ]), client: client)
  }

  /// Starts the server, keeps webhooks coming, and kills it after a moment that chance chooses.
  private func round(_ number: Int, of all: Int, callbacks: UInt16) async throws {
    let errand = try await serve(callbacks: callbacks)
    let other = number.isMultiple(of: 5) ? try await serve(callbacks: callbacks, role: "worker") : nil
    // Some kills hit the start itself.
    if number.isMultiple(of: 7) {
      try await Task.sleep(for: .milliseconds(Int64(randomness.fraction() * 200)))
    } else {
      try await errand.healthy()
      let sending = Task { await send(to: errand, round: number) }
      try await Task.sleep(for: .milliseconds(100 + Int64(randomness.fraction() * 900)))
      sending.cancel()
      await errand.kill()
      await sending.value
    }
    await errand.kill()
    await other?.kill()
    if number.isMultiple(of: 10) || number == all {
      log("\(number) of \(all) kills, \(acknowledged.withLock { $0.count }) webhooks acknowledged")
    }
  }

  /// Sends a few webhooks, each again and again under its own id until it is acknowledged or the round ends.
  private func send(to errand: ErrandProcess, round: Int) async {
    await withTaskGroup { group in
      for number in 0..<3 {
        group.addTask { [self] in
          let id = "round-\(round)-\(number)"
          let body = Array("{\"type\":\"ticket\",\"number\":\(number),\"round\":\(round)}".utf8)
          await insist(errand, "desk", body) { [webhook] in
            webhook.headers(id: id, body: body, now: $0)
          } taken: {
            [acknowledged] status, answer in
            acknowledged.withLock { $0.append(Acknowledged(id: id, run: answer["run_id"]?.stringValue)) }
            return status == 202
          }
        }
      }
      group.addTask { [self] in
        if round.isMultiple(of: 2) {
          await report(issue: round, to: errand)
        } else {
          await post(round, to: errand)
        }
      }
    }
  }

  private func report(issue number: Int, to errand: ErrandProcess) async {
    var payload = GitHubSender.issue(number: number, repository: CrashJourney.repository).objectValue ?? [:]
    var place = payload["repository"]?.objectValue ?? [:]
    place["clone_url"] = .string("file://\(remotes)/\(CrashJourney.repository).git")
    payload["repository"] = .object(place)
    let body = JSON.object(payload).bytes
    let id =
      "00000000-0000-4000-8000-\(Hex.encode(withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0.suffix(6)) }))"
    await insist(errand, "github", body) { [gitHubSender] _ in
      gitHubSender.headers(id: id, body: body)
    } taken: {
      [issues] _, _ in
      issues.withLock { _ = $0.insert(number) }
      return true
    }
  }

  private func post(_ number: Int, to errand: ErrandProcess) async {
    let body = SlackSender.command(number: number, responseURL: slack.responseURL("round-\(number)"))
    await insist(errand, "slack", body) { [slackSender] in
      slackSender.headers(body: body, now: $0)
    } taken: {
      [commands] _, _ in
      commands.withLock { _ = $0.insert(number) }
      return true
    }
  }

  /// - Parameter taken: is told of each answer that accepts, and says whether that is the end of it.
  private func insist(
    _ errand: ErrandProcess, _ source: String, _ body: [UInt8],
    signed: @Sendable (Timestamp) -> [(name: String, value: String)],
    taken: @Sendable (Int, JSON) -> Bool
  ) async {
    while !Task.isCancelled {
      let request = HTTPClient.Request(
        method: "POST", url: "\(errand.url)/hooks/\(source)", headers: signed(Time.system.now()), body: body,
        timeout: .seconds(5))
      // A server that dies in the middle is the point here; the webhook is sent again then.
      if let answer = try? await client.send(request), (200..<300).contains(answer.status),
        taken(answer.status, (try? JSON(parsing: answer.body)) ?? .null)
      {
        break
      }
      await Task.yield()
    }
  }

  // MARK: The end

  /// Takes the schedule away, so that the journey can come to an end.
  private func pause(_ errand: ErrandProcess) async throws {
    var files = CrashFiles.all(slack: slack.host)
    files["trace/job.yaml"] = files["trace/job.yaml"]?.split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .filter { !$0.contains("name: tick") }.joined(separator: "\n")
    try CrashFiles.write(files, to: "\(folder)/jobs")
    for _ in 0..<200 {
      if try await errand.all("/v1/schedules").isEmpty { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw BenchError.unexpected(
      "The schedule was taken out of the job file, but the server kept it for 10 s.")
  }

  private func settle(_ errand: ErrandProcess) async throws {
    let open = ["queued", "running", "waiting"]
    for _ in 0..<2400 {
      let runs = try await errand.all("/v1/runs")
      let deliveries = try await errand.all("/v1/deliveries")
      let isBusy =
        runs.contains { open.contains($0["state"]?.stringValue ?? "") }
        || deliveries.contains { $0["state"] == "pending" }
      if !isBusy { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    log("After 4 minutes there are still runs or deliveries under way.")
  }

  // MARK: The promises

  private func inspect(
    _ errand: ErrandProcess, since start: Timestamp, _ remote: Remote
  ) async throws -> Report {
    var report = Report()
    let firings = try await errand.all("/v1/firings")
    let runs = try await errand.all("/v1/runs")
    let deliveries = try await errand.all("/v1/deliveries")
    report.firings = firings.count
    report.runs = runs.count
    report.deliveries = deliveries.count
    let told = acknowledged.withLock { $0 }
    let (issues, commands) = (issues.withLock { $0 }, commands.withLock { $0 })
    report.acknowledged = Set(told.map(\.id)).count + issues.count + commands.count
    report.problems += CrashPromises.webhooks(told.map { ($0.id, $0.run) }, firings, runs)
    report.problems += CrashPromises.schedule(firings, since: start)
    report.problems += CrashPromises.runs(runs, firings, deliveries)
    report.problems += CrashPromises.deliveries(deliveries, receiver.arrivals, refused: receiver.refused)
    let pulls = gitHub.pullRequests
    report.pullRequests = pulls.count
    report.problems += CrashPromises.pullRequests(pulls, of: issues)
    for pull in pulls {
      report.problems += CrashPromises.patch(try await remote.patch(of: pull.head), of: pull.head)
    }
    for command in commands {
      let answers = slack.answers("round-\(command)")
      report.chatAnswers += answers.count
      report.problems += CrashPromises.chat(answers, of: command)
    }
    report.arrivals = receiver.arrivals.values.reduce(0) { $0 + $1.times }
    for run in runs {
      let session = run["session_id"]?.stringValue ?? ""
      let events = try await errand.all("/v1/sessions/\(session)/events")
      report.problems += CrashPromises.log(events, of: run)
    }
    report.problems += try CrashPromises.traces(in: "\(folder)/results")
    return report
  }
}

/// A port that nobody listens on at this moment.
enum FreePort {
  static func find() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw BenchError.system(what: "Making a socket", errno: errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw BenchError.system(what: "Binding a socket", errno: errno) }
    return UInt16(bigEndian: address.sin_port)
  }
}
