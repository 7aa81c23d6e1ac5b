extension HTTPServer {
  package struct Configuration: Sendable {
    /// A host name, an IPv4 address, or an IPv6 address in brackets.
    package var address = "127.0.0.1"
    /// 0 takes any free port; `HTTPServer.port` tells which.
    package var port: UInt16 = 0
    /// More connections than that wait until one closes.
    package var connectionLimit = 4096
    /// How long a connection may be silent before a request, or a client may stop reading an answer (whole
    /// seconds, rounded up). Then it is closed.
    package var idleTimeout: Duration = .seconds(60)
    /// How long a request may take to arrive, from its first line to the end of its body; 408 then.
    package var bodyTimeout: Duration = .seconds(30)
    /// Decides by the head whether a body is read. Called on the server's thread: it must not block.
    package var admit: @Sendable (RequestHead) -> Admission = { _ in .accept(bodyLimit: 1 << 20) }
    /// Answers on the server's thread, which saves the switch to a task; nil leaves the request to `handle`.
    /// It must not block.
    package var inline: (@Sendable (HTTPRequest) -> HTTPResponse?)?
    /// Answers in a task, which is cancelled when the client is gone. What it answers then is dropped.
    package var handle: @Sendable (HTTPRequest) async -> HTTPResponse
    /// Makes the answers that the server gives by itself (400, 408, 413, 414, 431, 500, 503) from a sentence.
    /// Heads and chunks that the parser cannot read get the library's own short page, with 400, 413, 414, 431 or 505,
    /// when others that are arriving might be meant: it does not say whose it refuses.
    package var refusal: @Sendable (_ status: Int, _ sentence: String) -> HTTPResponse = HTTPResponse.text
    /// Gets a line when something happens that the operator should know.
    package var log: @Sendable (String) -> Void = { _ in }

    package init(handle: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) {
      self.handle = handle
    }
  }
}
