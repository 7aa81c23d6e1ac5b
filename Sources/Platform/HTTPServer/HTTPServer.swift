/// An HTTP/1.1 server on one thread of its own. Handlers run as tasks; cheap answers may be given inline.
package final class HTTPServer: Sendable {
  package struct Configuration: Sendable {
    /// A host name, an IPv4 address, or an IPv6 address in brackets.
    package var address = "127.0.0.1"
    /// 0 takes any free port; `HTTPServer.port` tells which.
    package var port: UInt16 = 0
    /// More connections than that wait until one closes.
    package var connectionLimit = 4096
    /// How long a connection may be silent between requests, or a client may stop reading an answer.
    package var idleTimeout: Duration = .seconds(60)
    /// How long a request may take to arrive, from its first line to the end of its body.
    package var bodyTimeout: Duration = .seconds(30)
    /// Decides by the head whether a body is read. Called on the server's thread: it must not block.
    package var admit: @Sendable (RequestHead) -> Admission = { _ in .accept(bodyLimit: 1 << 20) }
    /// Answers on the server's thread, which saves the switch to a task; nil leaves the request to `handle`.
    /// It must not block.
    package var inline: (@Sendable (HTTPRequest) -> HTTPResponse?)?
    /// Answers in a task, which is cancelled when the client is gone.
    package var handle: @Sendable (HTTPRequest) async -> HTTPResponse
    /// Makes the answers that the server gives by itself (400, 408, 413, 431, 500, 503) from a sentence.
    package var refusal: @Sendable (_ status: Int, _ sentence: String) -> HTTPResponse = HTTPResponse.text
    /// Gets a line when something happens that the operator should know.
    package var log: @Sendable (String) -> Void = { _ in }

    package init(handle: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) {
      self.handle = handle
    }
  }

  package struct Statistics: Sendable, Equatable {
    package var connections = 0
    /// Requests whose handler has not answered yet.
    package var inFlight = 0
    /// Open streams.
    package var streams = 0
    /// Streams dropped since the start because their clients read too slowly.
    package var droppedStreams = 0
  }

  /// The port it listens on.
  package let port: UInt16

  private init(port: UInt16) {
    self.port = port
  }

  package static func start(_ configuration: Configuration) throws(HTTPServerError) -> HTTPServer {
    HTTPServer(port: configuration.port)
  }

  /// Stops: no new connections, 503 for new requests, streams end, handlers get the grace period, what is
  /// left then is cancelled and answered 503.
  package func stop(grace: Duration) async {}

  package var statistics: Statistics { Statistics() }
}
