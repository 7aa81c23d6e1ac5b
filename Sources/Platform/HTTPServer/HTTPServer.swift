import Glibc
import Primitives

/// An HTTP/1.1 server on one thread of its own.
///
/// The path of a request: `EventLoop` waits → libmicrohttpd parses → `Head` is checked → `admit` decides →
/// the body is collected → `inline` answers, or `handle` does in a task → the answer is sent. All calls to
/// the library are made on the loop's thread; tasks and streams reach it through its `Mailbox`.
///
/// A client that closes its sending side counts as gone: its handler is cancelled, its stream ends.
package final class HTTPServer: Sendable {
  /// The port it listens on.
  package let port: UInt16

  private let mailbox: Mailbox
  private let counted: Lock<Statistics>
  private let thread: Lock<Thread?>

  private init(port: UInt16, mailbox: Mailbox, counted: Lock<Statistics>, thread: Thread) {
    self.port = port
    self.mailbox = mailbox
    self.counted = counted
    self.thread = Lock(thread)
  }

  deinit {
    mailbox.post(.stop(grace: .zero, done: {}))
    thread.withLock { $0 }?.join()
  }

  /// Whether the address can be listened on now, for whoever is about to change things before it serves.
  package static func check(_ address: String, port: UInt16) throws(HTTPServerError) {
    let listener = try Listener(address: address, port: port)
    close(listener.descriptor)
  }

  /// Listens and serves until `stop`. Connections are accepted before this returns.
  package static func start(_ configuration: Configuration) throws(HTTPServerError) -> HTTPServer {
    let listener = try Listener(address: configuration.address, port: configuration.port)
    let mailbox = try Mailbox()
    let counted = Lock(Statistics())
    let outcome = Gate<Result<Void, HTTPServerError>?>(nil)
    let thread = Thread("http") {
      do throws(HTTPServerError) {
        let loop = try EventLoop(configuration, listener: listener, mailbox: mailbox, counted: counted)
        outcome.update { $0 = .success(()) }
        loop.run()
      } catch {
        outcome.update { $0 = .failure(error) }
      }
    }
    do {
      try outcome.wait { $0 }.get()
    } catch {
      thread.join()
      throw error
    }
    return HTTPServer(port: listener.port, mailbox: mailbox, counted: counted, thread: thread)
  }

  /// Stops: no new connections, 503 for new requests on open ones, streams end, handlers get the grace
  /// period; what is left then is cancelled and answered 503. Returns when every connection is closed.
  package func stop(grace: Duration) async {
    await withCheckedContinuation { (stopped: CheckedContinuation<Void, Never>) in
      mailbox.post(.stop(grace: grace, done: { stopped.resume() }))
    }
    // The loop has returned or is about to: this does not block for long.
    thread.withLock { thread -> Thread? in
      defer { thread = nil }
      return thread
    }?.join()
  }

  package var statistics: Statistics { counted.withLock { $0 } }

  package struct Statistics: Sendable, Equatable {
    package var connections = 0
    /// Requests whose handler has not answered yet.
    package var inFlight = 0
    /// Open streams.
    package var streams = 0
    /// Streams dropped since the start because their clients read too slowly.
    package var droppedStreams = 0
    /// Connections closed since the start because others needed their place.
    package var closedForRoom = 0
    /// Bytes of bodies that are held, of requests that arrive or are worked on.
    package var bodiesInMemory = 0
    package var bodiesOnDisk = 0
  }
}
