import CMicrohttpd
import Glibc
import Primitives

// From the first byte of the body to the end, in order.
extension EventLoop {
  func take(_ bytes: UnsafeRawBufferPointer, for exchange: Exchange, _ connection: Connection) {
    guard case .receiving(let limit) = exchange.phase else { return }
    if exchange.held.standing == .known {
      // As long as it comes fast enough, it may take as long as it takes.
      let more = Duration.seconds(Double(exchange.received + bytes.count) / Double(configuration.bodyRate))
      schedule(connection, at: exchange.began + configuration.bodyTimeout + more)
    }
    while true {
      let directory = configuration.spoolDirectory
      switch exchange.take(bytes, limit: limit, &budget, directory: directory) {
      case .kept: return
      case .tooLong: return refuse(connection, exchange, tooLarge(limit))
      case .diskFailed(let error): return refuse(connection, exchange, noRoom(error))
      case .noRoom:
        guard makeRoom(sparing: connection) else { return refuse(connection, exchange, noRoom()) }
        exchange.takeAgain(bytes)
      }
    }
  }

  /// Ends the request that has been arriving longest without a proof and holds something. For a stranger only another
  /// stranger goes.
  private func makeRoom(sparing spared: Connection) -> Bool {
    let isStranger = spared.exchange?.held.standing == .stranger
    let slow = connections.values.filter { connection in
      guard connection !== spared, connection.isWaiting, let held = connection.exchange?.held else {
        return false
      }
      return !held.isNothing && (!isStranger || held.standing == .stranger)
    }
    guard let slowest = slow.min(by: { $0.turn < $1.turn }), let exchange = slowest.exchange else {
      return false
    }
    refuse(
      slowest, exchange,
      configuration.refusal(
        503, "The request arrived so slowly that its room was needed for others. Try again in a moment."))
    return true
  }

  /// The body has arrived, or the connection was resumed.
  func complete(_ connection: Connection, _ exchange: Exchange) -> MHD_Result {
    switch exchange.phase {
    case .receiving: dispatch(connection, exchange)
    case .refused(let response), .answered(let response): answer(connection, exchange, response)
    // Resumed without an answer because the client has gone; or answered before.
    case .asking, .waiting, .handling, .turnedAway: .NO
    case .answering, .streaming: .YES
    }
  }

  private func dispatch(_ connection: Connection, _ exchange: Exchange) -> MHD_Result {
    connection.deadline = nil
    if exchange.spool != nil, !exchange.wantsFile {
      guard exchange.received <= budget.share(of: exchange.held.standing) else {
        return answer(connection, exchange, noRoom())
      }
      connection.suspend()
      exchange.phase = .waiting
      waiting.append(exchange.key)
      schedule(connection, at: now + configuration.bodyTimeout)
      admitWaiting()
      if connection.isHalfClosed { hangUp(connection) }
      return .YES
    }
    let request = request(exchange)
    if exchange.spool == nil, let response = configuration.inline?(request) {
      return answer(connection, exchange, response)
    }
    // First suspended, then started. The answer is a message to this thread and cannot overtake either.
    connection.suspend()
    start(exchange) { request }
    if connection.isHalfClosed { hangUp(connection) }
    return .YES
  }

  private func request(_ exchange: Exchange) -> HTTPRequest {
    let head = exchange.head
    return HTTPRequest(
      method: head.method, target: head.target, headers: head.headers, body: exchange.body,
      bodyFile: exchange.wantsFile ? exchange.spool : nil, peer: exchange.client)
  }

  private func start(_ exchange: Exchange, _ request: @escaping @Sendable () throws -> HTTPRequest) {
    exchange.phase = .handling
    let (key, mailbox, handle, refusal) = (exchange.key, mailbox, configuration.handle, configuration.refusal)
    // The room is given back once the handler has ended, also when its client has gone before.
    worked[key] = exchange.held
    exchange.held = BodyBudget.Held(standing: exchange.held.standing)
    handlers[key] = Task {
      do {
        mailbox.post(.answer(key, await handle(try request())))
      } catch {
        mailbox.post(.answer(key, refusal(503, "\(error)")))
      }
    }
  }

  /// Starts the requests whose bodies lie on the disk, in their order, as far as there is room in memory.
  func admitWaiting() {
    if waiting.isEmpty { return }
    waiting = waiting.filter { key in
      guard let connection = connections[key.connection], let exchange = connection.exchange,
        exchange.key == key, case .waiting = exchange.phase, let file = exchange.spool
      else { return false }
      let count = exchange.received
      guard budget.takeMemory(count, for: &exchange.held) else { return true }
      connection.deadline = nil
      let request = request(exchange)
      exchange.spool = nil
      // Read off this thread: it may be long.
      start(exchange) {
        var whole = request
        whole.body = try file.bytes(count: count)
        return whole
      }
      return false
    }
  }
}
