import Glibc
import Primitives
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(5)))
struct `Cancelling and closing` {
  @Test func `a cancelled task sends nothing`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer() }
    } _: { client, server in
      let isCancelled = Signal()
      let task = Task {
        await isCancelled.wait()
        return try await client.send(.init(url: server.url()))
      }
      task.cancel()
      isCancelled.fire()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(server.accepted == 0)
    }
  }

  /// The order that a race can give: the cancellation passes through the inbox before the request itself.
  @Test func `a request cancelled before the loop sees it is not started`() async throws {
    let server = try RawServer { connection in
      while connection.readHead() != nil { connection.answer() }
    }
    let loop = CurlLoop(maxConnections: 1)
    let thread = Thread("test-loop") { loop.run() }
    defer {
      loop.close()
      thread.join()
      server.stop()
    }
    func transfer(to whole: WholeBody) throws -> Transfer {
      try Transfer(
        .init(url: server.url()), ticket: loop.issueTicket(), to: whole, isStreamed: false, userAgent: "test")
    }
    let gone = WholeBody(limit: 100)
    let late = try transfer(to: gone)
    gone.cancel()
    loop.drop(late.ticket)
    await #expect(throws: CancellationError.self) {
      try await withCheckedThrowingContinuation { waiter in
        gone.wait(waiter)
        #expect(loop.add(late))
      }
    }
    let whole = WholeBody(limit: 100)
    let next = try transfer(to: whole)
    let response = try await withCheckedThrowingContinuation { waiter in
      whole.wait(waiter)
      #expect(loop.add(next))
    }
    #expect(response.text == "ok")
    #expect(late.handle == nil)
    #expect(server.accepted == 1)
  }

  @Test func `while connecting`() async throws {
    let target = try UnansweredPort()
    let client = HTTPClient(userAgent: "errand-test")
    defer {
      client.close()
      target.stop()
    }
    let before = target.pending
    let request = HTTPClient.Request(url: target.url)
    let task = Task { try await client.send(request) }
    #expect(await eventually { target.pending > before })
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(await eventually { target.pending == before })
  }

  @Test func `while waiting for the head`() async throws {
    let isAsked = Signal()
    try await withServer { connection in
      _ = connection.readHead()
      isAsked.fire()
      connection.waitForHangUp()
    } _: { client, server in
      let task = Task { try await client.send(.init(url: server.url())) }
      await isAsked.wait()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(await eventually { server.open == 0 })
    }
  }

  @Test func `in the middle of the head, and of the body`() async throws {
    for half in ["HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
      let isSent = Signal()
      try await withServer { connection in
        _ = connection.readHead()
        connection.write(half)
        isSent.fire()
        connection.waitForHangUp()
      } _: { client, server in
        let task = Task { try await client.send(.init(url: server.url())) }
        await isSent.wait()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await eventually { server.open == 0 })
      }
    }
  }

  @Test func `while sending a body`() async throws {
    let isStarted = Signal()
    let isOver = Gate(false)
    try await withServer { connection in
      _ = connection.readHead()
      isStarted.fire()
      _ = isOver.wait { $0 ? true : nil }
      connection.waitForHangUp()
    } _: { client, server in
      let body = [UInt8](repeating: 1, count: 32 * 1024 * 1024)
      let task = Task { try await client.send(.init(method: "POST", url: server.url(), body: body)) }
      await isStarted.wait()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      isOver.update { $0 = true }
      #expect(await eventually { server.open == 0 })
    }
  }

  /// Cancels 400 requests, each after a different number of steps, so that every stage is hit by some.
  @Test func `at any moment, and the client is as good as before`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer(String(repeating: "x", count: 20_000)) }
    } _: { client, server in
      await withTaskGroup { group in
        for number in 0..<400 {
          group.addTask {
            let task = Task { () -> Int in
              guard number.isMultiple(of: 2) else {
                return try await client.send(.init(url: server.url())).body.count
              }
              var size = 0
              for try await chunk in try await client.stream(.init(url: server.url())).body {
                size += chunk.count
              }
              return size
            }
            for _ in 0..<number { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success(let size): #expect(size == 20_000)
            case .failure(let error): #expect(error is CancellationError)
            }
          }
        }
      }
      let response = try await client.send(.init(url: server.url()))
      #expect(response.body.count == 20_000)
    }
  }

  @Test func `closing ends what is open and refuses what comes later`() async throws {
    let isAsked = Signal()
    try await withServer { connection in
      _ = connection.readHead()
      if connection.index == 1 { isAsked.fire() }
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
      connection.waitForHangUp()
    } _: { client, server in
      let stream = try await client.stream(.init(url: server.url()))
      let task = Task { try await client.send(.init(url: server.url())) }
      await isAsked.wait()
      client.close()
      client.close()
      await #expect(throws: HTTPClientError.closed) { try await task.value }
      await #expect(throws: HTTPClientError.closed) { for try await _ in stream.body {} }
      await #expect(throws: HTTPClientError.closed) { _ = try await client.send(.init(url: server.url())) }
      await #expect(throws: HTTPClientError.closed) { _ = try await client.stream(.init(url: server.url())) }
      #expect(await eventually { server.open == 0 })
    }
  }

  @Test func `a client that is dropped closes its connections`() async throws {
    let server = try RawServer { connection in
      while connection.readHead() != nil { connection.answer() }
    }
    defer { server.stop() }
    do {
      let client = HTTPClient(userAgent: "errand-test")
      _ = try await client.send(.init(url: server.url()))
      #expect(server.open == 1)
    }
    #expect(await eventually { server.open == 0 })
  }
}

extension UnansweredPort {
  /// How many connections wait for an answer to their first packet, from the system's table.
  fileprivate var pending: Int {
    let port = UInt16(host.split(separator: ":")[1])!
    let digits = String(port, radix: 16, uppercase: true)
    let target = "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits + " 02"
    guard let file = fopen("/proc/net/tcp", "r") else { return -1 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    var count = 0
    while fgets(&line, Int32(line.count), file) != nil {
      if String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).contains(
        target)
      {
        count += 1
      }
    }
    return count
  }
}
