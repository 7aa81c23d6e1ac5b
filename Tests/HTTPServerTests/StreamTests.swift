import Primitives
import Testing

@testable import HTTPServer

@Suite struct StreamTests {
  private func streaming(
    _ channel: ByteChannel, configured: (inout HTTPServer.Configuration) -> Void = { _ in },
    _ test: (HTTPServer) async throws -> Void
  ) async throws {
    try await serving(
      { _ in
        HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: .stream(channel))
      }, configured: configured, test)
  }

  @Test func `the head comes at once, then each event by itself, then the end`() async throws {
    let channel = ByteChannel()
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/events"))
      #expect(try await client.streamHead().contains("Content-Type: text/event-stream\r\n"))
      #expect(server.statistics.streams == 1)
      for number in 0..<10 {
        #expect(channel.send(Array("data: \(number)\n\n".utf8)))
        #expect(try await client.chunk() == "data: \(number)\n\n")
      }
      channel.send(Array("last".utf8))
      channel.finish()
      #expect(!channel.send([1]))
      #expect(try await client.chunk() == "last")
      #expect(try await client.chunk() == nil)
      // The connection can be used again.
      try await client.send(get("/events", method: "HEAD"))
      #expect(try await client.response(toHead: true).status == 200)
    }
  }

  @Test func `events sent before the client is there wait for it`() async throws {
    let channel = ByteChannel()
    channel.send(Array("early".utf8))
    channel.finish()
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      #expect(try await client.response().body == "early")
    }
  }

  @Test func `an HTTP/1.0 client gets the stream until the connection closes`() async throws {
    let channel = ByteChannel()
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send("GET / HTTP/1.0\r\n\r\n")
      #expect(!(try await client.streamHead().contains("chunked")))
      channel.send(Array("one ".utf8))
      channel.send(Array("two".utf8))
      channel.finish()
      #expect(await client.rest() == "one two")
    }
  }

  @Test func `a silent stream says that it is alive`() async throws {
    let channel = ByteChannel(heartbeat: .milliseconds(20))
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      _ = try await client.streamHead()
      for _ in 0..<3 { #expect(try await client.chunk() == ": keep-alive\n\n") }
      channel.send(Array("data: x\n\n".utf8))
      var chunk = try await client.chunk()
      while chunk == ": keep-alive\n\n" { chunk = try await client.chunk() }
      #expect(chunk == "data: x\n\n")
    }
  }

  @Test(arguments: [true, false])
  func `an idle stream ends when its client leaves`(completely: Bool) async throws {
    let channel = ByteChannel()
    let told = Signal()
    channel.onClose(told.raise)
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/"))
      _ = try await client.streamHead()
      if completely { client.leave() } else { client.finishSending() }
      await channel.closed()
      try await told.wait()
      #expect(!channel.isOpen)
      try await eventually { server.statistics == HTTPServer.Statistics() }
    }
  }

  @Test func `a client that stops reading is dropped, and its memory is bounded`() async throws {
    let log = Record()
    let channel = ByteChannel(limit: 256 << 10)
    try await streaming(channel, configured: { $0.log = log.add }) { server in
      let client = try Client(port: server.port, receiveBuffer: 4096)
      try await client.send(get("/events?key=secret"))
      _ = try await client.streamHead()
      let event = [UInt8](repeating: 0x61, count: 64 << 10)
      try await eventually { !channel.send(event) }
      await channel.closed()
      try await eventually { server.statistics.connections == 0 }
      #expect(server.statistics.droppedStreams == 1)
      #expect(server.statistics.streams == 0)
    }
    #expect(log.lines == ["Dropped the stream /events of 127.0.0.1: the client reads too slowly."])
  }

  @Test func `a client that stops reading without new events is dropped after the idle time`() async throws {
    let channel = ByteChannel(limit: 64 << 20)
    try await streaming(channel, configured: { $0.idleTimeout = .milliseconds(900) }) { server in
      let client = try Client(port: server.port, receiveBuffer: 4096)
      try await client.send(get("/"))
      _ = try await client.streamHead()
      #expect(channel.send([UInt8](repeating: 0x61, count: 32 << 20)))
      await channel.closed()
      try await eventually { server.statistics.connections == 0 }
      #expect(server.statistics.droppedStreams == 1)
    }
  }

  @Test func `HEAD for a stream closes the channel`() async throws {
    let channel = ByteChannel()
    try await streaming(channel) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "HEAD"))
      #expect(try await client.response(toHead: true).status == 200)
      await channel.closed()
      #expect(!channel.isOpen)
    }
  }

  @Test func `two hundred streams get every event`() async throws {
    // Without a heartbeat in between, however long a busy machine takes.
    let channels = (0..<200).map { _ in ByteChannel(heartbeat: .seconds(600)) }
    let next = Lock(0)
    try await serving({ _ in
      let index = next.withLock { next in
        defer { next += 1 }
        return next
      }
      return HTTPResponse(status: 200, body: .stream(channels[index]))
    }) { server in
      let clients = try channels.map { _ in try Client(port: server.port) }
      for client in clients { try await client.send(get("/")) }
      for client in clients { _ = try await client.streamHead() }
      #expect(server.statistics.streams == 200)
      for number in 0..<20 {
        let event = Array("data: \(number)\n\n".utf8)
        for channel in channels { channel.send(event) }
      }
      for channel in channels { channel.finish() }
      let expected = (0..<20).map { "data: \($0)\n\n" }.joined()
      for client in clients {
        var text = ""
        while let chunk = try await client.chunk() { text += chunk }
        #expect(text == expected)
      }
    }
  }

  @Test func `HEAD gets the head of a stream, and the connection can be used again`() async throws {
    try await serving({ _ in
      let channel = ByteChannel()
      channel.send(Array("event".utf8))
      channel.finish()
      return HTTPResponse(
        status: 200, headers: [("Content-Type", "text/event-stream")], body: .stream(channel))
    }) { server in
      let client = try Client(port: server.port)
      try await client.send(get("/", method: "HEAD"))
      let head = try await client.response(toHead: true)
      #expect(head.status == 200)
      #expect(head.headers.first("Content-Type") == "text/event-stream")
      try await client.send(get("/"))
      #expect(try await client.response().body == "event")
    }
  }
}
