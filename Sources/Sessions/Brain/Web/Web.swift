package import HTTPClient

/// How the web tools reach the web.
package struct Web: Sendable {
  let client: HTTPClient
  /// Which addresses `web_fetch` may connect to.
  let reach: HTTPClient.Reach
  /// A search engine that answers like SearXNG; nil has none.
  let search: String?

  package init(client: HTTPClient, reach: HTTPClient.Reach, search: String? = nil) {
    self.client = client
    self.reach = reach
    self.search = search
  }
}
