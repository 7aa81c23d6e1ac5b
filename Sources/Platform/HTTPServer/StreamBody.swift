import CMicrohttpd

/// The library's view of a stream: it asks for bytes when it can send, and is suspended while there are none.
/// Belongs to the loop's thread; the library holds it until the answer is destroyed.
final class StreamBody {
  private let channel: ByteChannel
  private let connection: Connection
  private let exchange: Exchange

  init(_ channel: ByteChannel, connection: Connection, exchange: Exchange) {
    self.channel = channel
    self.connection = connection
    self.exchange = exchange
  }

  /// The answer that sends this; nil when memory ran out.
  func response() -> OpaquePointer? {
    let context = Unmanaged.passRetained(self)
    let response = MHD_create_response_from_callback(
      // Length unknown: chunked. The block is only used for HTTP/1.0 clients, and resident only then.
      UInt64.max, 16 << 10,
      { context, _, buffer, size in
        Unmanaged<StreamBody>.fromOpaque(context!).takeUnretainedValue()
          .fill(UnsafeMutableRawBufferPointer(start: buffer, count: size))
      }, context.toOpaque(),
      { context in
        // HEAD gets no body, and a client may leave: either way nobody will take more.
        Unmanaged<StreamBody>.fromOpaque(context!).takeRetainedValue().channel.abandon()
      })
    if response == nil { context.release() }
    return response
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    switch channel.pull(into: buffer) {
    case .bytes(let count):
      exchange.lastSent = .now
      return count
    case .wait:
      // The wake that follows is a message to this thread, so it cannot come before the suspension.
      connection.suspend()
      return 0
    case .end: return Int(MHD_CONTENT_READER_END_OF_STREAM)
    case .broken: return Int(MHD_CONTENT_READER_END_WITH_ERROR)
    }
  }
}
