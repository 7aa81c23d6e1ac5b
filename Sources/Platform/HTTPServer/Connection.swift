import CMicrohttpd
import Glibc

/// One client's connection, from accept to close. Belongs to the loop's thread.
final class Connection {
  let id: UInt64
  /// The library's handle, valid as long as this connection is in the loop's table.
  let handle: OpaquePointer
  let descriptor: Int32
  /// The client's address.
  let peer: String

  /// The target of the request that is arriving, and the address after its last byte. Nil between requests.
  var target: (text: String?, end: UInt)?
  /// The request under way, once its head is complete.
  var exchange: Exchange?
  /// How many requests have come.
  var requests: UInt64 = 0
  var isSuspended = false
  /// The client has closed its sending side.
  var isHalfClosed = false
  /// Answered outside the library and shut down: whatever it still reports is ignored.
  var isCut = false

  /// Told to make room for others.
  var isLeaving = false
  /// Under which it counts among the connections of its address; nil once it has shown whose it is, and for proxies.
  var address: AddressBlock?
  /// A request on it was proved to be its sender's.
  var isKnown = false
  /// Its entry in the lines of `Crowd` that counts.
  var turn: UInt64 = 0

  /// Whether its client keeps it waiting, and has not shown a key for what it sends.
  var isWaiting: Bool {
    guard let exchange, !isCut else { return !isCut }
    if case .receiving = exchange.phase { return exchange.held.standing != .known }
    return false
  }

  /// When the loop must look at this connection next.
  var deadline: ContinuousClock.Instant?
  /// The entry in `Deadlines` that counts.
  var scheduled: ContinuousClock.Instant?

  init(id: UInt64, handle: OpaquePointer) {
    self.id = id
    self.handle = handle
    descriptor = errand_mhd_socket(handle)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    errand_mhd_peer(handle, &text, UInt32(text.count))
    peer = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  func suspend() {
    MHD_suspend_connection(handle)
    isSuspended = true
  }

  func resume() {
    guard isSuspended else { return }
    isSuspended = false
    MHD_resume_connection(handle)
  }

  /// Makes the library see the end of the connection: it offers no way to close one.
  func shut(_ how: Int = Int(SHUT_RDWR)) {
    shutdown(descriptor, Int32(how))
    resume()
  }

  /// Answers past the library, which takes no answer while a body is arriving, and closes.
  func cut(_ response: HTTPResponse) {
    sendPast(response)
    isCut = true
    shut()
  }

  /// Answers past the library and says that nothing more will come. What the client still sends is read and dropped
  /// for a while by the caller: closing at once would reset the connection, and the client might never see why.
  func turnAway(_ response: HTTPResponse, withBody: Bool) {
    var response = response
    if !withBody { response.body = .bytes([]) }
    sendPast(response)
    shutdown(descriptor, Int32(SHUT_WR))
    resume()
  }

  /// The answer is small and nothing was sent on this connection lately, so the socket has room for it.
  private func sendPast(_ response: HTTPResponse) {
    let bytes = response.closing().serialized()
    _ = bytes.withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
  }
}

extension HTTPResponse {
  /// The answer as it goes over the wire. Only bodies of bytes: others are left out.
  func serialized() -> [UInt8] {
    var content: [UInt8] = []
    if case .bytes(let bytes) = body { content = bytes }
    let reason = MHD_get_reason_phrase_for(UInt32(status)).map { String(cString: $0) } ?? "Unknown"
    var text = "HTTP/1.1 \(status) \(reason)\r\nContent-Length: \(content.count)\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    return Array((text + "\r\n").utf8) + content
  }
}
