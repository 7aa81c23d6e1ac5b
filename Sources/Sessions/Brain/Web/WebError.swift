/// Why a web tool has no answer: an error result for the model.
enum WebError: Error, Equatable, CustomStringConvertible {
  case noAddress
  case noQuery
  case noWeb
  case noSearch
  case hostNotAllowed(String)
  /// The address was not shown to the agent by anything that its settings allow.
  case sourceNotAllowed
  case failed(String)
  case status(Int, host: String)
  case badRedirect(host: String)
  case tooManyRedirects(limit: Int)
  case notText(type: String)
  case tooLarge(host: String, limit: Int)
  case searchFailed(String)

  var description: String {
    switch self {
    case .noAddress: "url: Give an address that begins with https:// or http:// and holds no password."
    case .noQuery: "query: Say what to look for."
    case .noWeb: "No way to the web is set up on this server, so nothing was fetched."
    case .noSearch:
      "No search engine is set up on this server, so nothing was looked up. Its operator can name one that answers "
        + "like SearXNG: errand serve --web-search-url, or ERRAND_SEARCH_URL."
    case .hostNotAllowed(let host): "url_not_allowed: The agent's settings do not allow \(host)."
    case .sourceNotAllowed:
      "url_not_allowed: The agent's settings allow only addresses that it was shown by certain messages and results."
    case .failed(let reason): "url_not_accessible: \(reason)"
    case .status(let status, let host): "url_not_accessible: \(host) answered with status \(status)."
    case .badRedirect(let host): "url_not_accessible: \(host) redirects to what is no address of the web."
    case .tooManyRedirects(let limit): "too_many_redirects: The address redirects more than \(limit) times."
    case .notText(let type):
      "unsupported_content_type: The address holds \(type), and only text can be shown."
    case .tooLarge(let host, let limit):
      "The answer of \(host) is longer than the \(limit) bytes that are read."
    case .searchFailed(let reason): "The search engine gave no answer: \(reason)"
    }
  }
}
