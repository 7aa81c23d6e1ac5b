extension HTTPServer {
  package struct Configuration: Sendable {
    /// A host name, an IPv4 address, or an IPv6 address in brackets.
    package var address = "127.0.0.1"
    /// 0 takes any free port; `HTTPServer.port` tells which.
    package var port: UInt16 = 0
    /// So many connections at once. When one more comes, the one that has waited longest for its client goes.
    package var connectionLimit = 4096
    /// Further connections, for requests that have to get through when all others are busy: see `Standing`.
    package var reserve = 256
    /// So many connections of one address (one /64 of IPv6) that have not shown yet whose they are. One more takes
    /// the place of the one of them that has waited longest.
    package var addressLimit = 1024
    /// Whether an address belongs to a proxy in front of this server. What such a one says of its clients' addresses
    /// (`X-Forwarded-For`, else `Forwarded`) counts; from anybody else it means nothing.
    package var isProxy: @Sendable (_ address: String) -> Bool = { _ in false }
    /// How long a request's head may take, from the connection's begin or the request's first line.
    package var headTimeout: Duration = .seconds(10)
    /// How long a connection may be silent between requests, or a client may stop reading an answer (whole
    /// seconds, rounded up). Then it is closed.
    package var idleTimeout: Duration = .seconds(60)
    /// How long a body may take to arrive; 408 then. Whoever has shown a key gets a second more for every
    /// `bodyRate` bytes that came.
    package var bodyTimeout: Duration = .seconds(30)
    package var bodyRate = 64 << 10
    /// How much of all bodies together may be held at once.
    package var bodies = BodyBudget.Limits()
    /// Where bodies go that are longer than `BodyBudget.Limits.piece`; nil keeps them in memory.
    package var spoolDirectory: String?
    /// Decides by the head whether a body is read. Called on the server's thread: it must not block.
    package var admit: @Sendable (RequestHead) -> Admission = { _ in .accept(bodyLimit: 1 << 20) }
    /// Answers on the server's thread, which saves the switch to a task; nil leaves the request to `handle`.
    /// It must not block. Not asked about requests whose body lies on the disk.
    package var inline: (@Sendable (HTTPRequest) -> HTTPResponse?)?
    /// Answers in a task, which is cancelled when the client is gone. What it answers then is dropped.
    package var handle: @Sendable (HTTPRequest) async -> HTTPResponse
    /// Makes the answers that the server gives by itself (400, 408, 413, 414, 429, 431, 500, 503) from a sentence.
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
