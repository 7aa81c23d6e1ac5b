import CMicrohttpd
import Glibc
import Primitives

// The library's callbacks. They run on the loop's thread, inside `MHD_run`.
extension EventLoop {
  func setCallbacks(_ settings: inout errand_mhd_settings) {
    settings.connection = { context, handle, slot, event in
      let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeUnretainedValue()
      if event == .CONNECTION_NOTIFY_STARTED {
        // The loop's table owns it; the library keeps a plain pointer.
        slot!.pointee = Unmanaged.passUnretained(loop.open(handle!)).toOpaque()
      } else if let connection = EventLoop.connection(handle) {
        loop.forget(connection)
      }
    }
    settings.target = { context, text, handle in
      let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeUnretainedValue()
      guard let connection = EventLoop.connection(handle) else { return nil }
      loop.begin(connection, target: UnsafeBufferPointer(start: text, count: text.map { strlen($0) } ?? 0))
      if let text { errand_mhd_hide_query(text) }
      return nil
    }
    settings.access = { context, handle, _, method, version, data, size, _ in
      let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeUnretainedValue()
      guard let connection = EventLoop.connection(handle), !connection.isCut else { return .NO }
      guard let exchange = connection.exchange else {
        return loop.admit(connection, method: method!, version: version!)
      }
      guard let size, size.pointee > 0 else { return loop.complete(connection, exchange) }
      loop.take(UnsafeRawBufferPointer(start: data, count: size.pointee), for: exchange)
      size.pointee = 0
      return .YES
    }
    settings.refusing = { context, status, page in
      let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeUnretainedValue()
      loop.refuse(status: Int(status), page: page.map { String(cString: $0) } ?? "")
    }
    // Also called when the library refused the request before the access callback.
    settings.completed = { context, handle, _, reason in
      let loop = Unmanaged<EventLoop>.fromOpaque(context!).takeUnretainedValue()
      guard let connection = EventLoop.connection(handle) else { return }
      loop.finish(connection, hasStalled: reason == .REQUEST_TERMINATED_TIMEOUT_REACHED)
    }
  }

  private static func connection(_ handle: OpaquePointer?) -> Connection? {
    handle.flatMap { errand_mhd_context($0) }
      .map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
  }
}

