import Glibc
import Primitives
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(5)))
struct `Streaming an answer` {
  private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: stream\r\n\r\n"

  @Test func `the head and each piece arrive while the rest is still to come`() async throws {
    let isFirstSeen = Gate(false)
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head + "3\r\none\r\n")
      _ = isFirstSeen.wait { $0 ? true : nil }
      connection.write("3\r\ntwo\r\n0\r\n\r\n")
      connection.waitForHangUp()
    } _: { client, server in
      let response = try await client.stream(.init(url: server.url()))
      #expect(response.status == 200)
      #expect(response.headers.first("x-kind") == "stream")
      var pieces: [String] = []
      for try await chunk in response.body {
        pieces.append(String(decoding: chunk, as: UTF8.self))
        isFirstSeen.update { $0 = true }
      }
      #expect(pieces == ["one", "two"])
    }
  }

  @Test func `an empty body ends at once`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.write("HTTP/1.1 204 No Content\r\n\r\n") }
    } _: { client, server in
      for _ in 0..<2 {
        var chunks = try await client.stream(.init(url: server.url())).body.makeAsyncIterator()
        #expect(try await chunks.next() == nil)
        #expect(try await chunks.next() == nil)
      }
      #expect(server.accepted == 1)
    }
  }

  /// 64 MiB to a reader that stops after the first chunk: only what the system's socket buffers and the high
  /// water mark hold may leave the server.
  @Test func `a reader that is behind holds the server back, and loses nothing`() async throws {
    let piece = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
    let count = 1024
    let written = Lock(0)
    try await withServer { connection in
      var size: Int32 = 65_536
      setsockopt(connection.socket, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(piece.count * count)\r\n\r\n")
      for _ in 0..<count where connection.write(piece) { written.withLock { $0 += piece.count } }
    } _: { client, server in
      let response = try await client.stream(.init(url: server.url()))
      var chunks = response.body.makeAsyncIterator()
      var received = try #require(try await chunks.next())
      let stalled = await written.standstill()
      #expect(stalled < 24 * 1024 * 1024)
      var total = 0
      var isRight = true
      var largest = 0
      while !received.isEmpty {
        largest = max(largest, received.count)
        isRight = isRight && received.withUnsafeBytes { continues(piece, from: total, with: $0) }
        total += received.count
        received = try await chunks.next() ?? []
      }
      #expect(isRight)
      #expect(total == piece.count * count)
      #expect(largest < BodyStream.highWater + 65_536)
    }
  }

  @Test func `unread bytes stop at the high water mark`() throws {
    let loop = CurlLoop(maxConnections: 1)
    let stream = BodyStream(of: loop.issueTicket(), on: loop)
    let piece = [UInt8](repeating: 1, count: 16_384)
    let taken = (0..<100).map { _ in piece.withUnsafeBytes { stream.receive($0) } }.count { $0 == .taken }
    #expect(taken * piece.count == BodyStream.highWater)
    stream.cancel()
    #expect(piece.withUnsafeBytes { stream.receive($0) } == .refused)
    loop.close()
    loop.run()
  }

  @Test func `leaving the loop closes the transfer`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head + "3\r\none\r\n")
      connection.waitForHangUp()
    } _: { client, server in
      let response = try await client.stream(.init(url: server.url()))
      for try await _ in response.body { break }
      #expect(await eventually { server.open == 0 })
      // The body is spent, and does not look complete.
      await #expect(throws: CancellationError.self) { for try await _ in response.body {} }
    }
  }

  @Test func `dropping an answer unread closes the transfer`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head)
      connection.waitForHangUp()
    } _: { client, server in
      _ = try await client.stream(.init(url: server.url()))
      #expect(await eventually { server.accepted == 1 && server.open == 0 })
    }
  }

  @Test func `a body outlives the answer it came in`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head + "3\r\none\r\n0\r\n\r\n")
    } _: { client, server in
      var size = 0
      for try await chunk in try await client.stream(.init(url: server.url())).body { size += chunk.count }
      #expect(size == 3)
    }
  }

  @Test func `cancelling the reader closes the transfer`() async throws {
    let isReading = Signal()
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head + "3\r\none\r\n")
      connection.waitForHangUp()
    } _: { client, server in
      let reader = Task {
        for try await _ in try await client.stream(.init(url: server.url())).body { isReading.fire() }
      }
      await isReading.wait()
      reader.cancel()
      await #expect(throws: CancellationError.self) { try await reader.value }
      #expect(await eventually { server.open == 0 })
    }
  }

  @Test func `a body that was cut does not look complete to a cancelled reader`() async throws {
    let isSent = Signal()
    let isCancelled = Signal()
    try await withServer { connection in
      _ = connection.readHead()
      connection.answer("all of it")
      connection.waitForHangUp()
    } _: { client, server in
      let reader = Task {
        let response = try await client.stream(.init(url: server.url()))
        isSent.fire()
        await isCancelled.wait()
        var size = 0
        for try await chunk in response.body { size += chunk.count }
        return size
      }
      await isSent.wait()
      reader.cancel()
      isCancelled.fire()
      await #expect(throws: CancellationError.self) { try await reader.value }
    }
  }

  @Test func `a broken body gives its bytes first and then the error`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head + "3\r\none\r\n")
    } _: { client, server in
      let response = try await client.stream(.init(url: server.url()))
      var text = ""
      await #expect(throws: HTTPClientError.brokenOff(host: "127.0.0.1:\(server.port)", received: 3)) {
        for try await chunk in response.body { text += String(decoding: chunk, as: UTF8.self) }
      }
      #expect(text == "one")
    }
  }

  @Test func `silence ends a stream, a trickle does not`() async throws {
    let limit = Duration.milliseconds(400)
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head)
      for _ in 0..<8 {
        connection.write("1\r\nx\r\n")
        usleep(70_000)
      }
      connection.waitForHangUp()
    } _: { client, server in
      let response = try await client.stream(.init(url: server.url(), timeout: nil, idleTimeout: limit))
      var size = 0
      let expected = HTTPClientError.timedOut(host: "127.0.0.1:\(server.port)", .anything, after: limit)
      await #expect(throws: expected) { for try await chunk in response.body { size += chunk.count } }
      #expect(size == 8)
    }
  }

  @Test func `a reader that takes its time is not the server's silence`() async throws {
    let piece = [UInt8](repeating: 1, count: 1024 * 1024)
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(32 * piece.count)\r\n\r\n")
      for _ in 0..<32 { connection.write(piece) }
      connection.waitForHangUp()
    } _: { client, server in
      let request = HTTPClient.Request(url: server.url(), timeout: nil, idleTimeout: .milliseconds(300))
      var chunks = try await client.stream(request).body.makeAsyncIterator()
      var total = try await chunks.next()?.count ?? 0
      let end = ContinuousClock.now + .milliseconds(700)
      #expect(await eventually { .now > end })
      while let chunk = try await chunks.next() { total += chunk.count }
      #expect(total == 32 * piece.count)
    }
  }

  @Test func `a stream that does not begin throws`() async throws {
    let (socket, port) = try RawServer.listen(backlog: 1)
    close(socket)
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    await #expect(throws: HTTPClientError.refused(host: "127.0.0.1:\(port)")) {
      _ = try await client.stream(.init(url: "http://127.0.0.1:\(port)/"))
    }
  }

  @Test func `the total time also ends a stream`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(Self.head)
      connection.waitForHangUp()
    } _: { client, server in
      let limit = Duration.milliseconds(500)
      let response = try await client.stream(.init(url: server.url(), timeout: limit))
      await #expect(throws: HTTPClientError.timedOut(host: "127.0.0.1:\(server.port)", .body, after: limit)) {
        for try await _ in response.body {}
      }
    }
  }
}

/// Whether the bytes are what follows after `position` in an endless repetition of `piece`.
private func continues(_ piece: [UInt8], from position: Int, with bytes: UnsafeRawBufferPointer) -> Bool {
  var checked = 0
  while checked < bytes.count {
    let start = (position + checked) % piece.count
    let count = min(piece.count - start, bytes.count - checked)
    let isSame = piece.withUnsafeBytes {
      memcmp($0.baseAddress! + start, bytes.baseAddress! + checked, count) == 0
    }
    guard isSame else { return false }
    checked += count
  }
  return true
}

extension Lock<Int> {
  /// The number once it has not changed for 100 ms.
  fileprivate func standstill() async -> Int {
    var last = -1
    var since = ContinuousClock.now
    _ = await eventually {
      let now = withLock { $0 }
      if now != last { (last, since) = (now, .now) }
      return .now > since + .milliseconds(100)
    }
    return last
  }
}
