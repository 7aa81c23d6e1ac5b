import CMicrohttpd
import Glibc
import Primitives

// From the answer to the end of its connection.
extension EventLoop {
  /// A handler's answer has come, perhaps too late.
  func deliver(_ response: HTTPResponse, to key: Exchange.Key) {
    handlers[key] = nil
    if var held = worked.removeValue(forKey: key) {
      budget.give(&held)
      admitWaiting()
    }
    guard let connection = connections[key.connection], let exchange = connection.exchange,
      exchange.key == key,
      case .handling = exchange.phase
    else { return response.abandon() }
    if exchange.held.standing == .claimed, response.status < 400 { know(connection) }
    exchange.phase = .answered(response)
    connection.resume()
  }

  func answer(_ connection: Connection, _ exchange: Exchange, _ response: HTTPResponse) -> MHD_Result {
    connection.deadline = nil
    exchange.phase = .answering
    var response = response
    if exchange.head.method == "HEAD", case .stream = response.body {
      // The library would end a body of unknown length with its last chunk, and nobody reads that here.
      response.abandon()
      response.body = .bytes([])
    }
    let reply: Reply
    do {
      let ends = stopping != nil || exchange.isFromReserve
      reply = try Reply(ends ? response.closing() : response) { channel in
        stream(channel, over: connection, exchange)
      }
    } catch {
      response.abandon()
      configuration.log(
        "The answer to \(exchange.head.method) \(Target.path(of: exchange.head.target)) cannot be sent: "
          + "\(error.reason). The client got status 500.")
      let substitute = configuration.refusal(500, "The server made an answer that cannot be sent.")
      guard let made = try? Reply(substitute, stream: { _ in nil }) else {
        // The refusal cannot be sent either: closing the connection is all that is left.
        return .NO
      }
      reply = made
    }
    defer { MHD_destroy_response(reply.handle) }
    return MHD_queue_response(connection.handle, reply.status, reply.handle)
  }

  private func stream(_ channel: ByteChannel, over connection: Connection, _ exchange: Exchange)
    -> OpaquePointer?
  {
    let (key, mailbox) = (exchange.key, mailbox)
    exchange.phase = .streaming(channel)
    exchange.lastSent = now
    statistics.streams += 1
    channel.attach(Waker(mailbox: mailbox, key: key))
    schedule(connection, at: now + channel.heartbeat)
    if connection.isHalfClosed { channel.abandon() }
    if stopping != nil { channel.finish() }
    return StreamBody(channel, connection: connection, exchange: exchange).response()
  }

  /// A stream has something for its connection.
  func wake(_ key: Exchange.Key) {
    guard let connection = connections[key.connection], let exchange = connection.exchange,
      exchange.key == key,
      case .streaming(let channel) = exchange.phase
    else { return }
    if channel.isDropped, !connection.isSuspended {
      // It is stuck in sending and would not ask for more.
      connection.shut()
    } else {
      connection.resume()
    }
  }

  /// The answer is sent, or the connection ends before that.
  func finish(_ connection: Connection, hasStalled: Bool) {
    if let exchange = connection.exchange {
      handlers[exchange.key]?.cancel()
      switch exchange.phase {
      case .answered(let response): response.abandon()
      case .streaming(let channel):
        statistics.streams -= 1
        if hasStalled || channel.isDropped {
          statistics.droppedStreams += 1
          configuration.log(
            "Dropped the stream \(Target.path(of: exchange.head.target)) of \(exchange.client): the client reads "
              + "too slowly.")
        }
        channel.abandon()
      default: break
      }
      exchange.drop(&budget)
      if let address = exchange.address { crowd.leave(address) }
    }
    connection.exchange = nil
    connection.target = nil
    crowd.wait(connection, among: connections)
    schedule(connection, at: now + configuration.idleTimeout)
    admitWaiting()
    if stopping != nil { connection.shut(Int(SHUT_RD)) }
  }
}
