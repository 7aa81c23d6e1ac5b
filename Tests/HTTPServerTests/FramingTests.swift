import Testing

@testable import HTTPServer

@Suite struct FramingTests {
  @Test(arguments: [
    (
      "two Content-Length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      400
    ),
    (
      "the same Content-Length twice",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\na", 400
    ),
    ("a list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na", 400),
    ("a negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
    (
      "length and chunks",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
    ),
    ("an unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    (
      "a coding with a blank behind it",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked \r\n\r\n0\r\n\r\n", 400
    ),
    (
      "two codings",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400
    ),
    ("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (
      "a chunk size that is no number",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400
    ),
    (
      "a chunk longer than announced",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400
    ),
    ("two Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    ("a blank before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
    ("a name with a blank in it", "GET / HTTP/1.1\r\nHost: h\r\nX Y: 1\r\n\r\n", 400),
    ("an empty name", "GET / HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n", 400),
    ("a line without a colon", "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400),
    ("a folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
    ("a lone CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400),
    ("bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", 400),
    ("bare LF after the first line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400),
    ("bare LF after a field", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400),
    ("bare LF after the last field", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400),
    ("bare LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400),
    ("NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400),
    ("NUL in a name", "GET / HTTP/1.1\r\nHost: h\r\nX\0Y: b\r\n\r\n", 400),
    ("NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("NUL in the query", "GET /a?b\0c HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("a blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("two blanks before the version", "GET /a  HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("a method with a colon", "G:T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("a target that is no path", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("an authority", "CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("GET for everything", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("an encoding cut short", "GET /%2 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("an encoding that is not UTF-8", "GET /%FF HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("an encoded NUL", "GET /?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400),
  ])
  func `a request whose framing is in doubt is refused and its connection closed`(
    what: String, request: String, status: Int
  ) async throws {
    let calls = Record()
    try await serving({ request in
      calls.add(request.target)
      return .text(200, "reached")
    }) { server in
      let client = try Client(port: server.port)
      // The refusal may come, and the connection end, before the second request is sent.
      try? await client.send(request + get("/smuggled"))
      #expect(try await client.response().status == status)
      _ = await client.rest()
    }
    #expect(calls.lines == [])
  }

  @Test func `bytes in the target that are not UTF-8 are refused`() async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      try await client.send(Array("GET /".utf8) + [0xFF, 0xC0] + Array(" HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
      #expect(try await client.response().status == 400)
    }
  }

  @Test func `bytes in a header that are not UTF-8 are replaced`() async throws {
    try await serving({ .text(200, $0.headers.first("X") ?? "") }) { server in
      let client = try Client(port: server.port)
      try await client.send(
        Array("GET / HTTP/1.1\r\nHost: h\r\nX: ".utf8) + [0x61, 0xFF] + Array("\r\n\r\n".utf8))
      #expect(try await client.response().body == "a\u{FFFD}\n")
    }
  }

  @Test(arguments: [
    ("a head within the limits", 40, 150, 200), ("too many fields", 101, 1, 431),
    ("too many bytes", 10, 900, 431),
    ("more than the library holds", 10_000, 10, 431), ("one field of 100 KB", 1, 100_000, 431),
  ])
  func `a head that is too large is refused`(what: String, fields: Int, size: Int, status: Int) async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      let filler = (0..<fields).map { "X-\($0): \(String(repeating: "v", count: size))\r\n" }.joined()
      // The server may close before it has read all.
      try? await client.send("GET / HTTP/1.1\r\nHost: h\r\n\(filler)\r\n")
      #expect(try await client.response().status == status)
    }
  }

  @Test func `a query of many fields is left to the handler`() async throws {
    // The library's own parser would run out of memory here, and never answer.
    try await serving({ .text(200, "\($0.query.count)") }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/?" + String(repeating: "a&", count: 3000)))
      #expect(try await client.response().body == "3000\n")
    }
  }

  @Test func `the largest cookie leaves room for a large answer`() async throws {
    let value = String(repeating: "v", count: 4000)
    try await serving({ _ in HTTPResponse(status: 200, headers: [("X", value)], body: .bytes([0x61])) }) {
      server in
      let client = try Client(port: server.port)
      try await client.send(get("/", "Cookie: a=" + String(repeating: "x", count: 8000)))
      #expect(try await client.response().headers.first("X") == value)
    }
  }

  @Test func `a target that is too long is refused`() async throws {
    try await serving { server in
      let client = try Client(port: server.port)
      try? await client.send(get("/" + String(repeating: "a", count: 100_000)))  // As above.
      #expect(try await client.response().status == 414)
    }
  }

  @Test func `the server's own refusals have the form it is given`() async throws {
    try await serving(configured: {
      $0.refusal = {
        HTTPResponse(status: $0, headers: [("X-Own", "yes")], body: .bytes(Array("{\($1)}".utf8)))
      }
    }) { server in
      let client = try Client(port: server.port)
      try await client.send("GET / HTTP/1.1\r\n\r\n")
      let response = try await client.response()
      #expect(response.headers.first("X-Own") == "yes")
      #expect(response.body == "{The request has no Host header.}")
      #expect(response.headers.first("Connection")?.lowercased() == "close")
    }
  }

  @Test(arguments: [
    ("no number", "Content-Length: abc", 400), ("negative", "Content-Length: -5", 400),
    ("signed", "Content-Length: +2", 400), ("a list", "Content-Length: 2, 2", 400),
    ("hexadecimal", "Content-Length: 0x2", 400), ("empty", "Content-Length:", 400),
    ("beyond every number", "Content-Length: 99999999999999999999999", 413),
    ("another coding", "Transfer-Encoding: gzip", 400),
  ])
  func `a length that is none is refused once, in the server's own form, whoever else is there`(
    what: String, field: String, status: Int
  ) async throws {
    try await serving(configured: { $0.refusal = Self.own }) { server in
      let others = [try Client(port: server.port), try Client(port: server.port)]
      try await others[0].send("GET / HTTP/1.1\r\nHost")
      #expect(try await others[1].status(of: get("/")) == 200)
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "POST", field) + "ab")
      let response = try await client.response()
      #expect(response.status == status)
      #expect(response.headers.first("X-Own") == "yes")
      #expect(response.body.hasPrefix("{The "))
      #expect(await client.rest() == "")
      #expect(try await others[0].status(of: ": h\r\n\r\n") == 200)
      #expect(try await others[1].status(of: get("/")) == 200)
    }
  }

  @Test(arguments: [
    ("a bad chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ("a bad line", "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400),
    ("another version", "GET / HTTP/3.0\r\nHost: h\r\n\r\n", 400),
  ])
  func `what the library refuses by itself has the server's form when nobody else can be meant`(
    what: String, request: String, status: Int
  ) async throws {
    try await serving(configured: { $0.refusal = Self.own }) { server in
      let client = try Client(port: server.port)
      try await client.send(request)
      let response = try await client.response()
      #expect(response.status == status)
      #expect(response.headers.first("X-Own") == "yes")
      #expect(await client.rest() == "")
    }
  }

  @Test func `a bad chunk ends nobody else's request`() async throws {
    try await serving(
      { .text(200, String(decoding: $0.body, as: UTF8.self)) }, configured: { $0.refusal = Self.own }
    ) { server in
      let (good, bad) = (try Client(port: server.port), try Client(port: server.port))
      let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      try await good.send(head + "1\r\na\r\n")
      try await bad.send(head + "1\r\na\r\nzz\r\n")
      #expect(try await bad.response().status == 400)
      #expect(await bad.rest() == "")
      try await good.send("0\r\n\r\n")
      #expect(try await good.response().body == "a\n")
    }
  }

  private static func own(status: Int, sentence: String) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("X-Own", "yes")], body: .bytes(Array("{\(sentence)}".utf8)))
  }
}
