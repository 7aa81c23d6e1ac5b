import JSON
import Primitives

// Events going in over HTTP, and out to many streams.
extension WireBench {
  /// Only the API works here: what is appended stays queued, and is shown as it comes.
  func appendsAndStreams(_ appends: Int, _ streams: Int) async throws {
    let errand = try await serve("streams", role: "api")
    let made = try await agent(errand)
    var sessions: [String] = []
    for _ in 0..<max(1, appends / 500) + 1 {
      let session = try await errand.post(
        "/v1/sessions", ["agent": made.agent, "environment_id": made.environment])
      sessions.append(session["id"]?.stringValue ?? "")
    }
    try await self.appends(appends, to: Array(sessions.dropLast()), of: errand)
    try await fanOut(streams, sessions.last ?? "", errand)
    await errand.stop()
  }

  private func appends(_ count: Int, to sessions: [String], of errand: ErrandProcess) async throws {
    let port = errand.settings.port
    let requests = (0..<count).map { number in
      WireBench.request(
        "/v1/sessions/\(sessions[number % sessions.count])/events", WireBench.message("\(number)"), port)
    }
    let figures = try await blocking { try Volley(port: port, connections: 64).fire(requests) }
    print(
      "appends         \(Int(figures.perSecond)) events per second over HTTP, one per request, 64 connections; p50 "
        + "\(Percentiles.text(figures.percentile(0.5))), p99 \(Percentiles.text(figures.percentile(0.99))), "
        + "answers \(figures.statuses)")
  }

  private static func request(_ path: String, _ event: JSON, _ port: UInt16) -> [UInt8] {
    let body = (["events": [event]] as JSON).bytes
    let head =
      "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nx-api-key: \(ErrandProcess.key)\r\n"
      + "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
    return Array(head.utf8) + body
  }

  private func fanOut(_ streams: Int, _ session: String, _ errand: ErrandProcess) async throws {
    let path = "/v1/sessions/\(session)/events"
    let port = errand.settings.port
    let empty = errand.memory()
    let (singles, bursts, size) = (40, 9, 100)
    let sent = Lock<[Int64]>([])
    let memory = Lock<Int64>(0)
    let (opened, open) = AsyncStream.makeStream(of: Void.self)
    let reading = Task {
      try await blocking {
        let crowd = try StreamCrowd(
          port: port, path: path + "/stream", key: ErrandProcess.key, count: streams)
        memory.withLock { $0 = errand.memory() - empty }
        open.yield()
        var latencies: [Int64] = []
        latencies.reserveCapacity(singles * streams)
        try crowd.read(until: singles) { number in
          latencies.append(Volley.microseconds() - sent.withLock { $0[number] })
        }
        let begun = StreamCrowd.worked
        open.yield()
        try crowd.read(until: singles + bursts * size)
        return (latencies, Volley.microseconds(), StreamCrowd.worked - begun)
      }
    }
    var steps = opened.makeAsyncIterator()
    await steps.next()
    for number in 0..<singles {
      sent.withLock { $0.append(Volley.microseconds()) }
      _ = try await errand.post(path, ["events": [WireBench.message("\(number)")]])
      try await Task.sleep(for: .milliseconds(100))
    }
    await steps.next()
    let (start, before) = (Volley.microseconds(), errand.worked)
    let burst: JSON = ["events": .array(Array(repeating: WireBench.message("burst"), count: size))]
    for _ in 0..<bursts { _ = try await errand.post(path, burst) }
    let (latencies, end, read) = try await reading.value
    let served = errand.worked - before
    let count = Double(bursts * size * streams)
    let delivered = count / (Double(end - start) / 1e6)
    print(
      "streams         \(streams) streams of one session: \(Int(delivered)) events per second delivered, "
        + "\(memory.withLock { $0 } / Int64(max(1, streams))) bytes of memory each when idle")
    WireBench.line("", "one event, from before its request to each stream", latencies)
    func each(_ microseconds: Int64) -> Double { (Double(microseconds) / count * 100).rounded() / 100 }
    print(
      "                \(each(served)) µs of the server's processor time per event and stream, "
        + "\(each(read)) µs of the reader's"
        + (read > served ? ": the reader had more to do than the server, so it is the limit" : ""))
  }
}
