import Primitives
import Testing

@testable import HTTPServer

@Suite struct CancellationTests {
  @Test(arguments: [true, false])
  func `the handler of a client that leaves is cancelled`(completely: Bool) async throws {
    let (started, cancelled) = (Signal(), Signal())
    try await serving({ _ in
      started.raise()
      // Ends early only by cancellation.
      do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.raise() }
      return .text(200, "late")
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      try await started.wait()
      #expect(server.statistics.inFlight == 1)
      if completely { client.leave() } else { client.finishSending() }
      try await cancelled.wait()
      try await eventually { server.statistics == HTTPServer.Statistics() }
    }
  }

  @Test func `a handler that ignores its cancellation does not hold the connection`() async throws {
    let (started, release) = (Signal(), Signal())
    try await serving({ _ in
      started.raise()
      while !release.isRaised { await Task.yield() }
      return .text(200, "late")
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      try await started.wait()
      client.leave()
      try await eventually { server.statistics.connections == 0 }
      #expect(server.statistics.inFlight == 1)
      release.raise()
      try await eventually { server.statistics.inFlight == 0 }
    }
  }

  @Test func `a stream that is answered after its client left ends`() async throws {
    let (started, release) = (Signal(), Signal())
    let channel = ByteChannel()
    try await serving({ _ in
      started.raise()
      while !release.isRaised { await Task.yield() }
      return HTTPResponse(status: 200, body: .stream(channel))
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      try await started.wait()
      client.leave()
      try await eventually { server.statistics.connections == 0 }
      release.raise()
      await channel.closed()
      #expect(!channel.send([1]))
    }
  }
}
