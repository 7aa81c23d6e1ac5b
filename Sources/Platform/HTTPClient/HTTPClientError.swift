import Primitives

/// Why a request got no whole answer. A cancelled task gets `CancellationError` instead.
///
/// Hosts are named with the port the address gives, never with the rest of the address: paths and queries
/// carry secrets.
package enum HTTPClientError: Error, Equatable {
  /// Nothing was sent, because this request cannot be. The text says what is wrong with it.
  case invalidRequest(String)
  /// The machine is there but nothing listens.
  case refused(host: String)
  /// The name does not resolve, or no route leads to the address.
  case unreachable(host: String, reason: String)
  /// Every address of the host is closed to requests with this `Reach`.
  case forbiddenAddress(host: String, address: String)
  /// The certificate is not one to trust for this host.
  case certificate(host: String, reason: String)
  /// No agreement on a secure connection.
  case tls(host: String, reason: String)
  case timedOut(host: String, Wait, after: Duration)
  /// The body is longer than `bodyLimit`, or the head longer than 256 KiB.
  case tooLarge(host: String, limit: Int)
  /// The connection ended before the answer did.
  case brokenOff(host: String, received: Int)
  /// What came is not HTTP.
  case malformed(host: String, reason: String)
  /// `close` was called before the answer was complete.
  case closed
  /// This machine could not do it: memory, descriptors, a file that cannot be read.
  case failed(String)

  /// What a request was waiting for when its time ran out.
  package enum Wait: Sendable {
    case connection
    case head
    case body
    /// Any byte at all: `idleTimeout`.
    case anything
  }
}

extension HTTPClientError {
  /// False when the server surely has not got the request, so that sending it again cannot do its work twice.
  package var mayHaveArrived: Bool {
    switch self {
    case .invalidRequest, .refused, .unreachable, .forbiddenAddress, .certificate, .tls: false
    case .timedOut(_, let wait, _): wait != .connection
    case .tooLarge, .brokenOff, .malformed, .closed, .failed: true
    }
  }

  /// Whether the same request may go better later.
  package var isRetryable: Bool {
    switch self {
    case .refused, .unreachable, .tls, .timedOut, .brokenOff, .failed: true
    case .invalidRequest, .forbiddenAddress, .certificate, .tooLarge, .malformed, .closed: false
    }
  }
}

extension HTTPClientError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidRequest(let reason):
      "The request was not sent: \(reason)"
    case .refused(let host):
      "\(host) refused the connection. Check the port and whether the service runs."
    case .unreachable(let host, let reason):
      "\(host) cannot be reached: \(reason). Check the name and this machine's network."
    case .forbiddenAddress(let host, let address):
      "\(host) is at \(address), which is no public address of another machine. List its block if requests may go there."
    case .certificate(let host, let reason):
      "The certificate of \(host) is not trusted: \(reason)."
    case .tls(let host, let reason):
      "No secure connection to \(host): \(reason)."
    case .timedOut(let host, .connection, let limit):
      "\(host) did not accept a connection within \(limit.inWords)."
    case .timedOut(let host, .head, let limit):
      "\(host) did not answer within \(limit.inWords)."
    case .timedOut(let host, .body, let limit):
      "\(host) did not finish its answer within \(limit.inWords)."
    case .timedOut(let host, .anything, let limit):
      "\(host) sent nothing for \(limit.inWords), so the request was given up."
    case .tooLarge(let host, let limit):
      "\(host) answered with more than the \(limit) bytes allowed."
    case .brokenOff(let host, 0):
      "\(host) ended the connection before it sent any of its answer."
    case .brokenOff(let host, let received):
      "\(host) ended the connection inside its answer, after \(received) bytes of the body."
    case .malformed(let host, let reason):
      "\(host) did not answer in HTTP: \(reason)."
    case .closed:
      "The request was ended because the program is stopping."
    case .failed(let reason):
      "The request could not be made: \(reason)."
    }
  }
}

extension Duration {
  /// `30 s`, `0.25 s`.
  fileprivate var inWords: String {
    microseconds % 1_000_000 == 0 ? "\(components.seconds) s" : "\(inSeconds) s"
  }
}
