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

  /// Answers past the library, which takes no answer while a body is arriving, and closes. The answer is
  /// small and nothing was sent on this connection lately, so the socket has room for it.
  func cut(_ response: HTTPResponse) {
    let bytes = response.closing().serialized()
    _ = bytes.withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    isCut = true
    shut()
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
