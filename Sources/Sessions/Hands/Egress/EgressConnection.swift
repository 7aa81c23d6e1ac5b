import Glibc
import HTTPClient
import Logging
import Primitives

/// One connection of a program in the sandbox: its request, and then bytes both ways.
final class EgressConnection: Sendable {
  private enum Phase { case head, connecting, open }
  private struct State {
    var phase = Phase.head
    /// Counts what happened, so that the watchdog sees whether anything did.
    var steps = 0
    var isCut = false
    /// Nothing of it goes on.
    var isOver = false
    var upstream: StreamSocket?
    var lookup: Task<[IPAddress], any Error>?
  }

  private let client: StreamSocket
  private let rules: EgressRules
  private let settings: EgressSettings
  private let lookups: Seats
  private let session: ObjectIdentifier
  private let count: @Sendable (_ change: (inout EgressTraffic) -> Void) -> Void
  private let state = Lock(State())

  /// Bytes taken in one go.
  private static let chunk = 65_536

  /// Between two cuts of one connection.
  private static let cutPause = Duration.seconds(1)

  /// - Parameters:
  ///   - lookups: shared with the other connections of the sandbox.
  ///   - session: stands for the session among those who look names up.
  ///   - count: called with each change of the session's traffic.
  init(
    _ client: StreamSocket, _ rules: EgressRules, _ settings: EgressSettings, lookups: Seats,
    session: ObjectIdentifier,
    count: @escaping @Sendable (_ change: (inout EgressTraffic) -> Void) -> Void
  ) {
    self.client = client
    self.rules = rules
    self.settings = settings
    self.lookups = lookups
    self.session = session
    self.count = count
  }

  /// Returns when the connection is over.
  func serve() async {
    let watchdog = Task { try await self.watch() }
    defer { watchdog.cancel() }
    do {
      try await take()
    } catch let refusal as EgressRefusal {
      await answer(refusal)
    } catch {
      // Either end broke off, as connections do.
    }
    finish()
  }

  /// Turns the connection away without reading it.
  func refuse(_ refusal: EgressRefusal) async {
    let watchdog = Task { try await self.watch() }
    defer { watchdog.cancel() }
    await answer(refusal)
    finish()
  }

  /// Ends it from outside.
  func cut() {
    let isFirst = state.withLock { state in
      defer { state.isCut = true }
      return !state.isCut
    }
    shut()
    guard isFirst else { return }
    // A socket that is just about to connect takes no notice.
    Task {
      while !state.withLock({ $0.isOver }) {
        try await settings.time.sleep(Self.cutPause)
        shut()
      }
    }
  }

  private func finish() {
    state.withLock { state in
      state.isCut = true
      state.isOver = true
    }
    shut()
  }

  private func shut() {
    client.cut()
    let (upstream, lookup) = state.withLock { ($0.upstream, $0.lookup) }
    upstream?.cut()
    lookup?.cancel()
  }

  private func requireUncut() throws {
    guard !state.withLock({ $0.isCut }) else { throw StreamSocket.Failure.broken(errno: ECONNABORTED) }
  }

  // MARK: The request

