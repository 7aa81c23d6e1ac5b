import Glibc
import HTTPClient
import JSON
import Primitives
import Processes

/// A real `errand serve` in a process of its own, driven over HTTP.
final class ErrandProcess: Sendable {
  struct Settings: Sendable {
    /// The path of the `errand` program.
    var program: String
    var data: String
    var jobs: String?
    var port: UInt16
    var role = "all"
    /// Whether it plays rehearsals; else it asks the server of `ANTHROPIC_BASE_URL`.
    var rehearses = true
    var environment: [String: String] = [:]
    /// What sandboxes may reach besides public addresses.
    var privateNetwork: String?
    /// Its standard input, where it has one.
    var terminal: Descriptor?
  }

  static let key = "bench-key"

  let settings: Settings
  let child: Child
  private let client: HTTPClient

  private init(settings: Settings, child: Child, client: HTTPClient) {
    self.settings = settings
    self.child = child
    self.client = client
  }

  /// Starts it; it need not be ready yet. What it prints goes to `errand.log` in the data directory.
  static func start(_ settings: Settings, client: HTTPClient) async throws -> ErrandProcess {
    guard access(settings.program, X_OK) == 0 else { throw BenchError.noProgram(path: settings.program) }
    var arguments = [
      settings.program, "serve", "--listen", "127.0.0.1:\(settings.port)", "--data", settings.data,
      "--role", settings.role, "--creates-per-minute", "10000000", "--reads-per-minute", "10000000",
    ]
    if settings.rehearses { arguments.append("--rehearse") }
    if let jobs = settings.jobs { arguments += ["--jobs", jobs] }
    if let network = settings.privateNetwork { arguments += ["--allow-private", network] }
    var launch = Launch(arguments)
    launch.environment = settings.environment.merging(
      ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "ERRAND_API_KEY": key]) { given, _ in given }
    let log = try Descriptor.open("\(settings.data).log", O_WRONLY | O_CREAT | O_APPEND)
    launch.descriptors = [1: log, 2: log]
    if let terminal = settings.terminal { launch.descriptors[0] = terminal }
    return ErrandProcess(settings: settings, child: try await Child.start(launch), client: client)
  }

  var url: String { "http://127.0.0.1:\(settings.port)" }

  /// Waits for `/healthz` to answer 200.
  /// - Returns: how long that took.
  @discardableResult
  func healthy(within seconds: Int = 30) async throws -> Duration {
    let clock = ContinuousClock()
    let start = clock.now
    while clock.now - start < .seconds(seconds) {
      if child.exited != nil { break }
      do {
        let answer = try await client.send(
          HTTPClient.Request(url: "\(url)/healthz", timeout: .seconds(2), connectTimeout: .seconds(1)))
        if answer.status == 200 { return clock.now - start }
      } catch is HTTPClientError {
        // Not listening yet.
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw BenchError.notHealthy(seconds: seconds, output: ErrandProcess.tail("\(settings.data).log"))
  }

  /// Ends it without warning, as a power cut or the kernel does.
  func kill() async {
    await child.end(grace: .zero)
  }

  func stop() async {
    await child.end(grace: .seconds(15))
  }

  func get(_ path: String) async throws -> JSON {
    let answer = try await client.send(
      HTTPClient.Request(
        url: url + path, headers: [(name: "authorization", value: "Bearer \(ErrandProcess.key)")],
        bodyLimit: 64 << 20))
    guard answer.status == 200 else {
      throw BenchError.refused(what: "GET \(path)", status: answer.status, body: answer.text)
    }
    return try JSON(parsing: answer.body)
  }

  func post(_ path: String, _ body: JSON) async throws -> JSON {
    let answer = try await client.send(
      HTTPClient.Request(
        method: "POST", url: url + path,
        headers: [
          (name: "authorization", value: "Bearer \(ErrandProcess.key)"),
          (name: "content-type", value: "application/json"),
        ], body: body.bytes))
    guard (200..<300).contains(answer.status) else {
      throw BenchError.refused(what: "POST \(path)", status: answer.status, body: answer.text)
    }
    return try JSON(parsing: answer.body)
  }

  /// Every item of a list, page by page.
  func all(_ path: String) async throws -> [JSON] {
    var items: [JSON] = []
    var page = ""
    while true {
      let answer = try await get("\(path)?limit=1000\(page)")
      items += answer["data"]?.arrayValue ?? []
      guard let next = answer["next_page"]?.stringValue else { return items }
      page = "&page=\(next)"
    }
  }

  /// What it has logged lately.
  var log: String { ErrandProcess.tail("\(settings.data).log") }

  /// Resident memory in bytes.
  func memory() -> Int64 { figure("VmRSS:") * 1024 }

  var threads: Int64 { figure("Threads:") }

  /// What its threads have worked so far, in microseconds; exact to a hundredth of a second.
  var worked: Int64 {
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th field after it.
    let fields = ErrandProcess.tail("/proc/\(child.pid)/stat").split(separator: ")").last?.split(
      separator: " ")
    guard let fields, fields.count > 12 else { return 0 }
    return ((Int64(fields[11]) ?? 0) + (Int64(fields[12]) ?? 0)) * 1_000_000
      / Int64(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// A number of what the kernel says about the process.
  private func figure(_ name: String) -> Int64 {
    let status = ErrandProcess.tail("/proc/\(child.pid)/status")
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split { $0 == " " || $0 == "\t" }.compactMap { Int64($0) }.first ?? 0
  }

  /// The last 8 KiB of a file.
  static func tail(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let size = lseek(descriptor, 0, SEEK_END)
    lseek(descriptor, max(0, size - 8192), SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
