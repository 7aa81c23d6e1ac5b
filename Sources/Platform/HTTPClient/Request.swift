extension HTTPClient {
  /// What is asked of a server. Redirects are never followed and cookies never kept; a proxy named in the
  /// environment is not used.
  package struct Request: Sendable {
    package var method: String
    /// `http` or `https`. A user and password in it become an `Authorization` header.
    package var url: String
    /// Sent in this order. Their values may be secret and never appear in an error. `Content-Length` and
    /// `Transfer-Encoding` are the client's own and refused. Unless `isDecoded`, nothing is decompressed: an answer
    /// to a given `Accept-Encoding` comes as it is.
    package var headers: [(name: String, value: String)]
    /// The body to send. POST, PUT and PATCH without one send an empty one.
    package var body: [UInt8]?
    /// The path of a file to send as the body, read while it is sent. Not together with `body`.
    package var upload: String?
    /// For everything from the call to the last byte, also of a streamed answer. Nil for no limit.
    package var timeout: Duration?
    /// For finding the address, connecting, and agreeing on TLS.
    package var connectTimeout: Duration
    /// The longest time without a byte in either direction, the first byte included. Time in which the
    /// reader of a stream is behind does not count. Nil for no limit.
    package var idleTimeout: Duration?
    /// The longest body that `send` takes, in bytes. A streamed body has no limit: its reader keeps what it
    /// wants.
    package var bodyLimit: Int
    package var reach: Reach
    /// Whether an answer that is compressed all the same is decompressed; none is asked for. Its reader bounds what
    /// it takes, for a small answer may become a long one.
    package var isDecoded: Bool

    package init(
      method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
      body: [UInt8]? = nil, upload: String? = nil, timeout: Duration? = .seconds(30),
      connectTimeout: Duration = .seconds(10), idleTimeout: Duration? = nil,
      bodyLimit: Int = 16 * 1024 * 1024, reach: Reach = .anywhere, isDecoded: Bool = false
    ) {
      self.method = method
      self.url = url
      self.headers = headers
      self.body = body
      self.upload = upload
      self.timeout = timeout
      self.connectTimeout = connectTimeout
      self.idleTimeout = idleTimeout
      self.bodyLimit = bodyLimit
      self.reach = reach
      self.isDecoded = isDecoded
    }
  }
}
