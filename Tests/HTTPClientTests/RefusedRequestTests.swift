import HTTPClient
import Testing

/// Nothing of these reaches a server; the port is one where nothing listens.
@Suite struct `Requests that cannot be sent` {
  private func reason(_ request: HTTPClient.Request) async -> String {
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    do {
      _ = try await client.send(request)
      return "sent"
    } catch HTTPClientError.invalidRequest(let reason) {
      return reason
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\u{7F}", "\u{1}", "\r\n"])
  func `a header value with a control character`(value: String) async {
    let reason = await reason(.init(url: "http://127.0.0.1:1/", headers: [("X-Note", value)]))
    #expect(reason == "the value of header X-Note holds a line end or another control character.")
  }

  @Test(arguments: ["", "X Y", "X:Y", "X\r\nY", "Ä", "X\0"])
  func `a header name that is no token`(name: String) async {
    let reason = await reason(.init(url: "http://127.0.0.1:1/", headers: [(name, "1")]))
    #expect(reason == "a header has a name that is not a word of HTTP.")
  }

  @Test(arguments: ["content-length", "Transfer-Encoding"])
  func `a header that frames the body`(name: String) async {
    let reason = await reason(.init(url: "http://127.0.0.1:1/", headers: [(name, "5")]))
    #expect(reason == "header \(name) follows from the body and cannot be given.")
  }

  @Test(arguments: ["", "GET /evil HTTP/1.1\r\n", "G T"])
  func `a method that is no token`(method: String) async {
    #expect(
      await reason(.init(method: method, url: "http://127.0.0.1:1/")) == "the method is not a word of HTTP.")
  }

  @Test(arguments: [
    "", "127.0.0.1:1", "/path", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:1/", "http://",
    "http://127.0.0.1:1/a b", "http://127.0.0.1:1/\r\nX: 1", "http://127.0.0.1:1/\0",
    "http://127.0.0.1:99999/",
    "http://[::1/",
  ])
  func `an address that is not plain HTTP`(url: String) async {
    let reason = await reason(.init(url: url))
    #expect(reason == "its address is not of the form http://host/path or https://host/path.")
  }

  @Test func `two bodies, or one where none may be`() async {
    let url = "http://127.0.0.1:1/"
    #expect(
      await reason(.init(method: "PUT", url: url, body: [1], upload: "/tmp/x"))
        == "it has both a body and a file to upload.")
    #expect(await reason(.init(method: "HEAD", url: url, body: [1])) == "HEAD carries no body.")
  }
}
