/// What a handler answers.
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Sent as it is produced, until the channel is finished; for server-sent events.
    case stream(ByteChannel)
    /// The first `size` bytes of a file, read while they are sent. The file must not shrink meanwhile.
    case file(path: String, size: Int64)
  }

  package var status: Int
  /// Sent in this order. Content-Length, Transfer-Encoding and Date are the server's: they are left out here.
  /// `Connection: close` closes the connection after the answer.
  package var headers: [(String, String)]
  package var body: Body

  package init(status: Int, headers: [(String, String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A sentence as plain text.
  package static func text(_ status: Int, _ sentence: String) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("Content-Type", "text/plain; charset=utf-8")],
      body: .bytes(Array((sentence + "\n").utf8)))
  }
}

extension HTTPResponse {
  /// Nobody will send this: its stream ends, so that its producers stop.
  func abandon() {
    if case .stream(let channel) = body { channel.abandon() }
  }

  /// The same, with the connection closed after it.
  func closing() -> HTTPResponse {
    var response = self
    response.headers.removeAll { HTTPHeaders.same($0.0, "Connection") }
    response.headers.append(("Connection", "close"))
    return response
  }

  /// Why this cannot be sent, for the log; nil when it can. A line break in a field would let whoever
  /// supplied the value write headers of their own.
  var fault: String? {
    guard (200...999).contains(status) else { return "status \(status) is not a final one" }
    for (name, value) in headers {
      guard !name.isEmpty, name.utf8.allSatisfy(Head.isToken) else {
        return "the header name \"\(name)\" has characters that are not allowed"
      }
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        return "the value of the header \(name) contains a control character"
      }
    }
    return nil
  }
}
