import CMicrohttpd
import Glibc
import Primitives

// What goes wrong meanwhile.
extension EventLoop {
  /// The library is about to refuse a request by itself: with a page of its own, and when a Content-Length is no
  /// number even with two heads (0.9.75). So it is answered before, if it is certain whose request it is.
  func refuse(status: Int, page: String) {
    guard let (connection, refusal) = refused(status: status, page: page) else { return }
    connection.cut(configuration.refusal(refusal.status, refusal.sentence).closing())
  }

  /// Whose request the library refuses, which it does not say, and why.
  private func refused(status: Int, page: String) -> (Connection, Head.Refusal)? {
    let isChunk = page.contains("chunk")
    let live = connections.values.filter { !$0.isCut }
    if isChunk {
      let candidates = live.filter { $0.exchange?.isReceivingChunks ?? false }
      guard candidates.count == 1 else { return nil }
      return (candidates[0], (status, "The chunks of the request's body are malformed."))
    }
    let candidates = live.filter { $0.exchange == nil }
    // Nobody else's head can be complete without an exchange: the library goes straight from one to the other.
    if let connection = candidates.first(where: { $0.target != nil && errand_mhd_head_size($0.handle) > 0 }) {
      return (
        connection,
        status == 413
          ? (413, "The request's Content-Length is more than can be counted.")
          : (400, "The request's Content-Length is not one whole number.")
      )
    }
    guard candidates.count == 1 else { return nil }
    switch status {
    case 400: return (candidates[0], (400, "The request's head is malformed."))
    case 414: return (candidates[0], (414, "The request's target is too long."))
    case 431: return (candidates[0], Head.tooLarge)
    case 505: return (candidates[0], (400, "The server speaks HTTP/1.1 and HTTP/1.0 only."))
    default: return nil
    }
  }

  /// The client has closed its sending side, or altogether. The library does not look at suspended sockets.
  func hangUp(_ connection: Connection) {
    connection.isHalfClosed = true
    switch connection.exchange?.phase {
    case .handling:
      if let key = connection.exchange?.key { handlers[key]?.cancel() }
      connection.shut()
    case .asking, .waiting: connection.shut()
    case .streaming(let channel):
      channel.abandon()
      connection.shut()
    default: break
    }
  }

  /// The connection's deadline has passed.
  func expire(_ connection: Connection) {
    switch connection.exchange?.phase {
    case nil:
      let after = configuration.headTimeout
      if connection.target == nil { connection.shut() } else { connection.cut(timedOut(after)) }
    case .asking: connection.cut(busy())
    case .waiting:
      connection.exchange?.phase = .answered(noRoom())
      connection.resume()
    case .receiving: connection.cut(timedOut(configuration.bodyTimeout))
    case .refused(let response): connection.cut(response)
    case .turnedAway: connection.shut()
    case .streaming(let channel):
      guard let exchange = connection.exchange else { return }
      if exchange.lastSent + channel.heartbeat <= now {
        channel.beat()
        exchange.lastSent = now
      }
      schedule(connection, at: exchange.lastSent + channel.heartbeat)
    case .handling, .answered, .answering: break
    }
  }

  func unavailable() -> HTTPResponse {
    configuration.refusal(503, "The server is stopping. Try again in a moment.").closing()
  }

  func tooLarge(_ limit: Int) -> HTTPResponse {
    configuration.refusal(413, "The request's body is larger than the \(limit) bytes allowed here.").closing()
  }

  /// - Parameter error: what the disk said; nil when the room for bodies is full.
  func noRoom(_ error: Int32? = nil) -> HTTPResponse {
    guard let error else {
      return configuration.refusal(
        503, "The server holds as much of requests' bodies as it may. Try again in a moment."
      ).closing()
    }
    let reason = String(cString: strerror(error))
    configuration.log("A request's body cannot be kept on the disk: \(reason).")
    return configuration.refusal(503, "The server has no room for the request's body: \(reason).").closing()
  }

  func busy() -> HTTPResponse {
    configuration.refusal(503, "The server has as many connections as it can serve. Try again in a moment.")
      .closing()
  }

  private func timedOut(_ limit: Duration) -> HTTPResponse {
    configuration.refusal(408, "The request did not arrive within \(limit.inSeconds) seconds.").closing()
  }
}
