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
      guard let size, size.pointee > 0 else {
        guard exchange.isCalledTwice else { return loop.complete(connection, exchange) }
        exchange.isCalledTwice = false
        return .YES
      }
      loop.take(UnsafeRawBufferPointer(start: data, count: size.pointee), for: exchange, connection)
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

// From the first line of a request to its admission.
extension EventLoop {
  /// The first line has arrived.
  private func begin(_ connection: Connection, target: UnsafeBufferPointer<CChar>) {
    let text = String(validating: target.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    connection.target = (text, UInt(bitPattern: target.baseAddress) + UInt(target.count))
    schedule(connection, at: now + configuration.headTimeout)
    // It counts as silent from now on only, not since the request before.
    crowd.wait(connection, among: connections)
  }

  /// The head has arrived: decides whether the body is wanted.
  private func admit(
    _ connection: Connection, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
  ) -> MHD_Result {
    guard let target = connection.target else { return .NO }
    let head = Head(
      connection.handle, method: method, version: version, target: target.text ?? "", targetEnd: target.end)
    connection.requests += 1
    let client = Forwarding.client(of: connection.peer, head.headers, isProxy: configuration.isProxy)
    let exchange = Exchange(
      key: Exchange.Key(connection: connection.id, request: connection.requests), head: head, client: client,
      now: now)
    connection.exchange = exchange
    exchange.isFromReserve = isFull
    let fault =
      target.text == nil ? (400, "The request target is not UTF-8. Percent-encode it.") : head.fault()
    if let (status, sentence) = fault {
      // Where this request ends is in doubt, so nothing after it can be read.
      return answer(connection, exchange, configuration.refusal(status, sentence).closing())
    }
    schedule(connection, at: now + configuration.bodyTimeout)
    if stopping != nil { return settle(.refuse(unavailable()), connection, exchange) }
    let request = RequestHead(
      method: head.method, target: head.target, path: Target.path(of: head.target), headers: head.headers,
      peer: client)
    switch configuration.admit(request) {
    case .ask(let decide):
      // First suspended, then started, as for the handler.
      connection.suspend()
      exchange.wasAsked = true
      let (key, mailbox) = (exchange.key, mailbox)
      Task { mailbox.post(.admission(key, await decide())) }
      if connection.isHalfClosed { hangUp(connection) }
      return .YES
    case let admission: return settle(admission, connection, exchange)
    }
  }

  /// A task has decided about a request's head.
  func admit(_ admission: Admission, to key: Exchange.Key) {
    guard let connection = connections[key.connection], let exchange = connection.exchange,
      exchange.key == key, case .asking = exchange.phase
    else { return }
    exchange.isCalledTwice = true
    if case .NO = settle(admission, connection, exchange) {
      connection.shut()
    } else {
      connection.resume()
    }
  }

  private func settle(_ admission: Admission, _ connection: Connection, _ exchange: Exchange) -> MHD_Result {
    switch admission {
    case .refuse(let response): refuse(connection, exchange, response)
    case .accept(let limit, let standing): receive(connection, exchange, upTo: limit, from: standing)
    case .spool(let limit, let directory, let standing):
      exchange.wantsFile = true
      receive(connection, exchange, upTo: limit, from: standing, spool: directory)
    // It has been asked once.
    case .ask: refuse(connection, exchange, configuration.refusal(500, "The request was not decided about."))
    }
    if case .refused(let response) = exchange.phase, exchange.head.hasBody {
      // The client waits for permission. Without it the body is not sent; some send it all the same, so close.
      return answer(connection, exchange, response.closing())
    }
    return .YES
  }

  private func receive(
    _ connection: Connection, _ exchange: Exchange, upTo limit: Int, from standing: Standing,
    spool directory: String? = nil
  ) {
    let head = exchange.head
    exchange.held = BodyBudget.Held(standing: standing)
    if standing == .known { know(connection) }
    if exchange.isFromReserve, standing == .known || standing == .stranger {
      return refuse(connection, exchange, busy())
    }
    if configuration.isProxy(connection.peer), standing != .known, standing != .probe,
      let address = AddressBlock(exchange.client)
    {
      guard crowd.count(of: address) < configuration.addressLimit else {
        return refuse(
          connection, exchange,
          configuration.refusal(
            429, "Too many requests of this address are under way. Try again in a moment."))
      }
      exchange.address = address
      crowd.enter(address)
    }
    if head.announcedLength ?? 0 > UInt64(limit) { return refuse(connection, exchange, tooLarge(limit)) }
    if let directory {
      guard let file = BodyFile(in: directory) else { return refuse(connection, exchange, noRoom(errno)) }
      exchange.spool = file
    }
    exchange.phase = .receiving(limit: limit)
  }

  /// Refuses a request before its body, if one is on its way, is read.
  private func refuse(_ connection: Connection, _ exchange: Exchange, _ response: HTTPResponse) {
    exchange.drop(&budget)
    defer { admitWaiting() }
    let isWaiting = exchange.head.expectsContinue && exchange.received == 0 && !exchange.wasAsked
    guard exchange.head.hasBody, !isWaiting else {
      exchange.phase = .refused(response)
      return
    }
    exchange.phase = .turnedAway
    schedule(connection, at: now + min(EventLoop.lingering, configuration.bodyTimeout))
    connection.turnAway(response, withBody: exchange.head.method != "HEAD")
  }

  /// Somebody has shown a key, or a proof that was right: the connection does not count among its address's any more.
  private func know(_ connection: Connection) {
    connection.isKnown = true
    if let address = connection.address { crowd.leave(address) }
    connection.address = nil
  }
}

// From the first byte of the body to the end, in order.
extension EventLoop {
  private func take(_ bytes: UnsafeRawBufferPointer, for exchange: Exchange, _ connection: Connection) {
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
  private func complete(_ connection: Connection, _ exchange: Exchange) -> MHD_Result {
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

  private func tooLarge(_ limit: Int) -> HTTPResponse {
    configuration.refusal(413, "The request's body is larger than the \(limit) bytes allowed here.").closing()
  }

  /// - Parameter error: what the disk said; nil when the room for bodies is full.
  private func noRoom(_ error: Int32? = nil) -> HTTPResponse {
    guard let error else {
      return configuration.refusal(
        503, "The server holds as much of requests' bodies as it may. Try again in a moment."
      ).closing()
    }
    let reason = String(cString: strerror(error))
    configuration.log("A request's body cannot be kept on the disk: \(reason).")
    return configuration.refusal(503, "The server has no room for the request's body: \(reason).").closing()
  }

  private func busy() -> HTTPResponse {
    configuration.refusal(503, "The server has as many connections as it can serve. Try again in a moment.")
      .closing()
  }

  private func timedOut(_ limit: Duration) -> HTTPResponse {
    configuration.refusal(408, "The request did not arrive within \(limit.inSeconds) seconds.").closing()
  }
}
