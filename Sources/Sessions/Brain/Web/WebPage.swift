import HTTPClient
import Primitives
import Store

/// Fetches an address and makes text of what it holds.
struct WebPage: Sendable {
  let web: Web
  let domains: DomainRule

  /// Characters of a page that are shown at most.
  static let longest = 100_000
  static let redirects = 5
  /// Bytes that are read at most.
  static let bytes = 5 << 20
  /// For one request; redirects have their own.
  static let time = Duration.seconds(30)

  /// - Throws: `WebError`, `CancellationError`.
  func text(of start: WebAddress, limit: Int) async throws -> String {
    var address = start
    for _ in 0...WebPage.redirects {
      // Every step is judged like the first.
      guard domains.allows(address) else { throw WebError.hostNotAllowed(address.host) }
      let response = try await ask(address)
      switch response.status {
      case 301, 302, 303, 307, 308:
        guard let location = response.headers.first("Location"), let next = address.following(location) else {
          throw WebError.badRedirect(host: address.host)
        }
        address = next
      case 200...299:
        return try await read(response, limit)
      default: throw WebError.status(response.status, host: address.host)
      }
    }
    throw WebError.tooManyRedirects(limit: WebPage.redirects)
  }

  private func ask(_ address: WebAddress) async throws -> HTTPClient.Response {
    let request = HTTPClient.Request(
      url: address.text,
      headers: [("Accept", "text/html, text/markdown, text/plain, application/json;q=0.9, */*;q=0.1")],
      timeout: WebPage.time, bodyLimit: WebPage.bytes, reach: web.reach)
    do {
      return try await web.client.send(request)
    } catch HTTPClientError.tooLarge {
      throw WebError.tooLarge(host: address.host, limit: WebPage.bytes)
    } catch HTTPClientError.forbiddenAddress(let host, _) {
      // Which address it is would tell about the network of this server.
      throw WebError.failed("\(host) has no public address.")
    } catch let error as HTTPClientError {
      throw WebError.failed("\(error)")
    }
  }

  /// Makes text of an answer on a thread of its own: megabytes of a hostile page would hold up all tasks.
  private func read(_ response: HTTPClient.Response, _ limit: Int) async throws -> String {
    guard await web.readers.take() else {
      try Task.checkCancellation()
      throw WebError.failed("This server reads too many pages at this moment. Try again.")
    }
    defer { web.readers.leave() }
    return try await Thread.run("page") { () throws(WebError) in
      WebPage.cut(try WebPage.content(of: response), limit)
    }
  }

  /// - Throws: `WebError.notText`.
  static func content(of response: HTTPClient.Response) throws(WebError) -> String {
    let field = response.headers.first("Content-Type")?.lowercased() ?? ""
    let type = field.prefix { $0 != ";" }.filter { !$0.isWhitespace }
    let isHTML = type == "text/html" || type == "application/xhtml+xml"
    let isText =
      isHTML || type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml")
      || [
        "application/json", "application/xml", "application/javascript", "application/yaml",
        "application/x-ndjson",
      ]
      .contains(type)
    // Without a type, text is what has no zero byte.
    guard isText || (type.isEmpty && !response.body.contains(0)) else {
      throw .notText(type: type.isEmpty ? "data of no named type" : String(type.prefix(80)))
    }
    let text = decode(response.body, field)
    let looksLikeHTML =
      type.isEmpty && text.drop { $0.isWhitespace }.prefix(14).lowercased().hasPrefix("<!doctype html")
    return isHTML || looksLikeHTML ? PageText.of(text) : text
  }

  /// UTF-8 unless the header, or the beginning of the page, says it is the old western encoding.
  private static func decode(_ bytes: [UInt8], _ field: String) -> String {
    let beginning = String(decoding: bytes.prefix(1024), as: UTF8.self).lowercased()
    let declared = field.contains("charset=") ? field : beginning
    let isWestern = ["iso-8859-1", "windows-1252", "latin1"].contains {
      declared.contains("charset=\($0)") || declared.contains("charset=\"\($0)")
    }
    guard isWestern else { return String(decoding: bytes, as: UTF8.self) }
    return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  static func cut(_ text: String, _ limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      end != scalars.endIndex
    else { return text.isEmpty ? "(the page holds no text)" : text }
    return String(scalars[..<end]) + "\n[… cut after \(limit) of \(scalars.count) characters …]"
  }
}