// From the first line of a request to its end, in order.
extension EventLoop {
  /// The first line has arrived.
  private func begin(_ connection: Connection, target: UnsafeBufferPointer<CChar>) {
    let text = String(validating: target.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    connection.target = (text, UInt(bitPattern: target.baseAddress) + UInt(target.count))
    schedule(connection, at: now + configuration.bodyTimeout)
  }

  /// The head has arrived: decides whether the body is wanted.
  private func admit(
    _ connection: Connection, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
  ) -> MHD_Result {
    guard let target = connection.target else { return .NO }
    let head = Head(
      connection.handle, method: method, version: version, target: target.text ?? "", targetEnd: target.end)
    connection.requests += 1
    let exchange = Exchange(
      key: Exchange.Key(connection: connection.id, request: connection.requests), head: head,
      phase: .receiving(limit: 0), now: now)
    connection.exchange = exchange
    let fault =
      target.text == nil ? (400, "The request target is not UTF-8. Percent-encode it.") : head.fault()
    if let (status, sentence) = fault {
      // Where this request ends is in doubt, so nothing after it can be read.
      return answer(connection, exchange, configuration.refusal(status, sentence).closing())
    }
    exchange.phase = admission(of: exchange, from: connection.peer)
    if case .refused(let response) = exchange.phase, head.hasBody, head.expectsContinue {
      // Answered before it was sent, the body never is; the client may send it all the same, so close.
      return answer(connection, exchange, response.closing())
    }
    return .YES
  }

  private func admission(of exchange: Exchange, from peer: String) -> Exchange.Phase {
    let head = exchange.head
    func receiving(upTo limit: Int) -> Exchange.Phase {
      head.announcedLength ?? 0 > UInt64(limit) ? .refused(tooLarge(limit)) : .receiving(limit: limit)
    }
    if stopping != nil { return .refused(unavailable()) }
    let request = RequestHead(
      method: head.method, target: head.target, path: Target.path(of: head.target), headers: head.headers,
      peer: peer)
    switch configuration.admit(request) {
    case .refuse(let response): return .refused(response)
    case .accept(let limit): return receiving(upTo: limit)
    case .spool(let limit, let directory):
      guard let spool = BodyFile(in: directory) else { return .refused(noRoom(errno)) }
      exchange.spool = spool
      return receiving(upTo: limit)
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer, for exchange: Exchange) {
    // A refused body is read and dropped until its end: closing at once would reset the connection, and the
    // client would never see why. The deadline bounds it.
    guard case .receiving(let limit) = exchange.phase else { return }
    switch exchange.take(bytes, limit: limit) {
    case .kept: break
    case .tooLong: exchange.phase = .refused(tooLarge(limit))
    case .noRoom: exchange.phase = .refused(noRoom(errno))
    }
  }

  /// The body has arrived, or the connection was resumed.
  private func complete(_ connection: Connection, _ exchange: Exchange) -> MHD_Result {
    switch exchange.phase {
    case .receiving: dispatch(connection, exchange)
    case .refused(let response), .answered(let response): answer(connection, exchange, response)
    // Resumed without an answer because the client has gone.
    case .handling: .NO
    case .answering, .streaming: .YES
    }
  }

  private func dispatch(_ connection: Connection, _ exchange: Exchange) -> MHD_Result {
    connection.deadline = nil
    let head = exchange.head
    let request = HTTPRequest(
      method: head.method, target: head.target, headers: head.headers, body: exchange.body,
      bodyFile: exchange.spool, peer: connection.peer)
    if let response = configuration.inline?(request) { return answer(connection, exchange, response) }
    // First suspended, then started. The answer is a message to this thread and cannot overtake either.
    connection.suspend()
    exchange.phase = .handling
    let (key, mailbox, handle) = (exchange.key, mailbox, configuration.handle)
    handlers[key] = Task { mailbox.post(.answer(key, await handle(request))) }
    if connection.isHalfClosed { hangUp(connection) }
    return .YES
  }

  /// A handler's answer has come, perhaps too late.
  func deliver(_ response: HTTPResponse, to key: Exchange.Key) {
    handlers[key] = nil
    guard let connection = connections[key.connection], let exchange = connection.exchange,
      exchange.key == key,
      case .handling = exchange.phase
    else { return response.abandon() }
    exchange.phase = .answered(response)
    connection.resume()
  }

  private func answer(_ connection: Connection, _ exchange: Exchange, _ response: HTTPResponse) -> MHD_Result
  {
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
      reply = try Reply(stopping == nil ? response : response.closing()) { channel in
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
  private func finish(_ connection: Connection, hasStalled: Bool) {
    if let exchange = connection.exchange {
      handlers[exchange.key]?.cancel()
      switch exchange.phase {
      case .answered(let response): response.abandon()
      case .streaming(let channel):
        statistics.streams -= 1
        if hasStalled || channel.isDropped {
          statistics.droppedStreams += 1
          configuration.log(
            "Dropped the stream \(Target.path(of: exchange.head.target)) of \(connection.peer): the client reads "
              + "too slowly.")
        }
        channel.abandon()
      default: break
      }
    }
    connection.exchange = nil
    connection.target = nil
    schedule(connection, at: now + configuration.idleTimeout)
    if stopping != nil { connection.shut(Int(SHUT_RD)) }
  }
}

// What goes wrong meanwhile.
extension EventLoop {
  /// The library is about to refuse a request by itself: with a page of its own, and when a Content-Length is no
  /// number even with two heads (0.9.75). So it is answered before, if it is certain whose request it is.
  private func refuse(status: Int, page: String) {
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
      if connection.target == nil { connection.shut() } else { connection.cut(timedOut()) }
    case .receiving: connection.cut(timedOut())
    case .refused(let response): connection.cut(response)
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

  private func tooLarge(_ limit: Int) -> HTTPResponse {
    configuration.refusal(413, "The request's body is larger than the \(limit) bytes allowed here.").closing()
  }

  private func noRoom(_ error: Int32) -> HTTPResponse {
    let reason = String(cString: strerror(error))
    configuration.log("A request's body cannot be kept on the disk: \(reason).")
    return configuration.refusal(503, "The server has no room for the request's body: \(reason).").closing()
  }

  private func timedOut() -> HTTPResponse {
    let seconds = configuration.bodyTimeout.inSeconds
    return configuration.refusal(408, "The request did not arrive within \(seconds) seconds.").closing()
  }
}
