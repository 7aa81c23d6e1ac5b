import Primitives
import Testing

@testable import HTTPServer

@Suite struct LoadTests {
  @Test(arguments: [true, false])
  func `512 connections at once are all served, again and again`(inline: Bool) async throws {
    try await serving(
      { .text(200, $0.path) },
      configured: {
        if inline { $0.inline = { .text(200, $0.path) } }
      }
    ) { server in
      let clients = try (0..<512).map { _ in try Client(port: server.port) }
      for round in 0..<3 {
        // All requests are on their way before the first answer is read.
        for client in clients { try await client.send(get("/\(round)")) }
        for client in clients { #expect(try await client.response().body == "/\(round)\n") }
      }
      #expect(server.statistics.connections == 512)
    }
  }

  @Test func `connections beyond the limit wait until one closes, when all are at work`() async throws {
    let gate = Signal()
    try await serving({ _ in
      try? await gate.wait()
      return .text(200, "ok")
    }) {
      $0.connectionLimit = 2
      $0.reserve = 0
    } _: { server in
      let (one, two, three) = (
        try Client(port: server.port), try Client(port: server.port), try Client(port: server.port)
      )
      try await one.send(get("/"))
      try await two.send(get("/"))
      try await eventually { server.statistics.inFlight == 2 }
      try await three.send(get("/"))
      #expect(server.statistics.connections == 2)
      gate.raise()
      #expect(try await one.response().status == 200)
      one.leave()
      #expect(try await three.response().status == 200)
    }
  }

  @Test func `clients that come and go leave nothing behind`() async throws {
    try await serving({ request in
      if request.path == "/stream" { return HTTPResponse(status: 200, body: .stream(ByteChannel())) }
      await Task.yield()
      return .text(200, "ok")
    }) { server in
      for number in 0..<300 {
        let client = try Client(port: server.port)
        try await client.send(get(number.isMultiple(of: 2) ? "/stream" : "/"))
        if number.isMultiple(of: 3) { client.leave() }
      }
      try await eventually { server.statistics == HTTPServer.Statistics() }
    }
  }
}
