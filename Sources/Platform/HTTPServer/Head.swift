/// The head of a request and the checks of its framing that the library leaves out. Behind a proxy, two
/// parties that disagree about where a request ends let a client smuggle one past the other, so anything
/// ambiguous is refused (RFC 9112, sections 3.2, 5.1 and 6.3).
struct Head {
  /// Most header fields of a request.
  static let fieldLimit = 100
  /// Most bytes of a request's head.
  static let sizeLimit = 8192

  let method: String
  let target: String
  let version: String
  let headers: HTTPHeaders
  /// Bytes from the method to the empty line.
  let size: Int
  /// Whether its lines lie one after another, each ended by CR LF: false for bare LF, NUL bytes, and lines
  /// that continue the one before.
  let isCleanlyLaidOut: Bool

  /// An answer of the server's own, in place of the handler's.
  typealias Refusal = (status: Int, sentence: String)

  static let tooLarge: Refusal = (
    431, "The request's head is too large: at most \(fieldLimit) fields and \(sizeLimit) bytes."
  )

  /// Why the request cannot be taken; nil when it can.
  func fault() -> Refusal? {
    if size > Head.sizeLimit || headers.entries.count > Head.fieldLimit {
      return Head.tooLarge
    }
    guard isCleanlyLaidOut else {
      return (
        400, "The request's head has a line that does not end with CR LF, or a NUL byte, or a folded line."
      )
    }
    guard !method.isEmpty, method.utf8.allSatisfy(Head.isToken) else {
      return (400, "The request's method has characters that are not allowed.")
    }
    if let fault = Target.fault(in: target, method: method) { return (400, fault) }
    return fieldFault() ?? framingFault()
  }

  private func fieldFault() -> Refusal? {
    for (name, value) in headers.entries {
      guard !name.isEmpty, name.utf8.allSatisfy(Head.isToken) else {
        return (400, "A header name is empty or has characters that are not allowed, such as a space.")
      }
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        return (400, "The header \(name) contains a control character.")
      }
    }
    return nil
  }

  private func framingFault() -> Refusal? {
    let hosts = headers.all("Host")
    if hosts.count > 1 { return (400, "The request has more than one Host header.") }
    if hosts.isEmpty, version != "HTTP/1.0" { return (400, "The request has no Host header.") }
    let codings = headers.all("Transfer-Encoding")
    let lengths = headers.all("Content-Length")
    if lengths.count > 1 { return (400, "The request has more than one Content-Length header.") }
    guard !codings.isEmpty else { return nil }
    if !lengths.isEmpty { return (400, "The request has both Content-Length and Transfer-Encoding.") }
    if version == "HTTP/1.0" { return (400, "An HTTP/1.0 request cannot have Transfer-Encoding.") }
    guard codings.count == 1, HTTPHeaders.same(codings[0], "chunked") else {
      return (400, "The only transfer coding supported is chunked.")
    }
    return nil
  }

  /// What Content-Length announces; nil without it.
  var announcedLength: UInt64? { headers.first("Content-Length").flatMap { UInt64($0) } }

  /// Whether a body follows. Only meaningful without a fault.
  var hasBody: Bool {
    headers.first("Transfer-Encoding") != nil || (announcedLength ?? 0) > 0
  }

  /// Whether the client waits for permission before it sends the body.
  var expectsContinue: Bool {
    version != "HTTP/1.0" && headers.first("Expect").map { HTTPHeaders.same($0, "100-continue") } ?? false
  }

  /// Whether a byte may stand in a method or a header name (RFC 9110, section 5.6.2).
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
  }
}
