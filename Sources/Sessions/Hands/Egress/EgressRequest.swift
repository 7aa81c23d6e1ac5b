/// What a program in the sandbox asks of the proxy (RFC 9112, section 3.2).
struct EgressRequest: Equatable {
  enum Kind: Equatable {
    /// `CONNECT host:port`: bytes both ways, whatever they are.
    case tunnel
    /// A request for an `http` address: what is sent to its server, and how long its body is.
    case plain(head: [UInt8], body: Body)
  }
  enum Body: Equatable {
    case bytes(Int)
    /// Ends where its last chunk does; passed on as it comes.
    case chunks
  }

  /// In small letters, without brackets and without a dot at its end.
  var host: String
  var port: UInt16
  var kind: Kind

  /// - Parameter head: with the empty line at its end.
  init(_ head: [UInt8]) throws(EgressRefusal) {
    guard !head.contains(0), let text = String(validating: head, as: UTF8.self) else {
      throw .malformed("its head is not text")
    }
    // Characters of Swift hold CR LF as one, so the lines are split by scalars.
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(Substring.UnicodeScalarView(line.last == "\r" ? line.dropLast() : line))
    }
    let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", EgressRequest.isToken(words[0])
    else {
      throw .malformed("its first line is not that of a request")
    }
    let headers = try EgressRequest.headers(lines)
    if words[0] == "CONNECT" {
      (host, port) = try EgressRequest.authority(words[1], standard: nil)
      kind = .tunnel
      return
    }
    guard words[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .malformed("its address has characters that addresses escape")
    }
    let lower = words[1].lowercased()
    if lower.hasPrefix("https://") { throw .malformed("addresses with https:// are asked for with CONNECT") }
    guard lower.hasPrefix("http://") else {
      throw .malformed("it is a proxy, so it wants CONNECT host:port or an address with http://")
    }
    let rest = words[1].dropFirst(7)
    let authority = rest.prefix { !"/?#".contains($0) }
    (host, port) = try EgressRequest.authority(String(authority), standard: 80)
    var path = rest.dropFirst(authority.count).prefix { $0 != "#" }
    if !path.hasPrefix("/") { path = "/" + path }
    kind = .plain(
      head: EgressRequest.head(words[0], String(path), String(authority), headers),
      body: try EgressRequest.body(headers))
  }

  /// The head that the server gets: the path alone, the host of the address, nothing that was for the proxy,
  /// and one request per connection, so that no second one goes where nobody looked.
  private static func head(
    _ method: String, _ path: String, _ authority: String, _ headers: [(name: String, value: String)]
  ) -> [UInt8] {
    // Those that the client's `Connection` names are between it and us.
    let named = headers.filter { $0.name == "connection" }.flatMap { $0.value.split(separator: ",") }.map {
      $0.filter { !$0.isWhitespace }.lowercased()
    }
    let ours =
      ["host", "connection", "keep-alive", "upgrade", "te", "trailer"]
      + named.filter { !framing.contains($0) }
    var text = "\(method) \(path) HTTP/1.1\r\nHost: \(authority)\r\n"
    for (name, value) in headers where !ours.contains(name) && !name.hasPrefix("proxy-") {
      text += "\(name): \(value)\r\n"
    }
    return Array((text + "Connection: close\r\n\r\n").utf8)
  }

  private static let framing = ["content-length", "transfer-encoding"]

  private static func body(_ headers: [(name: String, value: String)]) throws(EgressRefusal) -> Body {
    let lengths = headers.filter { $0.name == "content-length" }
    let codings = headers.filter { $0.name == "transfer-encoding" }
    guard lengths.count + codings.count <= 1 else {
      throw .malformed("it gives the length of its body twice")
    }
    if let coding = codings.first {
      guard coding.value.lowercased() == "chunked" else {
        throw .malformed("it knows the transfer encoding chunked only")
      }
      return .chunks
    }
    guard let length = lengths.first else { return .bytes(0) }
    guard let count = Int(length.value), count >= 0, String(count) == length.value else {
      throw .malformed("the length of its body is no number")
    }
    return .bytes(count)
  }

  /// Names in small letters.
  private static func headers(_ lines: [String]) throws(EgressRefusal) -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    for line in lines where !line.isEmpty {
      guard let colon = line.firstIndex(of: ":"), isToken(String(line[..<colon])) else {
        throw .malformed("a header is not of the form name: value")
      }
      let value = String(line[line.index(after: colon)...])
      guard value.unicodeScalars.allSatisfy({ $0 == "\t" || ($0.value >= 0x20 && $0.value != 0x7F) }) else {
        throw .malformed("a header holds a control character")
      }
      let trimmed = value.drop { $0 == " " || $0 == "\t" }
      headers.append(
        (line[..<colon].lowercased(), String(trimmed.reversed().drop { $0 == " " || $0 == "\t" }.reversed())))
    }
    return headers
  }

  /// `host:port`, `[IPv6]:port`. A name has letters, digits, dots, hyphens and underscores only.
  private static func authority(_ text: String, standard: UInt16?) throws(EgressRefusal) -> (String, UInt16) {
    let isBracketed = text.hasPrefix("[")
    let end = isBracketed ? text.firstIndex(of: "]") : text.lastIndex(of: ":") ?? text.endIndex
    guard let end else { throw .malformed("“\(text.prefix(80))” names no host") }
    var host = text[..<end].lowercased()
    var rest = text[end...]
    if isBracketed {
      host.removeFirst()
      rest = rest.dropFirst()
    }
    if host.hasSuffix(".") { host.removeLast() }
    let isName = host.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || "-._".utf8.contains(byte)
    }
    let isAddress = host.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || ".:".utf8.contains(byte)
    }
    guard !host.isEmpty, host.utf8.count <= 253, isBracketed ? isAddress : isName else {
      throw .malformed("“\(text.prefix(80))” names no host")
    }
    if rest.isEmpty, let standard { return (host, standard) }
    // Swift's numbers may have a sign.
    guard rest.hasPrefix(":"), rest.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(rest.dropFirst()), port > 0
    else {
      throw .malformed("“\(text.prefix(80))” names no port")
    }
    return (host, port)
  }

  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }
}
