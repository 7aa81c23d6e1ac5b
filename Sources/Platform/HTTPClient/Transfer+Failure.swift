import CCurl
import Glibc

extension Transfer {
  /// What libcurl's result means; nil for a whole answer.
  func failure(for code: CURLcode) -> HTTPClientError? {
    if let objection { return objection }
    let host = prepared.host
    let reason = String(cString: curl_easy_strerror(code))
    // Sent on a kept connection that then died, and the attempt on a new one did not get that far: the
    // server may have the request from the first.
    if hasBegun, Transfer.isBeforeSending(code) { return .brokenOff(host: host, received: 0) }
    switch code {
    case CURLE_OK:
      return head.isComplete ? nil : .brokenOff(host: host, received: 0)
    case CURLE_URL_MALFORMAT:
      return .invalidRequest("its address is not of the form http://host/path or https://host/path.")
    case CURLE_COULDNT_RESOLVE_HOST:
      return .unreachable(host: host, reason: "the name does not resolve")
    case CURLE_COULDNT_CONNECT:
      return connectFailure
    case CURLE_OPERATION_TIMEDOUT:
      return timeout
    case CURLE_PEER_FAILED_VERIFICATION:
      return .certificate(host: host, reason: detail ?? reason)
    case _ where Transfer.isAboutTLS(code):
      return .tls(host: host, reason: detail ?? reason)
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
      CURLE_HTTP2_STREAM:
      return .brokenOff(host: host, received: received)
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
      return .malformed(host: host, reason: reason)
    default:
      return .failed(reason)
    }
  }

  var idleFailure: HTTPClientError {
    .timedOut(host: prepared.host, hasBegun ? .anything : .connection, after: idleTimeout)
  }

  private static func isBeforeSending(_ code: CURLcode) -> Bool {
    let connecting = [CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_PEER_FAILED_VERIFICATION]
    return connecting.contains(code) || isAboutTLS(code)
  }

  private static func isAboutTLS(_ code: CURLcode) -> Bool {
    [
      CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED,
    ].contains(code)
  }

  private var connectFailure: HTTPClientError {
    if let forbidden, permittedAttempts == 0 {
      return .forbiddenAddress(host: prepared.host, address: forbidden.description)
    }
    if let socketError { return .failed("no socket: \(String(cString: strerror(socketError)))") }
    let number = handle?.systemError ?? 0
    if number == ECONNREFUSED { return .refused(host: prepared.host) }
    let reason = number == 0 ? "no connection to any of its addresses" : String(cString: strerror(number))
    return .unreachable(host: prepared.host, reason: reason)
  }

  private var timeout: HTTPClientError {
    let total = request.timeout ?? request.connectTimeout
    if !hasBegun {
      return .timedOut(host: prepared.host, .connection, after: min(total, request.connectTimeout))
    }
    return .timedOut(host: prepared.host, head.isComplete ? .body : .head, after: total)
  }

  /// libcurl's own words about TLS, without a full stop. Only read for TLS: elsewhere they might quote what
  /// the server sent.
  private var detail: String? {
    guard let errorText, errorText[0] != 0 else { return nil }
    return String(cString: errorText)
  }
}
