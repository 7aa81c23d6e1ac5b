import HTTPClient
import JSON

/// Asks a search engine that answers like SearXNG: `GET /search?q=…&format=json`.
struct WebSearch: Sendable {
  let client: HTTPClient
  let engine: String
  let domains: DomainRule

  static let results = 10
  static let longestQuery = 1000
  static let longestSnippet = 600

  /// - Throws: `WebError`, `CancellationError`.
  func text(of query: String) async throws -> String {
    let query = String(query.prefix(WebSearch.longestQuery))
    let base = engine.hasSuffix("/search") ? engine : engine + "/search"
    let request = HTTPClient.Request(
      url: "\(base)?q=\(WebSearch.escaped(query))&format=json", headers: [("Accept", "application/json")],
      timeout: .seconds(20), bodyLimit: 2 << 20)
    let response: HTTPClient.Response
    do { response = try await client.send(request) } catch let error as HTTPClientError {
      throw WebError.searchFailed("\(error)")
    }
    guard response.status == 200 else {
      // SearXNG answers 403 when its settings do not list the format.
      let hint = response.status == 403 ? " Its settings may not allow the format json." : ""
      throw WebError.searchFailed("it answered with status \(response.status).\(hint)")
    }
    guard let list = (try? JSON(parsing: response.body))?["results"]?.arrayValue else {
      throw WebError.searchFailed("it did not answer with JSON that has “results”.")
    }
    let found = list.compactMap(entry).prefix(WebSearch.results)
    if found.isEmpty { return "Nothing was found." }
    return found.enumerated().map { "\($0.offset + 1). \($0.element)" }.joined(separator: "\n\n")
  }

  private func entry(_ result: JSON) -> String? {
    guard let address = result["url"]?.stringValue.flatMap({ WebAddress($0) }), domains.allows(address)
    else {
      return nil
    }
    let title = WebSearch.line(result["title"]?.stringValue ?? address.host)
    let snippet = WebSearch.line(result["content"]?.stringValue ?? "")
    return ([title, address.text] + (snippet.isEmpty ? [] : [snippet])).joined(separator: "\n   ")
  }

  private static func line(_ text: String) -> String {
    String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(longestSnippet))
  }

  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return String(UnicodeScalar(byte))
      default:
        if "-._~".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }.joined()
  }
}
