import Glibc
import HTTPClient
import Primitives
import Testing

/// What the caller is told when no whole answer comes.
@Suite(.timeLimit(.minutes(5)))
struct `Answers that fail` {
  private func failure(_ client: HTTPClient, _ request: HTTPClient.Request) async -> HTTPClientError? {
    do {
      _ = try await client.send(request)
      return nil
    } catch {
      return error as? HTTPClientError
    }
  }

  @Test func `a port where nothing listens`() async throws {
    let (socket, port) = try RawServer.listen(backlog: 1)
    close(socket)
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    #expect(
      await failure(client, .init(url: "http://127.0.0.1:\(port)/")) == .refused(host: "127.0.0.1:\(port)"))
  }

  @Test func `a name that does not resolve`() async throws {
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    // Too long for a label of DNS, so that no server is asked.
    let name = String(repeating: "x", count: 70) + ".invalid"
    let error = await failure(client, .init(url: "http://\(name)/"))
    #expect(error == .unreachable(host: name, reason: "the name does not resolve"))
  }

  @Test func `no answer in time`() async throws {
    try await withServer { connection in
      connection.waitForHangUp()
    } _: { client, server in
      let error = await failure(client, .init(url: server.url(), timeout: .milliseconds(500)))
      #expect(error == .timedOut(host: "127.0.0.1:\(server.port)", .head, after: .milliseconds(500)))
      #expect(await eventually { server.open == 0 })
    }
  }

  @Test func `an answer not finished in time`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
      connection.waitForHangUp()
    } _: { client, server in
      let error = await failure(client, .init(url: server.url(), timeout: .milliseconds(500)))
      #expect(error == .timedOut(host: "127.0.0.1:\(server.port)", .body, after: .milliseconds(500)))
    }
  }

  @Test func `no connection in time`() async throws {
    let target = try UnansweredPort()
    defer { target.stop() }
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    let error = await failure(client, .init(url: target.url, connectTimeout: .milliseconds(60)))
    #expect(error == .timedOut(host: target.host, .connection, after: .milliseconds(60)))
    #expect(error?.mayHaveArrived == false)
  }

  @Test func `silence before the connection stands`() async throws {
    let target = try UnansweredPort()
    defer { target.stop() }
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    let error = await failure(client, .init(url: target.url, idleTimeout: .milliseconds(60)))
    #expect(error == .timedOut(host: target.host, .connection, after: .milliseconds(60)))
  }

  /// The second request goes out on a kept connection, over which the server takes it and dies. libcurl then
  /// tries a new connection in vain; "refused" would say that the request never arrived.
  @Test func `a server that took the request and went away`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.answer()
      _ = connection.readHead()
      connection.stopListening()
    } _: { client, server in
      _ = try await client.send(.init(url: server.url()))
      let error = await failure(client, .init(url: server.url()))
      #expect(error == .brokenOff(host: "127.0.0.1:\(server.port)", received: 0))
    }
  }

  @Test func `a program without descriptors left`() async throws {
    await #expect(processExitsWith: .success) {
      let client = HTTPClient(userAgent: "errand-test")
      let free = rlim_t(dup(0))
      close(Int32(free))
      var limit = rlimit(rlim_cur: free, rlim_max: free)
      setrlimit(__rlimit_resource_t(7), &limit)  // RLIMIT_NOFILE; the name is imported as another type.
      do {
        _ = try await client.send(.init(url: "http://127.0.0.1:1/"))
      } catch HTTPClientError.failed(let reason) {
        exit(reason == "no socket: Too many open files" ? 0 : 2)
      }
      exit(1)
    }
  }

  @Test func `silence for longer than the idle limit`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
      connection.waitForHangUp()
    } _: { client, server in
      let error = await failure(client, .init(url: server.url(), idleTimeout: .milliseconds(400)))
      #expect(error == .timedOut(host: "127.0.0.1:\(server.port)", .anything, after: .milliseconds(400)))
      #expect(await eventually { server.open == 0 })
    }
  }

  @Test(arguments: [0, 4])
  func `a connection that ends inside the body`(count: Int) async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + "half".prefix(count))
    } _: { client, server in
      let error = await failure(client, .init(url: server.url()))
      #expect(error == .brokenOff(host: "127.0.0.1:\(server.port)", received: count))
      #expect(error?.mayHaveArrived == true)
    }
  }

  @Test func `a chunked body without its end`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
    } _: { client, server in
      let error = await failure(client, .init(url: server.url()))
      #expect(error == .brokenOff(host: "127.0.0.1:\(server.port)", received: 4))
    }
  }

  @Test(arguments: [true, false])
  func `a connection that ends before the answer`(isReset: Bool) async throws {
    try await withServer { connection in
      _ = connection.readHead()
      if isReset { connection.reset() }
    } _: { client, server in
      let error = await failure(client, .init(url: server.url()))
      #expect(error == .brokenOff(host: "127.0.0.1:\(server.port)", received: 0))
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 100),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + String(repeating: "x", count: 64) + "\r\n"
      + "40\r\n" + String(repeating: "x", count: 64) + "\r\n0\r\n\r\n",
  ])
  func `a body over the limit, announced or not`(answer: String) async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(answer)
      if answer.contains("Content-Length") { connection.waitForHangUp() }
    } _: { client, server in
      let error = await failure(client, .init(url: server.url(), bodyLimit: 99))
      #expect(error == .tooLarge(host: "127.0.0.1:\(server.port)", limit: 99))
    }
  }

  @Test func `a body of exactly the limit is taken`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.answer(String(repeating: "x", count: 100)) }
    } _: { client, server in
      let answer = try await client.send(.init(url: server.url(), bodyLimit: 100))
      #expect(answer.body.count == 100)
    }
  }

  @Test func `a head without end`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.1 200 OK\r\n")
      while connection.write("X-More: " + String(repeating: "x", count: 1000) + "\r\n") {}
    } _: { client, server in
      let error = await failure(client, .init(url: server.url()))
      #expect(error == .tooLarge(host: "127.0.0.1:\(server.port)", limit: 256 * 1024))
    }
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "<html>\n"])
  func `something that is not HTTP`(text: String) async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write(text)
    } _: { client, server in
      guard case .malformed = await failure(client, .init(url: server.url())) else {
        Issue.record("taken for HTTP")
        return
      }
    }
  }

  @Test func `something that is not TLS`() async throws {
    try await withServer { connection in
      _ = connection.read(5)
      connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
    } _: { client, server in
      let error = await failure(client, .init(url: "https://127.0.0.1:\(server.port)/"))
      guard case .tls(let host, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(host == "127.0.0.1:\(server.port)")
      #expect(error?.mayHaveArrived == false)
    }
  }

  @Test func `no message tells a password, a path or a header`() async throws {
    let (socket, port) = try RawServer.listen(backlog: 1)
    close(socket)
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    let urls = [
      "http://me:hunter2@127.0.0.1:\(port)/hunter2?key=hunter2", "http://me:hunter2@127.0.0.1:x/hunter2",
      "hunter2", "https://hunter2@127.0.0.1:\(port)/",
    ]
    for url in urls {
      let error = await failure(client, .init(url: url, headers: [("X", "hunter2")]))
      let told = try #require(error)
      #expect(!"\(told)".contains("hunter2"))
    }
    let error = await failure(client, .init(url: urls[0], headers: [("X", "hunter2\n")]))
    let told = try #require(error)
    #expect(!"\(told)".contains("hunter2"))
  }
}

/// A port whose queue of new connections is full, so that the next one gets no answer at all.
final class UnansweredPort {
  private var sockets: [Int32] = []
  let host: String
  var url: String { "http://\(host)/" }

  init() throws {
    let (listener, port) = try RawServer.listen(backlog: 0)
    host = "127.0.0.1:\(port)"
    sockets = [listener]
    for _ in 0..<4 {
      let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      address.sin_port = port.bigEndian
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
      }
      sockets.append(filler)
    }
  }

  func stop() {
    for socket in sockets { close(socket) }
  }
}
