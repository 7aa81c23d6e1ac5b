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
  func refuse(_ connection: Connection, _ exchange: Exchange, _ response: HTTPResponse) {
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
  func know(_ connection: Connection) {
    connection.isKnown = true
    if let address = connection.address { crowd.leave(address) }
    connection.address = nil
  }
}
