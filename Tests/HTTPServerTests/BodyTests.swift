import Testing

@testable import HTTPServer

@Suite struct BodyTests {
  private let limited: (inout HTTPServer.Configuration) -> Void = {
    $0.admit = { _ in .accept(bodyLimit: 10) }
  }
  private let ten = "0123456789"

  @Test func `a body of exactly the limit is taken`() async throws {
    try await serving({ .text(200, "\($0.body.count)") }, configured: limited) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "POST", "Content-Length: 10") + ten)
      #expect(try await client.response().body == "10\n")
    }
  }

  @Test func `a longer body is refused by its announced length, and read to its end`() async throws {
    let calls = Record()
    try await serving(
      { request in
        calls.add(request.target)
        return .text(200, "reached")
      }, configured: limited
    ) { server in
      let client = try Client(port: server.port)
      let body = String(repeating: "x", count: 3_000_000)
      try await client.send(
        get("/", method: "POST", "Content-Length: \(body.utf8.count)") + body + get("/next"))
      let response = try await client.response()
      #expect(response.status == 413)
      #expect(response.body == "The request's body is larger than the 10 bytes allowed here.\n")
      #expect(await client.rest() == "")
    }
    #expect(calls.lines == [])
  }

  @Test func `a longer chunked body is refused once it exceeds the limit`() async throws {
    try await serving(configured: limited) { server in
      let client = try Client(port: server.port)
      // In one piece: the server may answer and close before all of several is sent.
      let chunks = String(repeating: "A\r\n\(ten)\r\n", count: 50) + "0\r\n\r\n"
      try await client.send(get("/", method: "POST", "Transfer-Encoding: chunked") + chunks)
      #expect(try await client.response().status == 413)
      #expect(await client.rest() == "")
    }
  }

  @Test func `permission to send a body is given when it will be taken`() async throws {
    try await serving({ .text(200, "\($0.body.count)") }, configured: limited) { server in
      let client = try Client(port: server.port)
      #expect(
        try await client.status(of: get("/", method: "POST", "Content-Length: 10", "Expect: 100-continue"))
          == 100)
      try await client.send(ten)
      #expect(try await client.response().body == "10\n")
    }
  }

  @Test(arguments: [("/", 413), ("/refused", 403)])
  func `permission is denied by the final answer`(path: String, status: Int) async throws {
    try await serving(configured: {
      $0.admit = { $0.path == "/refused" ? .refuse(.text(403, "no")) : .accept(bodyLimit: 10) }
    }) { server in
      let client = try Client(port: server.port)
      let request = get(path, method: "POST", "Content-Length: 11", "Expect: 100-continue")
      #expect(try await client.status(of: request) == status)
      #expect(await client.rest() == "")
    }
  }

  @Test func `a length beyond every number is refused`() async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      let length = "Content-Length: 99999999999999999999999"
      #expect(try await client.status(of: get("/", method: "POST", length)) == 413)
    }
  }

  @Test(arguments: [
    ("in the first line", "GET / HT", 0), ("in the head", "GET / HTTP/1.1\r\nHost: h\r\n", 408),
    ("in the body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", 408),
    ("in the chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 408),
    ("in a body that is too long", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 19\r\n\r\nabc", 413),
  ])
  func `a request that stops arriving is ended`(place: String, request: String, status: Int) async throws {
    try await serving(configured: {
      $0.idleTimeout = .milliseconds(50)
      $0.headTimeout = .milliseconds(50)
      $0.bodyTimeout = .milliseconds(50)
      $0.admit = { _ in .accept(bodyLimit: 10) }
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(request)
      if status > 0 { #expect(try await client.response().status == status) }
      #expect(await client.rest().isEmpty == (status > 0 || place == "in the first line"))
      try await eventually { server.statistics.connections == 0 }
    }
  }

  @Test func `a body that trickles in is ended by the deadline of the whole`() async throws {
    try await serving(configured: { $0.bodyTimeout = .milliseconds(100) }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "POST", "Content-Length: 1000000"))
      let trickle = Task {
        // Ends with an error when the server has closed.
        while !Task.isCancelled { try await client.send("x") }
      }
      defer { trickle.cancel() }
      try await eventually { server.statistics.connections == 0 }
      #expect(await client.rest().hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test func `a silent connection is closed between requests`() async throws {
    try await serving(configured: { $0.idleTimeout = .milliseconds(50) }) { server in
      let client = try Client(port: server.port)
      #expect(try await client.status(of: get("/")) == 200)
      #expect(await client.rest() == "")
    }
  }
}
