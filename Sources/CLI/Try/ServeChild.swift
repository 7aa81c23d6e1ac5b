import Glibc
import HTTPClient
import Primitives
import Processes

/// A real `errand serve --rehearse`: this same program as a process of its own, spoken to over HTTP only.
struct ServeChild: Sendable {
  /// How long it may take to answer its first request.
  static let patience = Duration.seconds(20)

  let child: Child
  let url: String
  /// From its start to its first answer.
  let took: Duration
  private let log: String

  static func start(
    _ folder: TryFolder, sandbox: String, variables: [String: String]
  ) async throws -> ServeChild {
    // Known before it starts, because links to files begin with it.
    let address = "127.0.0.1:\(try freePort())"
    var launch = Launch([
      try program(), "serve", "--rehearse", "--listen", address, "--public-url", "http://\(address)",
      "--data",
      folder.data, "--sandbox", sandbox,
    ])
    // Not the whole environment: a key or an address that is set there must not change the story.
    let kept = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER"]
    launch.environment = ProcessEnvironment.all.filter { kept.contains($0.key) }.merging(variables) { $1 }
    let log = try Descriptor.open(folder.log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW)
    launch.descriptors = [1: log, 2: log]
    let begun = ContinuousClock.now
    let child = try await Child.start(launch)
    do {
      let url = try await ready(child, folder.log)
      return ServeChild(child: child, url: url, took: ContinuousClock.now - begun, log: folder.log)
    } catch {
      await child.end(grace: .seconds(1))
      throw error
    }
  }

  /// The address from the line that says so.
  private static func ready(_ child: Child, _ log: String) async throws -> String {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      let text = String(decoding: try InputFile.read(log), as: UTF8.self)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
      if text.hasSuffix("\n"), let line = lines.first(where: { $0.hasPrefix(Banner.ready) }) {
        return String(line.dropFirst(Banner.ready.count))
      }
      if child.exited != nil { throw ended(log) }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Complaint.setUp(
      "The server did not answer within \(TimeWords.duration(patience)). Its log is \(log).")
  }

  /// Waits for it to end by itself, which it should not.
  func fail() async throws -> Never {
    _ = try await child.wait()
    throw ServeChild.ended(log)
  }

  private static func ended(_ log: String) -> Complaint {
    // The log may be unreadable too; then its name has to do.
    let text = (try? InputFile.read(log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let last = text.safeLines.filter { !$0.isEmpty }.suffix(8).map { "  \($0)" }.joined(separator: "\n")
    return .setUp("The server ended:\n\(last)\nIts whole log is \(log).")
  }

  /// Stops it as an operator would. How it ended tells whether it stopped in order.
  func stop() async -> Exit {
    await child.end(grace: .seconds(12))
  }

  /// A port that nobody listens on at this moment.
  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else {
      throw Complaint.setUp("No port of 127.0.0.1 can be had: \(String(cString: strerror(errno))).")
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// The file of this program.
  static func program() throws -> String {
    guard let path = realpath("/proc/self/exe", nil) else {
      throw Complaint.setUp("This program's own file is not found: /proc is not mounted.")
    }
    defer { free(path) }
    return String(cString: path)
  }
}
