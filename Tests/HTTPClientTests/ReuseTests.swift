import Glibc
import HTTPClient
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct `Keeping connections` {
  @Test func `requests one after another share a connection`() async throws {
    try await withServer { connection in
      while connection.readRequest() != nil { connection.answer() }
    } _: { client, server in
      for number in 0..<20 {
        let method = ["GET", "POST", "HEAD", "DELETE"][number % 4]
        if method == "HEAD" { continue }
        let response = try await client.send(.init(method: method, url: server.url("/\(number)")))
        #expect(response.text == "ok")
      }
      #expect(server.accepted == 1)
    }
  }

  @Test func `64 tasks open at most 64 connections`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      let right = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<64 {
          group.addTask {
            var right = 0
            for _ in 0..<20 where (try? await client.send(.init(url: server.url())))?.text == "ok" {
              right += 1
            }
            return right  // A failed request is missing from the count.
          }
        }
        return await group.reduce(0, +)
      }
      #expect(right == 64 * 20)
      #expect(server.accepted <= 64)
    }
  }

  @Test func `no more connections are kept than asked for`() async throws {
    let server = try RawServer { connection in
      while connection.readHead() != nil { connection.answer() }
    }
    let client = HTTPClient(userAgent: "errand-test", maxConnections: 4)
    defer {
      client.close()
      server.stop()
    }
    try await withThrowingTaskGroup { group in
      for _ in 0..<16 { group.addTask { _ = try await client.send(.init(url: server.url())) } }
      try await group.waitForAll()
    }
    #expect(await eventually { server.open <= 4 })
  }

  @Test func `an answer that was cut off takes its connection with it`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer(String(repeating: "x", count: 200)) }
    } _: { client, server in
      await #expect(throws: HTTPClientError.self) {
        _ = try await client.send(.init(url: server.url(), bodyLimit: 9))
      }
      let response = try await client.send(.init(url: server.url()))
      #expect(response.body.count == 200)
      #expect(server.accepted == 2)
    }
  }

  /// Programs that this one starts must not hold its connections open.
  @Test func `sockets are closed when another program is started`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      _ = try await client.send(.init(url: server.url()))
      let kept = (3..<20_000).filter { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isPeer = withUnsafeMutablePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getpeername(Int32(descriptor), $0, &length) == 0
          }
        }
        return isPeer && UInt16(bigEndian: address.sin_port) == server.port
      }
      #expect(kept.count == 1)
      #expect(kept.allSatisfy { fcntl(Int32($0), F_GETFD) & FD_CLOEXEC != 0 })
    }
  }
}
