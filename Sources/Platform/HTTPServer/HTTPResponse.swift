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
