import Primitives
import Testing

@testable import HTTPServer

@Suite struct StoppingTests {
  @Test func `a stop ends streams, answers what runs, closes idle connections, refuses new ones`()
    async throws
  {
    let channel = ByteChannel()
    let (started, release) = (Signal(), Signal())
    var configuration = HTTPServer.Configuration { request in
      if request.path == "/stream" { return HTTPResponse(status: 200, body: .stream(channel)) }
      if request.path == "/slow" {
        started.raise()
        while !release.isRaised { await Task.yield() }
      }
      return .text(200, "done")
    }
    // Beside many other tests it may take long until the first request is sent.
    configuration.headTimeout = .seconds(600)
    let server = try HTTPServer.start(configuration)
    let (stream, slow, idle) = (
      try Client(port: server.port), try Client(port: server.port), try Client(port: server.port)
    )
    #expect(try await idle.status(of: get("/")) == 200)
    try await stream.send(get("/stream"))
    _ = try await stream.streamHead()
    channel.send(Array("last".utf8))
    try await slow.send(get("/slow"))
    try await started.wait()
    let stopped = Signal()
    let stop = Task {
      await server.stop(grace: .seconds(60))
      stopped.raise()
    }
    #expect(try await stream.chunk() == "last")
    #expect(try await stream.chunk() == nil)
    #expect(await idle.rest() == "")
    #expect(throws: Client.Failure.self) { try Client(port: server.port) }
    #expect(!stopped.isRaised)
    release.raise()
    let response = try await slow.response()
    #expect(response.status == 200)
    #expect(response.headers.first("Connection")?.lowercased() == "close")
    await stop.value
    #expect(server.statistics == HTTPServer.Statistics())
  }

  @Test func `a new request on an open connection is answered 503 while others finish`() async throws {
    let (started, release) = (Signal(), Signal())
    let server = try HTTPServer.start(
      HTTPServer.Configuration { _ in
        started.raise()
        while !release.isRaised { await Task.yield() }
        return .text(200, "done")
      })
    let (slow, late, watching) = (
      try Client(port: server.port), try Client(port: server.port), try Client(port: server.port)
    )
    try await slow.send(get("/"))
    try await started.wait()
    // Its first line is there, so this connection is not idle when the stop comes.
    try await late.send("GET / HTTP/1.1\r\n")
    #expect(try await eventuallyTrue { server.statistics.connections == 3 })
    let stop = Task { await server.stop(grace: .seconds(60)) }
    #expect(await watching.rest() == "")
    #expect(try await late.status(of: "Host: h\r\n\r\n") == 503)
    release.raise()
    #expect(try await slow.response().status == 200)
    await stop.value
  }

  @Test func `what has not ended after the grace period is cancelled and answered 503`() async throws {
    let (started, cancelled) = (Signal(), Signal())
    let server = try HTTPServer.start(
      HTTPServer.Configuration { _ in
        started.raise()
        // Ends early only by cancellation.
        do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.raise() }
        return .text(200, "late")
      })
    let (slow, half) = (try Client(port: server.port), try Client(port: server.port))
    try await half.send(get("/", method: "POST", "Content-Length: 5") + "ab")
    try await slow.send(get("/"))
    try await started.wait()
    await server.stop(grace: .milliseconds(20))
    #expect(try await slow.response().status == 503)
    #expect(try await half.response().status == 503)
    try await cancelled.wait()
  }

  @Test func `a client that does not take its answer does not hold up the stop`() async throws {
    let server = try HTTPServer.start(
      HTTPServer.Configuration { _ in
        HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 0x61, count: 16 << 20)))
      })
    let client = try Client(port: server.port, receiveBuffer: 4096)
    try await client.send(get("/"))
    _ = try await client.streamHead()
    await server.stop(grace: .zero)
    #expect(server.statistics.connections == 0)
  }

  @Test func `stopping twice, and at the same time, is fine`() async throws {
    let server = try HTTPServer.start(HTTPServer.Configuration { _ in .text(200, "ok") })
    async let one: Void = server.stop(grace: .seconds(1))
    async let two: Void = server.stop(grace: .seconds(1))
    _ = await (one, two)
    await server.stop(grace: .seconds(1))
    #expect(throws: Client.Failure.self) { try Client(port: server.port) }
  }

  @Test func `a server that is let go without a stop ends`() async throws {
    var server: HTTPServer? = try HTTPServer.start(HTTPServer.Configuration { _ in .text(200, "ok") })
    let port = try #require(server?.port)
    #expect(try await Client(port: port).status(of: get("/")) == 200)
    server = nil
    try await eventually { (try? Client(port: port)) == nil }
  }

  private func eventuallyTrue(_ condition: () -> Bool) async throws -> Bool {
    try await eventually { condition() }
    return true
  }
}
