import CCurl

/// A request that has been found fit to send, in the form libcurl takes it.
struct PreparedRequest {
  let method: String
  let url: String
  /// The host with the port the address gives, for messages: the only part of an address that is never secret.
  let host: String
  let isSecure: Bool
  /// `Name: value` lines.
  let headerLines: [String]
  let upload: Upload?

  init(_ request: HTTPClient.Request) throws(HTTPClientError) {
    method = request.method
    guard method.isToken else { throw .invalidRequest("the method is not a word of HTTP.") }
    url = request.url
    (host, isSecure) = try PreparedRequest.target(of: request.url)
    headerLines = try PreparedRequest.lines(for: request)
    upload = try PreparedRequest.upload(of: request)
  }

  /// Parsed by libcurl, which also connects: two parsers could see two hosts.
  private static func target(of url: String) throws(HTTPClientError) -> (host: String, isSecure: Bool) {
    guard let parts = curl_url() else { throw .failed("libcurl has no memory for an address") }
    defer { curl_url_cleanup(parts) }
    guard !url.utf8.contains(0), curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK,
      let scheme = part(CURLUPART_SCHEME, of: parts), let name = part(CURLUPART_HOST, of: parts),
      scheme == "http" || scheme == "https"
    else { throw .invalidRequest("its address is not of the form http://host/path or https://host/path.") }
    let port = part(CURLUPART_PORT, of: parts).map { ":\($0)" } ?? ""
    return (name + port, scheme == "https")
  }

  private static func part(_ part: CURLUPart, of parts: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(parts, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  private static func lines(for request: HTTPClient.Request) throws(HTTPClientError) -> [String] {
    var lines: [String] = []
    for (name, value) in request.headers {
      guard name.isToken else { throw .invalidRequest("a header has a name that is not a word of HTTP.") }
      guard value.isFieldValue else {
        throw .invalidRequest("the value of header \(name) holds a line end or another control character.")
      }
      guard !["Content-Length", "Transfer-Encoding"].contains(where: name.isSameField) else {
        throw .invalidRequest("header \(name) follows from the body and cannot be given.")
      }
      // libcurl drops a header without a value unless it is written with a semicolon.
      let isBlank = value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
      lines.append(isBlank ? "\(name);" : "\(name): \(value)")
    }
    // Two headers that libcurl would add by itself: a wait for permission, and the type of a form.
    for name in ["Expect", "Content-Type"]
    where !request.headers.contains(where: { $0.name.isSameField(as: name) }) {
      lines.append("\(name):")
    }
    return lines
  }

  private static func upload(of request: HTTPClient.Request) throws(HTTPClientError) -> Upload? {
    guard request.body == nil || request.upload == nil else {
      throw .invalidRequest("it has both a body and a file to upload.")
    }
    let upload: Upload?
    if let path = request.upload {
      upload = try Upload(path: path)
    } else if let body = request.body {
      upload = Upload(body)
    } else {
      upload = ["POST", "PUT", "PATCH"].contains(request.method) ? Upload([]) : nil
    }
    guard upload == nil || request.method != "HEAD" else { throw .invalidRequest("HEAD carries no body.") }
    return upload
  }
}

extension String {
  /// A token of RFC 9110 section 5.6.2, the form of methods and header names.
  fileprivate var isToken: Bool {
    !utf8.isEmpty
      && utf8.allSatisfy { $0.isLetter || (0x30...0x39).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
  }

  /// Free of what could end the line: control characters, except the tab.
  fileprivate var isFieldValue: Bool {
    utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
  }
}
