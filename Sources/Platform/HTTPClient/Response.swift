extension HTTPClient {
  /// An answer with its whole body. Any status is an answer, 500 as well.
  package struct Response: Sendable {
    package var status: Int
    package var headers: Headers
    package var body: [UInt8]

    package init(status: Int, headers: Headers = Headers(), body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    /// The body as UTF-8; what is not UTF-8 shows as U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }
  }
}
