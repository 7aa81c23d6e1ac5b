import Primitives
import Testing

@testable import HTTPServer

/// How much of bodies is held.
@Suite struct BudgetTests {
  private static func configured(_ configuration: inout HTTPServer.Configuration, _ directory: String? = nil)
  {
    configuration.bodies.memory = 40_000
    configuration.bodies.claimedMemory = 20_000
    configuration.bodies.strangersMemory = 5_000
    configuration.bodies.disk = 200_000
    configuration.bodies.claimedDisk = 100_000
    configuration.bodies.piece = 10_000
    configuration.spoolDirectory = directory
    configuration.admit = { head in
      let standing: Standing =
        switch head.path {
        case "/hook": .claimed
        case "/key": .known
        default: .stranger
        }
      return .accept(bodyLimit: 1_000_000, from: standing)
    }
  }

  private func post(_ path: String, _ length: Int) -> String {
    get(path, method: "POST", "Content-Length: \(length)")
  }

  private func bytes(_ count: Int) -> String { String(repeating: "x", count: count) }

  @Test func `memory follows what came, not what was announced, and is given back`() async throws {
    try await serving(configured: { Self.configured(&$0) }) { server in
      let client = try Client(port: server.port)
      try await client.send(post("/hook", 900_000) + bytes(1000))
      try await eventually { server.statistics.bodiesInMemory == 1000 }
      client.leave()
      try await eventually { server.statistics.bodiesInMemory == 0 }
    }
  }

  @Test func `a slow request without a checked proof makes room for another, the longest first`() async throws
  {
    try await serving({ .text(200, "\($0.body.count)") }) {
      Self.configured(&$0)
    } _: { server in
      let slow = [try Client(port: server.port), try Client(port: server.port)]
      for (place, client) in slow.enumerated() {
        try await client.send(post("/hook", 9_500) + bytes(9_000))
        try await eventually { server.statistics.bodiesInMemory == 9_000 * (place + 1) }
      }
      let quick = try Client(port: server.port)
      try await quick.send(post("/hook", 9_000) + bytes(9_000))
      #expect(try await quick.response().body == "9000\n")
      #expect(try await slow[0].response().status == 503)
      try await slow[1].send(bytes(500))
      #expect(try await slow[1].response().body == "9500\n")
    }
  }

  @Test func `strangers get little, and never what those with a proof hold`() async throws {
    try await serving({ .text(200, "\($0.body.count)") }) {
      Self.configured(&$0)
    } _: { server in
      let hook = try Client(port: server.port)
      try await hook.send(post("/hook", 10_000) + bytes(9_000))
      try await eventually { server.statistics.bodiesInMemory == 9_000 }
      let stranger = try Client(port: server.port)
      try await stranger.send(post("/", 6_000) + bytes(6_000))
      #expect(try await stranger.response().status == 503)
      try await hook.send(bytes(1_000))
      #expect(try await hook.response().body == "10000\n")
    }
  }

  @Test func `those with a key have a reserve`() async throws {
    try await serving({ .text(200, "\($0.body.count)") }) {
      Self.configured(&$0)
      $0.bodies.piece = 1_000_000
    } _: { server in
      let slow = try Client(port: server.port)
      try await slow.send(post("/hook", 20_000) + bytes(19_000))
      try await eventually { server.statistics.bodiesInMemory == 19_000 }
      let keyed = try Client(port: server.port)
      try await keyed.send(post("/key", 21_000) + bytes(21_000))
      #expect(try await keyed.response().body == "21000\n")
      try await slow.send(bytes(1_000))
      #expect(try await slow.response().body == "20000\n")
    }
  }

  @Test(arguments: [false, true])
  func `a long body lies on the disk while it comes, and its handler gets it whole`(chunked: Bool)
    async throws
  {
    let folder = "/tmp"
    try await serving({ .text(200, "\($0.body.count) \($0.body.allSatisfy { $0 == 0x78 })") }) {
      Self.configured(&$0, folder)
    } _: { server in
      let client = try Client(port: server.port)
      if chunked {
        try await client.send(get("/key", method: "POST", "Transfer-Encoding: chunked"))
        for _ in 0..<3 { try await client.send("2710\r\n" + bytes(10_000) + "\r\n") }
      } else {
        try await client.send(post("/key", 30_001) + bytes(30_000))
      }
      try await eventually { server.statistics.bodiesOnDisk == 30_000 }
      #expect(server.statistics.bodiesInMemory == 0)
      try await client.send(chunked ? "1\r\nx\r\n0\r\n\r\n" : "x")
      #expect(try await client.response().body == "30001 true\n")
      try await eventually { server.statistics.bodiesOnDisk == 0 && server.statistics.bodiesInMemory == 0 }
    }
  }

  @Test func `bodies on the disk wait for room in memory, in their order`() async throws {
    let folder = "/tmp"
    let gate = Signal()
    let order = Record()
    try await serving({ request in
      order.add(request.target)
      try? await gate.wait()
      return .text(200, "\(request.body.count)")
    }) {
      Self.configured(&$0, folder)
    } _: { server in
      let clients = try (0..<3).map { _ in try Client(port: server.port) }
      for (place, client) in clients.enumerated() {
        try await client.send(post("/key", 30_000).replacing("/key", with: "/key?\(place)") + bytes(30_000))
        try await eventually { server.statistics.bodiesOnDisk >= 30_000 * (place + 1) }
      }
      try await eventually { order.lines.count == 1 }
      #expect(server.statistics.inFlight == 1)
      gate.raise()
      for client in clients { #expect(try await client.response().body == "30000\n") }
      #expect(order.lines == ["/key?0", "/key?1", "/key?2"])
    }
  }

  @Test func `who has shown a key may take long, as long as it comes fast enough`() async throws {
    try await serving({ .text(200, "\($0.body.count)") }) {
      Self.configured(&$0)
      $0.bodyTimeout = .milliseconds(300)
      $0.bodyRate = 50
    } _: { server in
      let (keyed, hook) = (try Client(port: server.port), try Client(port: server.port))
      try await keyed.send(post("/key", 5001) + bytes(5000))
      try await hook.send(post("/hook", 5001) + bytes(5000))
      #expect(try await hook.response().status == 408)
      try await keyed.send("x")
      #expect(try await keyed.response().body == "5001\n")
    }
  }
}
