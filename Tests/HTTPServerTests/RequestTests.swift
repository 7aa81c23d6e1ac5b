import Testing

@testable import HTTPServer

@Suite struct RequestTests {
  @Test func `a request arrives as it was sent`() async throws {
    let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
      return .text(
        200,
        [
          request.method, request.target, request.path, request.segments.joined(separator: "|"), query,
          request.headers.all("x-tag").joined(separator: ","), String(decoding: request.body, as: UTF8.self),
          request.peer,
        ].joined(separator: "\n"))
    }
    try await serving(echo) { server in
      let client = try Client(port: server.port)
      try await client.send(
        "PUT /a%2Fb/c%20d?q=1&q=a+b%26c&flag HTTP/1.1\r\nHost: h\r\nX-Tag: one \r\nx-tAG:two\r\n"
          + "Content-Length: 5\r\n\r\nhello")
      let response = try await client.response()
      #expect(response.status == 200)
      #expect(
        response.body == """
          PUT
          /a%2Fb/c%20d?q=1&q=a+b%26c&flag
          /a%2Fb/c%20d
          a/b|c d
          q=1,q=a b&c,flag=
          one,two
          hello
          127.0.0.1

          """)
    }
  }

  @Test(arguments: [false, true])
  func `pipelined requests are answered in their order on one connection`(inline: Bool) async throws {
    try await serving { request in
      // The first takes longest: an answer that overtakes would come first.
      for _ in 0..<(request.path == "/0" ? 100 : 1) { await Task.yield() }
      return .text(200, request.path)
    } configured: {
      if inline { $0.inline = { .text(200, $0.path) } }
    } _: { server in
      let client = try Client(port: server.port)
      try await client.send((0..<20).map { get("/\($0)") }.joined())
      for number in 0..<20 { #expect(try await client.response().body == "/\(number)\n") }
      #expect(server.statistics.connections == 1)
    }
  }

  @Test func `a body may come in pieces and chunks, with the next request behind it`() async throws {
    try await serving({ .text(200, String(decoding: $0.body, as: UTF8.self)) }) { server in
      let client = try Client(port: server.port)
      try await client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab")
      try await client.send("c\r\n2\r\nde\r\n0\r\n\r\n" + get("/next"))
      #expect(try await client.response().body == "abcde\n")
      #expect(try await client.response().body == "\n")
    }
  }

  @Test func `HEAD gets the head of the answer and no body`() async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "HEAD"))
      let head = try await client.response(toHead: true)
      #expect(head.headers.first("Content-Length") == "3")
      #expect(try await client.status(of: get("/")) == 200)
    }
  }

  @Test func `OPTIONS for the whole server arrives`() async throws {
    try await serving({ .text(200, $0.path + " \($0.segments)") }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("*", method: "OPTIONS"))
      #expect(try await client.response().body == "* []\n")
    }
  }

  @Test func `an HTTP/1.0 client without Host is served and its connection closed`() async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      try await client.send("GET / HTTP/1.0\r\n\r\n")
      #expect(await client.rest().hasSuffix("\r\n\r\nok\n"))
    }
  }

  @Test func `a refused request leaves its connection usable`() async throws {
    try await serving(configured: {
      $0.admit = { $0.path == "/no" ? .refuse(.text(401, "no key")) : .accept(bodyLimit: 100) }
    }) { server in
      let client = try Client(port: server.port)
      #expect(try await client.status(of: get("/no")) == 401)
      #expect(try await client.status(of: get("/yes")) == 200)
      #expect(try await client.status(of: get("/no", method: "POST", "Content-Length: 0")) == 401)
      #expect(try await client.status(of: get("/yes")) == 200)
    }
  }

  @Test(arguments: ["Content-Length: 25000000", "Content-Length: 3", "Transfer-Encoding: chunked"])
  func `a request that is refused by its head is answered before its body, and its connection ends`(
    framing: String
  ) async throws {
    try await serving(configured: { $0.admit = { _ in .refuse(.text(404, "nobody")) } }) { server in
      let client = try Client(port: server.port)
      // Nothing of the body is sent.
      try await client.send(get("/no", method: "POST", framing))
      let response = try await client.response()
      #expect(response.status == 404)
      #expect(response.headers.first("Connection") == "close")
      #expect(response.body == "nobody\n")
      #expect(await client.rest() == "")
    }
  }

  @Test(arguments: [false, true], ["", "Content-Length: 3", "Transfer-Encoding: chunked"])
  func `whether a body is wanted may be asked for in a task`(refuses: Bool, framing: String) async throws {
    let gate = Signal()
    try await serving({ .text(200, "\($0.body.count)") }) {
      $0.admit = { _ in
        .ask {
          try? await gate.wait()
          return refuses ? .refuse(.text(404, "nobody")) : .accept(bodyLimit: 10)
        }
      }
    } _: { server in
      let client = try Client(port: server.port)
      try await client.send(framing.isEmpty ? get("/a") : get("/a", method: "POST", framing))
      gate.raise()
      if !refuses {
        if framing.hasPrefix("Content") { try await client.send("abc") }
        if framing.hasPrefix("Transfer") { try await client.send("3\r\nabc\r\n0\r\n\r\n") }
      }
      let response = try await client.response()
      #expect(response.status == (refuses ? 404 : 200))
      #expect(response.body == (refuses ? "nobody\n" : framing.isEmpty ? "0\n" : "3\n"))
    }
  }

  @Test func `a body that has come before the task has decided is taken then`() async throws {
    let asked = Signal()
    let gate = Signal()
    try await serving({ .text(200, "\($0.body.count)") }) {
      $0.admit = { _ in
        .ask {
          asked.raise()
          try? await gate.wait()
          return .accept(bodyLimit: 10)
        }
      }
    } _: { server in
      let client = try Client(port: server.port)
      try await client.send(get("/a", method: "POST", "Content-Length: 3") + "abc" + get("/b"))
      try await asked.wait()
      gate.raise()
      #expect(try await client.response().body == "3\n")
      #expect(try await client.response().body == "0\n")
    }
  }

  @Test func `an answer with a line break in a header is not sent`() async throws {
    let log = Record()
    try await serving({ _ in HTTPResponse(status: 200, headers: [("X", "a\r\nEvil: 1")]) }) {
      $0.log = log.add
    } _: { server in
      let client = try Client(port: server.port)
      try await client.send(get("/path?secret"))
      let response = try await client.response()
      #expect(response.status == 500)
      #expect(response.headers.first("Evil") == nil)
    }
    #expect(
      log.lines == [
        "The answer to GET /path cannot be sent: the value of the header X contains a control character. "
          + "The client got status 500."
      ])
  }

  @Test func `a handler cannot break the framing of its answer`() async throws {
    try await serving({ _ in
      HTTPResponse(
        status: 200, headers: [("content-length", "99"), ("Transfer-Encoding", "chunked"), ("X-Empty", "")],
        body: .bytes([0x61]))
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      let response = try await client.response()
      #expect(response.headers.all("Content-Length") == ["1"])
      #expect(response.headers.first("Transfer-Encoding") == nil)
      #expect(response.body == "a")
    }
  }

  @Test func `a file is sent as it is, and a missing one is an error of the server`() async throws {
    let content = String(repeating: "0123456789abcdef", count: 40_000)
    let file = try TemporaryFile(content)
    try await serving({ request in
      let path = request.path == "/file" ? file.path : "/nonexistent/file"
      return HTTPResponse(status: 200, body: .file(path: path, size: Int64(content.utf8.count)))
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/file"))
      #expect(try await client.response().body == content)
      #expect(try await client.status(of: get("/missing")) == 500)
    }
  }
}
