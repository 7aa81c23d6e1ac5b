import CCurl

/// An `http` or `https` address, taken apart by libcurl, which also connects: what was judged is what is asked.
package struct WebAddress: Sendable, Equatable {
  /// `http` or `https`.
  package let scheme: String
  /// In small letters, without brackets and without a dot at its end.
  package let host: String
  /// Begins with a slash.
  package let path: String
  /// Normalised, without user, password and fragment.
  package let text: String

  /// Nil for anything else, an address with a user or password included.
  package init?(_ text: String) {
    self.init(text, after: nil)
  }

  /// Where a redirect of this address leads; nil when that is no address of the web.
  package func following(_ location: String) -> WebAddress? {
    WebAddress(location, after: self.text)
  }

  private init?(_ text: String, after base: String?) {
    guard !text.utf8.contains(0), let parts = curl_url() else { return nil }
    defer { curl_url_cleanup(parts) }
    if let base, curl_url_set(parts, CURLUPART_URL, base, 0) != CURLUE_OK { return nil }
    guard curl_url_set(parts, CURLUPART_URL, text, UInt32(CURLU_URLENCODE)) == CURLUE_OK,
      WebAddress.part(CURLUPART_USER, of: parts) == nil,
      WebAddress.part(CURLUPART_PASSWORD, of: parts) == nil,
      let scheme = WebAddress.part(CURLUPART_SCHEME, of: parts), scheme == "http" || scheme == "https",
      var host = WebAddress.part(CURLUPART_HOST, of: parts)?.lowercased(),
      curl_url_set(parts, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK,
      let whole = WebAddress.part(CURLUPART_URL, of: parts)
    else { return nil }
    if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
    if host.hasSuffix(".") { host.removeLast() }
    guard !host.isEmpty else { return nil }
    self.scheme = scheme
    self.host = host
    path = WebAddress.part(CURLUPART_PATH, of: parts) ?? "/"
    self.text = whole
  }

  private static func part(_ part: CURLUPart, of parts: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(parts, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
