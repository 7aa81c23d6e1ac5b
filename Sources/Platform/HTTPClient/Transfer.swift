import CCurl
import Primitives

/// One request on its way. Made by the caller and left in the loop's inbox; from then on the loop's thread
/// alone touches it. The loop's table keeps it alive while libcurl knows its address.
final class Transfer: @unchecked Sendable {
  // Safe to share: handed over once, see above.
  let ticket: CurlLoop.Ticket
  let receiver: any Receiver
  let request: HTTPClient.Request
  let prepared: PreparedRequest
  private let userAgent: String
  /// Whether the body goes to a reader that may hold it back.
  let isStreamed: Bool

  private(set) var handle: EasyHandle?
  private var headerList: UnsafeMutablePointer<curl_slist>?

  private(set) var errorText: UnsafeMutablePointer<CChar>?

  var head = HeadParser()
  /// Bytes of the body taken so far.
  var received = 0
  /// Whether the receiver has turned bytes away.
  var isResting = false
  /// Whether sending began: from then on the server may have got the request.
  var hasBegun = false
  /// What one of our own callbacks found wrong; libcurl then only knows that it was stopped.
  var objection: HTTPClientError?
  /// An address that was not connected to, because of the request's reach.
  var forbidden: IPAddress?
  var permittedAttempts = 0
  /// Why the system gave no socket for the last attempt.
  var socketError: Int32?
  private var lastActivity = ContinuousClock.now

  init(
    _ request: HTTPClient.Request, ticket: CurlLoop.Ticket, to receiver: any Receiver, isStreamed: Bool,
    userAgent: String
  ) throws(HTTPClientError) {
    self.request = request
    self.ticket = ticket
    self.receiver = receiver
    self.isStreamed = isStreamed
    self.userAgent = userAgent
    prepared = try PreparedRequest(request)
  }

  // Idleness.

  func noteActivity() {
    if request.idleTimeout != nil { lastActivity = .now }
  }

  /// Nil when there is no limit, or none now because the reader is behind.
  var idleDeadline: ContinuousClock.Instant? {
    isResting ? nil : request.idleTimeout.map { lastActivity + $0 }
  }

  var idleTimeout: Duration { request.idleTimeout ?? .zero }

  // Setting up, and letting go.

  /// Sets every option on a fresh or reset handle.
  func configure(_ handle: EasyHandle) throws(HTTPClientError) {
    self.handle = handle
    lastActivity = .now
    let me = Unmanaged.passUnretained(self).toOpaque()
    try handle.set(CURLOPT_PRIVATE, me)
    try handle.set(CURLOPT_NOSIGNAL, true)
    // Or cancelling waits for the resolver's thread, and every transfer with it.
    try handle.set(CURLOPT_QUICK_EXIT, true)
    try handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
    try handle.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    try handle.set(CURLOPT_FOLLOWLOCATION, false)
    // An empty name keeps libcurl from reading `http_proxy` and the like.
    try handle.set(CURLOPT_PROXY, "")
    try handle.set(CURLOPT_TCP_KEEPALIVE, true)
    try handle.set(CURLOPT_USERAGENT, userAgent)
    try handle.set(CURLOPT_URL, prepared.url)
    // Asks for a plain answer; libcurl decompresses one of any kind it knows as soon as the option is set.
    if request.isDecoded { try handle.set(CURLOPT_ACCEPT_ENCODING, "identity") }
    try setTimeouts(handle)
    try setVersion(handle)
    try setMethod(handle)
    try setHeaders(handle)
    try setCallbacks(handle, me)
  }

  private func setTimeouts(_ handle: EasyHandle) throws(HTTPClientError) {
    // Zero would mean libcurl's own default.
    func milliseconds(_ duration: Duration) -> Int {
      Int(max(1, min(duration.microseconds / 1000, Int64(Int32.max))))
    }
    try handle.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
    if let timeout = request.timeout { try handle.set(CURLOPT_TIMEOUT_MS, milliseconds(timeout)) }
  }

  /// HTTP/2 is only spoken over TLS: without, this libcurl breaks on the second request of a connection. A
  /// streamed answer gets a connection of its own with HTTP/1.1, since a reader that is behind would hold up
  /// all that shares it.
  private func setVersion(_ handle: EasyHandle) throws(HTTPClientError) {
    let version = isStreamed || !prepared.isSecure ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS
    try handle.set(CURLOPT_HTTP_VERSION, Int(version))
    guard prepared.isSecure else { return }
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    text.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    errorText = text
    try handle.set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(text))
  }

  private func setMethod(_ handle: EasyHandle) throws(HTTPClientError) {
    if prepared.method == "HEAD" { return try handle.set(CURLOPT_NOBODY, true) }
    if let upload = prepared.upload {
      try handle.set(CURLOPT_POST, true)
      try handle.set(CURLOPT_POSTFIELDSIZE_LARGE, bytes: upload.size)
    }
    try handle.set(CURLOPT_CUSTOMREQUEST, prepared.method)
  }

  private func setHeaders(_ handle: EasyHandle) throws(HTTPClientError) {
    for line in prepared.headerLines {
      guard let longer = curl_slist_append(headerList, line) else { throw .failed("no memory for headers") }
      headerList = longer
    }
    try check(errand_easy_list(handle.pointer, CURLOPT_HTTPHEADER, headerList))
  }

  /// Gives up the handle, which no longer points here afterwards. After its removal from the multi handle.
  func letGo() {
    handle?.reset()
    handle = nil
    curl_slist_free_all(headerList)
    headerList = nil
    errorText?.deallocate()
    errorText = nil
  }
}
