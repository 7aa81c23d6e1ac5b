import HTTPClient
import HTTPServer
import JSON
import PathSupport
import Primitives
import TestSupport
import Testing

@testable import Service

/// The dead man's switch, against a receiver on a real port.
@Suite(.timeLimit(.minutes(1))) struct PingTests {
  private static func pinging(
    status: Int, _ body: (Path, Ping, _ asked: Lock<[String]>) async throws -> Void
  ) async throws {
    try await withPath(at: "2026-11-12T09:30:00Z") { path in
      try await path.apply(JobDefinition("job", triggers: [["schedule": "0 * * * *"]]))
      let asked = Lock<[String]>([])
      let receiver = try HTTPServer.start(
        HTTPServer.Configuration { request in
          asked.withLock { $0.append(request.target) }
          return HTTPResponse(status: status)
        })
      let client = HTTPClient(userAgent: "test")
      let ping = Ping(
        url: "http://127.0.0.1:\(receiver.port)/ping/1", client: client, database: path.database,
        schedules: path.schedules, log: Path.log, time: path.clock.time)
      let result: Result<Void, any Error>
      do {
        try await body(path, ping, asked)
        result = .success(())
      } catch {
        result = .failure(error)
      }
      client.close()
      await receiver.stop(grace: .zero)
      try result.get()
    }
  }

  @Test(arguments: [204, 500])
  func `an address is asked each minute, until a schedule is stuck`(status: Int) async throws {
    try await Self.pinging(status: status) { path, ping, asked in
      let loop = Task { try await ping.run() }
      for count in 1...3 {
        await path.clock.sleepers(1)
        #expect(asked.withLock { $0 } == Array(repeating: "/ping/1", count: count))
        path.clock.advance(by: Ping.period)
      }
      await path.clock.sleepers(1)
      // 10:00 comes and goes, and no timer has decided about it.
      path.clock.advance(by: .seconds(1800))
      await path.clock.sleepers(1)
      #expect(asked.withLock { $0.count } == 4)
      loop.cancel()
      _ = await loop.result
    }
  }
}