  private func take() async throws {
    let (head, rest) = try await readHead()
    let request = try EgressRequest(head)
    try rules.check(request.host)
    enter(.connecting)
    let upstream = try await connect(request)
    enter(.open)
    switch request.kind {
    case .tunnel:
      try await client.write(Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8))
      try await pass(rest, to: upstream, limit: .max)
    case .plain(let head, let body):
      try requireUncut()
      count { $0.sent += Int64(head.count) }
      try await upstream.write(head)
      switch body {
      case .chunks: try await pass(rest, to: upstream, limit: .max)
      // What comes after the body would be another request.
      case .bytes(let length): try await pass(rest, to: upstream, limit: length)
      }
    }
  }

  /// The head with its empty line, and what came behind it.
  private func readHead() async throws -> ([UInt8], [UInt8]) {
    var bytes: [UInt8] = []
    var looked = 0
    while true {
      let more = try await client.read(4096)
      guard !more.isEmpty else { throw StreamSocket.Failure.broken(errno: 0) }
      bytes += more
      // The end may lie across two reads.
      while looked + 3 < bytes.count, looked <= settings.limits.head {
        if bytes[looked] == 0x0D, bytes[looked + 1] == 0x0A, bytes[looked + 2] == 0x0D,
          bytes[looked + 3] == 0x0A
        {
          return (Array(bytes[..<(looked + 4)]), Array(bytes[(looked + 4)...]))
        }
        looked += 1
      }
      if looked > settings.limits.head { throw EgressRefusal.headTooLong(limit: settings.limits.head) }
    }
  }

  /// Looks the name up once and connects to an address that was judged, never to the name.
  private func connect(_ request: EgressRequest) async throws -> StreamSocket {
    let (host, port) = (request.host, request.port)
    var addresses: [IPAddress]
    if let address = IPAddress(host) {
      addresses = [address]
    } else {
      do {
        addresses = try await self.addresses(host)
      } catch let failure as NameLookup.Failure {
        throw EgressRefusal.unknownHost(host, reason: failure.description)
      }
    }
    addresses = try rules.permitted(addresses, of: host, port: port)
    var reason = "it has no address"
    for address in addresses.prefix(settings.limits.addresses) {
      let socket = try StreamSocket.unconnected(address.family)
      state.withLock { $0.upstream = socket }
      try requireUncut()
      do {
        try await socket.connect(to: address, port: port)
      } catch StreamSocket.Failure.broken(let errno) {
        reason = String(cString: strerror(errno)).lowercased()
        continue
      }
      // A cut just before it connected went unnoticed by the socket.
      try requireUncut()
      return socket
    }
    throw EgressRefusal.unreachable(host, port: Int(port), reason: reason)
  }

  private func addresses(_ host: String) async throws -> [IPAddress] {
    // A task of its own, which a cut cancels: nobody waits for the answer any more.
    let lookup = Task { [lookups, settings, session] in
      guard await lookups.take() else {
        try Task.checkCancellation()
        throw NameLookup.Failure("too many names are being looked up")
      }
      defer { lookups.leave() }
      return try await settings.names.addresses(of: host, for: session)
    }
    let isCut = state.withLock { state in
      state.lookup = lookup
      return state.isCut
    }
    if isCut { lookup.cancel() }
    return try await lookup.value
  }

  // MARK: Bytes both ways

  /// - Parameters:
  ///   - rest: what the client sent already.
  ///   - limit: how many bytes of the client are passed on, the rest included.
  private func pass(_ rest: [UInt8], to upstream: StreamSocket, limit: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          var left = limit
          var bytes = rest
          while left > 0 {
            if !bytes.isEmpty {
              let passed = Array(bytes.prefix(left))
              self.count { $0.sent += Int64(passed.count) }
              try await upstream.write(passed)
              left -= passed.count
              self.step()
              if left == 0 { break }
            }
            bytes = try await self.client.read(Self.chunk)
            if bytes.isEmpty {
              upstream.finishWriting()
              return
            }
          }
          // Further bytes go nowhere; the end of the client ends the exchange.
          while !(try await self.client.read(Self.chunk)).isEmpty {}
        } catch {
          self.cut()
          throw error
        }
      }
      group.addTask {
        do {
          while true {
            let bytes = try await upstream.read(Self.chunk)
            if bytes.isEmpty { break }
            self.count { $0.received += Int64(bytes.count) }
            try await self.client.write(bytes)
            self.step()
          }
          self.client.finishWriting()
        } catch {
          self.cut()
          throw error
        }
      }
      try await group.waitForAll()
    }
  }

  // MARK: Answers

  private func answer(_ refusal: EgressRefusal) async {
    count { $0.refusals += 1 }
    settings.log.info("A sandbox's request was refused: \(refusal)")
    enter(.head)
    let body = Array("\(refusal)\n".utf8)
    let head = """
      HTTP/1.1 \(refusal.status) \(refusal.reason)\r
      Content-Type: text/plain; charset=utf-8\r
      Content-Length: \(body.count)\r
      Connection: close\r
      \r

      """
    do {
      try await client.write(Array(head.utf8) + body)
      client.finishWriting()
      // Closed with bytes unread, the connection would be reset and the answer lost. The watchdog bounds it.
      for _ in 0..<64 where (try await client.read(Self.chunk)).isEmpty { break }
    } catch {
      // The client did not wait for its answer.
    }
  }

  // MARK: Time

  private func enter(_ phase: Phase) {
    state.withLock { state in
      state.phase = phase
      state.steps += 1
    }
  }

  private func step() {
    state.withLock { $0.steps += 1 }
  }

  /// Cuts the connection when its phase has taken too long without anything having happened.
  private func watch() async throws {
    while true {
      let (phase, steps) = state.withLock { ($0.phase, $0.steps) }
      let limit =
        switch phase {
        case .head: settings.limits.headTime
        case .connecting: settings.limits.connectTime
        case .open: settings.limits.idleTime
        }
      try await settings.time.sleep(limit)
      if state.withLock({ $0.steps == steps }) {
        cut()
        return
      }
    }
  }
}
