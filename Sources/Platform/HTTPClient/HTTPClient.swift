import Primitives

/// An HTTP client for every outgoing request of the program, on one thread of its own that runs libcurl.
///
/// A request goes task → inbox → thread → libcurl; the answer comes back through a receiver: `WholeBody` for
/// `send`, `BodyStream` for `stream`. Connections are kept and used again. When a kept connection turns out
/// to have been closed before any byte of the answer came, libcurl sends the request again on a new one:
/// work that must not be done twice needs an idempotency key, as it does with every client.
package final class HTTPClient: Sendable {
  private let loop: CurlLoop
  private let userAgent: String
  /// Nil once joined.
  private let thread: Lock<Thread?>

  /// - Parameters:
  ///   - userAgent: sent unless a request has its own.
  ///   - maxConnections: how many connections are kept for the next requests, to all hosts together.
  package init(userAgent: String, maxConnections: Int = 512) {
    let loop = CurlLoop(maxConnections: maxConnections)
    self.loop = loop
    self.userAgent = userAgent.filter { $0.isASCII && !$0.isNewline && $0 != "\0" }
    thread = Lock(Thread("http-client") { loop.run() })
  }

  deinit {
    close()
  }

  /// Ends the thread. Requests that are open, and later ones, fail with `HTTPClientError.closed`. Returns
  /// when the connections are closed, which takes no longer than the step the thread is in.
  package func close() {
    loop.close()
    thread.withLock { $0.take() }?.join()
  }

  /// Sends a request and gathers the answer.
  /// - Throws: `HTTPClientError`, or `CancellationError`.
  package func send(_ request: Request) async throws -> Response {
    try Task.checkCancellation()
    let ticket = loop.issueTicket()
    let whole = WholeBody(limit: request.bodyLimit)
    let transfer = try Transfer(request, ticket: ticket, to: whole, isStreamed: false, userAgent: userAgent)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        whole.wait(waiter)
        if !loop.add(transfer) { whole.finish(HTTPClientError.closed) }
      }
    } onCancel: {
      whole.cancel()
      loop.drop(ticket)
    }
  }

  /// Sends a request and returns when the head of the answer is there.
  /// - Throws: `HTTPClientError`, or `CancellationError`.
  package func stream(_ request: Request) async throws -> StreamingResponse {
    try Task.checkCancellation()
    let ticket = loop.issueTicket()
    let stream = BodyStream(of: ticket, on: loop)
    let transfer = try Transfer(request, ticket: ticket, to: stream, isStreamed: true, userAgent: userAgent)
    let body = StreamingResponse.Body(of: stream)
    let head = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        stream.waitForHead(waiter)
        if !loop.add(transfer) { stream.finish(HTTPClientError.closed) }
      }
    } onCancel: {
      stream.cancel()
    }
    return StreamingResponse(status: head.status, headers: head.headers, body: body)
  }
}
