package import HTTPClient
import Primitives

/// How the web tools reach the web.
package struct Web: Sendable {
  let client: HTTPClient
  /// Which addresses `web_fetch` may connect to.
  let reach: HTTPClient.Reach
  /// A search engine that answers like SearXNG; nil has none.
  let search: String?
  /// Pages that are made text of at one time, each on a thread.
  let readers = Seats(2, line: 256)

  package init(client: HTTPClient, reach: HTTPClient.Reach, search: String? = nil) {
    self.client = client
    self.reach = reach
    self.search = search
  }
}
