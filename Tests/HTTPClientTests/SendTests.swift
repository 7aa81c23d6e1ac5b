import Foundation
import HTTPClient
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5)))
struct `Sending a request` {
  @Test func `an answer has its status, fields and body`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil {
        connection.answer("here", status: "201 Created", headers: "X-One: 1\r\nx-one:  2 \r\nX-Empty:\r\n")
      }
    } _: { client, server in
      let response = try await client.send(.init(url: server.url("/a?b=c")))
      #expect(response.status == 201)
      #expect(response.text == "here")
      #expect(response.headers.first("X-ONE") == "1")
      #expect(response.headers.all("x-One") == ["1", "2"])
      #expect(response.headers.first("x-empty") == "")
      #expect(response.headers.first("x-missing") == nil)
    }
  }

  @Test func `the request on the wire is what was asked and nothing more`() async throws {
    try await withServer { connection in
      while let (head, body) = connection.readRequest() {
        connection.answer(head + String(decoding: body, as: UTF8.self))
      }
    } _: { client, server in
      let response = try await client.send(
        .init(
          method: "PATCH", url: server.url("/x"),
          headers: [("X-Key", "a: b\t"), ("X-Empty", ""), ("Content-Type", "application/json")],
          body: Array("{}".utf8)))
      let expected = """
        PATCH /x HTTP/1.1\r
        Host: 127.0.0.1:\(server.port)\r
        User-Agent: errand-test\r
        Accept: */*\r
        X-Key: a: b\t\r
        X-Empty:\r
        Content-Type: application/json\r
        Content-Length: 2\r
        \r
        {}
        """
      #expect(response.text == expected)
    }
  }

  @Test(arguments: ["POST", "PUT", "PATCH"])
  func `a method that carries a body sends an empty one if it has none`(method: String) async throws {
    try await withServer { connection in
      while let (head, _) = connection.readRequest() { connection.answer(head) }
    } _: { client, server in
      let text = try await client.send(.init(method: method, url: server.url())).text
      #expect(text.hasPrefix("\(method) / HTTP/1.1\r\n"))
      #expect(text.contains("Content-Length: 0\r\n"))
      #expect(!text.contains("Expect:"))
      #expect(!text.contains("Content-Type:"))
    }
  }

  @Test(arguments: ["GET", "DELETE", "OPTIONS", "PURGE"])
  func `a method without a body announces none`(method: String) async throws {
    try await withServer { connection in
      while let head = connection.readHead() { connection.answer(head) }
    } _: { client, server in
      let text = try await client.send(.init(method: method, url: server.url())).text
      #expect(text.hasPrefix("\(method) / HTTP/1.1\r\n"))
      #expect(!text.contains("Content-Length"))
    }
  }

  @Test func `a query may carry a body`() async throws {
    try await withServer { connection in
      while let (head, body) = connection.readRequest() {
        connection.answer(String(head.prefix(4)) + String(decoding: body, as: UTF8.self))
      }
    } _: { client, server in
      let text = try await client.send(.init(url: server.url(), body: Array("find".utf8))).text
      #expect(text == "GET find")
    }
  }

  @Test func `HEAD has a length and no body, and the connection stays good`() async throws {
    try await withServer { connection in
      while let head = connection.readHead() {
        if head.hasPrefix("HEAD") {
          connection.write("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        } else {
          connection.answer("after")
        }
      }
    } _: { client, server in
      let head = try await client.send(.init(method: "HEAD", url: server.url()))
      #expect(head.status == 200)
      #expect(head.body.isEmpty)
      #expect(head.headers.first("content-length") == "99999999999")
      let answer = try await client.send(.init(url: server.url()))
      #expect(answer.text == "after")
      #expect(server.accepted == 1)
    }
  }

  @Test(arguments: ["204 No Content", "304 Not Modified"])
  func `a status without a body needs no length`(status: String) async throws {
    try await withServer { connection in
      while connection.readHead() != nil { connection.write("HTTP/1.1 \(status)\r\nETag: x\r\n\r\n") }
    } _: { client, server in
      for _ in 0..<2 {
        let response = try await client.send(.init(url: server.url()))
        #expect(response.status == Int(status.prefix(3)))
        #expect(response.body.isEmpty)
        #expect(response.headers.first("etag") == "x")
      }
      #expect(server.accepted == 1)
    }
  }

  @Test func `a chunked body is joined and its trailers are dropped`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil {
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        connection.write("4;ext=1\r\nwiki\r\n6\r\npedia!\r\n0\r\nX-Sum: 1\r\n\r\n")
      }
    } _: { client, server in
      for _ in 0..<2 {
        let response = try await client.send(.init(url: server.url()))
        #expect(response.text == "wikipedia!")
        #expect(response.headers.first("x-sum") == nil)
      }
      #expect(server.accepted == 1)
    }
  }

  @Test func `a body without a length ends with the connection`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.write("HTTP/1.0 200 OK\r\n\r\nuntil the end")
    } _: { client, server in
      let answer = try await client.send(.init(url: server.url()))
      #expect(answer.text == "until the end")
    }
  }

  @Test func `interim answers come before the real one`() async throws {
    try await withServer { connection in
      while connection.readHead() != nil {
        connection.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        connection.answer("real")
      }
    } _: { client, server in
      let response = try await client.send(.init(url: server.url()))
      #expect(response.status == 200)
      #expect(response.text == "real")
      #expect(response.headers.first("link") == nil)
    }
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func `a redirect is an answer and is not followed`(status: Int) async throws {
    try await withServer { connection in
      while connection.readHead() != nil {
        connection.answer("moved", status: "\(status) X", headers: "Location: /b\r\n")
      }
    } _: { client, server in
      let response = try await client.send(.init(url: server.url("/a")))
      #expect(response.status == status)
      #expect(response.headers.first("Location") == "/b")
      #expect(response.text == "moved")
    }
  }

  @Test func `cookies are not kept`() async throws {
    try await withServer { connection in
      while let head = connection.readHead() {
        connection.answer(head, headers: "Set-Cookie: a=b; Path=/\r\n")
      }
    } _: { client, server in
      for _ in 0..<2 {
        let seen = try await client.send(.init(url: server.url())).text
        #expect(!seen.contains("a=b"))
      }
    }
  }

  @Test func `a user and password of the address become a header`() async throws {
    try await withServer { connection in
      while let head = connection.readHead() { connection.answer(head) }
    } _: { client, server in
      let text = try await client.send(.init(url: "http://me:pw@127.0.0.1:\(server.port)/")).text
      #expect(text.contains("Authorization: Basic bWU6cHc=\r\n"))
    }
  }

  @Test func `a proxy in the environment is not used`() async throws {
    await #expect(processExitsWith: .success) {
      setenv("http_proxy", "http://127.0.0.1:1", 1)
      setenv("ALL_PROXY", "http://127.0.0.1:1", 1)
      try await withServer { connection in
        while connection.readHead() != nil { connection.answer() }
      } _: { client, server in
        let response = try await client.send(.init(url: server.url()))
        exit(response.text == "ok" ? 0 : 1)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(5)))
struct `Sending a body` {
  static let large = (0..<(8 * 1024 * 1024)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  @Test func `a large body arrives whole`() async throws {
    try await withServer { connection in
      while let (_, body) = connection.readRequest() {
        connection.answer(body == Self.large ? "same" : "different")
      }
    } _: { client, server in
      let answer = try await client.send(.init(method: "POST", url: server.url(), body: Self.large))
      #expect(answer.text == "same")
    }
  }

  @Test func `a file is sent with its length`() async throws {
    let path = "/tmp/errand-upload-\(Hex.encode(Randomness.system.bytes(8)))"
    #expect(FileManager.default.createFile(atPath: path, contents: Data(Self.large)))
    defer { unlink(path) }
    try await withServer { connection in
      while let (_, body) = connection.readRequest() {
        connection.answer(body == Self.large ? "same" : "different")
      }
    } _: { client, server in
      let answer = try await client.send(.init(method: "PUT", url: server.url(), upload: path))
      #expect(answer.text == "same")
    }
  }

  @Test func `a server that says no early is heard`() async throws {
    try await withServer { connection in
      _ = connection.readHead()
      connection.answer("too much", status: "413 Too Large", headers: "Connection: close\r\n")
      connection.waitForHangUp()
    } _: { client, server in
      let response = try await client.send(.init(method: "POST", url: server.url(), body: Self.large))
      #expect(response.status == 413)
    }
  }

  @Test func `a body is sent again from its start when a kept connection was dead`() async throws {
    try await withServer { connection in
      guard let first = connection.readRequest() else { return }
      connection.answer("\(connection.index) \(first.body.count)")
      // The first connection takes the second request and says nothing to it.
      _ = connection.readRequest()
    } _: { client, server in
      let body = Array(Self.large.prefix(100_000))
      let answer = try await client.send(.init(method: "POST", url: server.url(), body: body))
      #expect(answer.text == "0 100000")
      let next = try await client.send(.init(method: "POST", url: server.url(), body: body))
      #expect(next.text == "1 100000")
    }
  }

  @Test(arguments: ["/nowhere/at/all", "/tmp", "/dev/null"])
  func `what is not a readable file is refused`(path: String) async throws {
    let client = HTTPClient(userAgent: "errand-test")
    defer { client.close() }
    await #expect {
      _ = try await client.send(.init(method: "PUT", url: "http://127.0.0.1:9/", upload: path))
    } throws: {
      guard case HTTPClientError.invalidRequest(let reason) = $0 else { return false }
      return reason.contains(path)
    }
  }
}
