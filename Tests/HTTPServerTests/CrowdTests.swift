import Primitives
import Testing

@testable import HTTPServer

/// Many connections, and few places for them.
@Suite struct CrowdTests {
  private static let small: @Sendable (inout HTTPServer.Configuration) -> Void = {
    $0.connectionLimit = 8
    $0.reserve = 4
    $0.addressLimit = 100
    $0.isProxy = { $0 == "127.0.0.1" }
    $0.admit = { head in
      switch head.path {
      case "/health": .accept(bodyLimit: 0, from: .probe)
      case "/hook": .accept(bodyLimit: 100, from: .claimed)
      case "/key": .accept(bodyLimit: 100, from: .known)
      default: .accept(bodyLimit: 100, from: .stranger)
      }
    }
  }

  @Test func `the connection that has been silent longest makes room for a new one`() async throws {
    try await serving(configured: Self.small) { server in
      let silent = try (0..<40).map { _ in try Client(port: server.port) }
      let client = try Client(port: server.port)
      #expect(try await client.status(of: get("/")) == 200)
      #expect(await silent[0].rest() == "")
      try await eventually { server.statistics.connections <= 8 }
      // The last ones are still there.
      #expect(try await silent[39].status(of: get("/")) == 200)
    }
  }

  @Test func `half a head counts as silence, and a known client goes last`() async throws {
    try await serving(configured: Self.small) { server in
      let known = try Client(port: server.port)
      #expect(try await known.status(of: get("/key")) == 200)
      let hook = try Client(port: server.port)
      #expect(try await hook.status(of: get("/hook", method: "POST", "Content-Length: 2") + "ok") == 200)
      let slow = try (0..<40).map { _ in try Client(port: server.port) }
      for client in slow { try? await client.send("GET / HTTP/1.1\r\nX: ") }
      try await eventually { server.statistics.closedForRoom >= 34 }
      #expect(try await known.status(of: get("/key")) == 200)
      #expect(try await hook.status(of: get("/hook", method: "POST", "Content-Length: 2") + "ok") == 200)
    }
  }

  @Test func `webhooks and health are answered from the reserve, when all others are at work`() async throws {
    let gate = Signal()
    try await serving({ request in
      if request.path == "/key" { try? await gate.wait() }
      return .text(200, "ok")
    }) {
      Self.small(&$0)
    } _: { server in
      let busy = try (0..<8).map { _ in try Client(port: server.port) }
      for client in busy { try await client.send(get("/key")) }
      try await eventually { server.statistics.inFlight == 8 }
      for (path, status) in [("/health", 200), ("/hook", 200), ("/", 503), ("/key", 503)] {
        let client = try Client(port: server.port)
        try await client.send(get(path))
        let response = try await client.response()
        #expect(response.status == status, "\(path)")
        #expect(response.headers.first("Connection") == "close")
        #expect(await client.rest() == "")
      }
      gate.raise()
      for client in busy { #expect(try await client.response().status == 200) }
    }
  }

  @Test func `one address has so many connections, those with a key not counted`() async throws {
    try await serving(configured: {
      Self.small(&$0)
      $0.connectionLimit = 100
      $0.addressLimit = 4
      $0.isProxy = { _ in false }
    }) { server in
      var known: [Client] = []
      for _ in 0..<6 {
        known.append(try Client(port: server.port))
        #expect(try await known.last?.status(of: get("/key")) == 200)
      }
      let strangers = try (0..<5).map { _ in try Client(port: server.port) }
      #expect(await strangers[0].rest() == "")
      #expect(try await strangers[4].status(of: get("/")) == 200)
      for client in known { #expect(try await client.status(of: get("/key")) == 200) }
      #expect(server.statistics.connections == 10)
    }
  }

  @Test func `behind a proxy the requests of one address are counted, by what the proxy says`() async throws {
    let gate = Signal()
    try await serving({ request in
      try? await gate.wait()
      return .text(200, request.peer)
    }) {
      Self.small(&$0)
      $0.connectionLimit = 100
      $0.addressLimit = 2
    } _: { server in
      func ask(_ forwarded: String) async throws -> Client {
        let client = try Client(port: server.port)
        try await client.send(get("/", "X-Forwarded-For: \(forwarded)"))
        return client
      }
      let two = [try await ask("198.51.100.7, 203.0.113.9"), try await ask("203.0.113.9, 127.0.0.1")]
      try await eventually { server.statistics.inFlight == 2 }
      let third = try await ask("203.0.113.9")
      let other = try await ask("203.0.113.10")
      #expect(try await third.response().status == 429)
      gate.raise()
      for client in two { #expect(try await client.response().body == "203.0.113.9\n") }
      #expect(try await other.response().body == "203.0.113.10\n")
    }
  }

  @Test func `a head has seconds, though it goes on coming`() async throws {
    try await serving(configured: { $0.headTimeout = .milliseconds(200) }) { server in
      let silent = try Client(port: server.port)
      let slow = try Client(port: server.port)
      try await slow.send("GET / HTTP/1.1\r\n")
      let trickle = Task {
        while !Task.isCancelled {
          try await slow.send("X: y\r\n"); try await Task.sleep(for: .milliseconds(20))
        }
      }
      defer { trickle.cancel() }
      #expect(await silent.rest() == "")
      #expect(await slow.rest().hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test(arguments: [
    ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
    ("10.0.0.1", [("X-Forwarded-For", "6.6.6.6, 192.0.2.1")], "192.0.2.1"),
    ("10.0.0.1", [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.1, 10.0.0.2")], "192.0.2.1"),
    ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1:4711")], "192.0.2.1"),
    ("10.0.0.1", [("X-Forwarded-For", "[2001:db8::1]:4711")], "2001:db8::1"),
    ("10.0.0.1", [("X-Forwarded-For", "2001:db8::1")], "2001:db8::1"),
    ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1, nonsense")], "10.0.0.1"),
    ("10.0.0.1", [("X-Forwarded-For", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
    ("10.0.0.1", [("X-Forwarded-For", "")], "10.0.0.1"), ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", [("Forwarded", "for=192.0.2.1;proto=https")], "192.0.2.1"),
    ("10.0.0.1", [("Forwarded", "For=6.6.6.6, for=\"[2001:db8::1]:80\"")], "2001:db8::1"),
    ("10.0.0.1", [("Forwarded", "for=6.6.6.6"), ("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
    ("10.0.0.1", [("Forwarded", "for=_hidden")], "10.0.0.1"),
    ("192.0.2.99", [("X-Forwarded-For", "192.0.2.1")], "192.0.2.99"),
    ("192.0.2.99", [("Forwarded", "for=192.0.2.1")], "192.0.2.99"),
  ])
  func `what a proxy says of its client counts, and nobody else's word does`(
    peer: String, fields: [(String, String)], client: String
  ) {
    let headers = HTTPHeaders(fields.map { (name: $0.0, value: $0.1) })
    #expect(Forwarding.client(of: peer, headers) { $0.hasPrefix("10.") } == client)
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
    ("::ffff:192.0.2.1", "192.0.2.1", true),
    ("2001:db8::1", "2001:db8:0:0:ffff::2", true), ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
    ("::c000:201", "192.0.2.1", false),
  ])
  func `addresses count by themselves, those of IPv6 by their network`(one: String, other: String, same: Bool)
  {
    #expect((AddressBlock(one) == AddressBlock(other)) == same)
    #expect(AddressBlock("nobody") == nil)
  }
}
