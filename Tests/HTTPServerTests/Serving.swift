import Primitives
import Testing

@testable import HTTPServer

/// Runs a server for one test and stops it afterwards.
func serving(
  _ handle: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = { _ in .text(200, "ok") },
  configured: (inout HTTPServer.Configuration) -> Void = { _ in },
  _ test: (HTTPServer) async throws -> Void
) async throws {
  var configuration = HTTPServer.Configuration(handle: handle)
  // Tests that run beside many others may be slow to send.
  configuration.headTimeout = .seconds(600)
  configuration.idleTimeout = .seconds(600)
  configured(&configuration)
  let server = try HTTPServer.start(configuration)
  do {
    try await test(server)
  } catch {
    await server.stop(grace: .zero)
    throw error
  }
  await server.stop(grace: .zero)
}

/// Waits until the condition holds, at most ten seconds.
func eventually(
  _ condition: () async -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while await !condition() {
    try #require(
      ContinuousClock.now < end, "it did not happen within a minute", sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(1))
  }
}

/// Something that a test waits for.
final class Signal: Sendable {
  private let channel = ByteChannel()
  func raise() { channel.finish() }
  var isRaised: Bool { !channel.isOpen }
  func wait() async throws {
    try await eventually { isRaised }
  }
}

/// What was said, in order.
final class Record: Sendable {
  private let kept = Lock<[String]>([])
  func add(_ line: String) { kept.withLock { $0.append(line) } }
  var lines: [String] { kept.withLock { $0 } }
}

/// A GET with a Host header.
func get(_ target: String, method: String = "GET", _ fields: String...) -> String {
  "\(method) \(target) HTTP/1.1\r\nHost: test\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}
