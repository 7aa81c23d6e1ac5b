import Testing

@testable import Hands

@Suite struct EgressRequestTests {
  static func read(_ head: String) throws -> EgressRequest {
    try EgressRequest(Array((head.replacing("\n", with: "\r\n") + "\r\n\r\n").utf8))
  }

  @Test(arguments: [
    ("CONNECT example.com:443 HTTP/1.1", "example.com", 443),
    ("CONNECT Example.COM.:8443 HTTP/1.1\nHost: x", "example.com", 8443),
    ("CONNECT [2001:DB8::1]:443 HTTP/1.0", "2001:db8::1", 443),
    ("CONNECT 2130706433:80 HTTP/1.1", "2130706433", 80),
  ])
  func `a tunnel is asked for by host and port`(head: String, host: String, port: Int) throws {
    let request = try Self.read(head)
    #expect(request.host == host && Int(request.port) == port && request.kind == .tunnel)
  }

  @Test func `a request for an address becomes one for its path`() throws {
    let request = try Self.read(
      """
      POST http://Example.com:8080/a?b=c#d HTTP/1.1
      Host: other.example
      Proxy-Authorization: Basic secret
      Connection: keep-alive, X-Hop, Content-Length
      X-Hop: 1
      Accept: */*
      Content-Length: 5
      """)
    #expect(request.host == "example.com" && request.port == 8080)
    let expected =
      "POST /a?b=c HTTP/1.1\r\nHost: Example.com:8080\r\naccept: */*\r\ncontent-length: 5\r\nConnection: close\r\n\r\n"
    #expect(request.kind == .plain(head: Array(expected.utf8), body: .bytes(5)))
  }

  @Test(arguments: [
    ("GET http://a.example HTTP/1.1", EgressRequest.Body.bytes(0)),
    ("PUT http://a.example/ HTTP/1.1\nTransfer-Encoding: chunked", .chunks),
  ])
  func `the body is as long as its headers say`(head: String, body: EgressRequest.Body) throws {
    guard case .plain(_, let read) = try Self.read(head).kind else {
      Issue.record("It is a plain request.")
      return
    }
    #expect(read == body)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1", "it is a proxy, so it wants CONNECT host:port or an address with http://"),
    ("GET https://a.example/ HTTP/1.1", "addresses with https:// are asked for with CONNECT"),
    (
      "GET ftp://a.example/ HTTP/1.1",
      "it is a proxy, so it wants CONNECT host:port or an address with http://"
    ),
    ("CONNECT a.example HTTP/1.1", "“a.example” names no port"),
    ("CONNECT a.example:0 HTTP/1.1", "“a.example:0” names no port"),
    ("CONNECT a.example:+80 HTTP/1.1", "“a.example:+80” names no port"),
    ("GET http://a.example:+80/ HTTP/1.1", "“a.example:+80” names no port"),
    ("CONNECT a.example:65536 HTTP/1.1", "“a.example:65536” names no port"),
    ("CONNECT user@a.example:443 HTTP/1.1", "“user@a.example:443” names no host"),
    ("CONNECT a/b:443 HTTP/1.1", "“a/b:443” names no host"),
    ("CONNECT [a.example]:443 HTTP/1.1", "“[a.example]:443” names no host"),
    ("CONNECT [fe80::1%eth0]:443 HTTP/1.1", "“[fe80::1%eth0]:443” names no host"),
    ("CONNECT :443 HTTP/1.1", "“:443” names no host"),
    ("CONNECT a.example:443", "its first line is not that of a request"),
    ("CONNECT  a.example:443 HTTP/1.1", "its first line is not that of a request"),
    (
      "GET http://a.example/ HTTP/1.1\nContent-Length: 1\nContent-Length: 2",
      "it gives the length of its body twice"
    ),
    (
      "GET http://a.example/ HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked",
      "it gives the length of its body twice"
    ),
    ("GET http://a.example/ HTTP/1.1\nContent-Length: +1", "the length of its body is no number"),
    (
      "GET http://a.example/ HTTP/1.1\nTransfer-Encoding: gzip", "it knows the transfer encoding chunked only"
    ),
    ("GET http://a.example/ HTTP/1.1\nbad header: 1", "a header is not of the form name: value"),
    ("GET http://a.example/ HTTP/1.1\nx: a\u{1}b", "a header holds a control character"),
  ])
  func `what is not understood is refused with what is wrong`(head: String, reason: String) {
    let error = #expect(throws: EgressRefusal.self) { try Self.read(head) }
    #expect(error?.description == "The sandbox's proxy did not understand the request: \(reason).")
    #expect(error?.status == 400)
  }
}
