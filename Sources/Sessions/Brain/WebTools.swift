import JSON
import Sessions

/// The tools of `agent_toolset_20260401` that look at the web. They work on the server's side, never in the
/// sandbox. Nothing is set up here to reach the web with, so they keep to the agent's lists of domains and
/// say what is missing.
struct WebTools: Sendable {
  static let fetch = "web_fetch"
  static let search = "web_search"

  static let definitions: [JSON] = [
    [
      "name": .string(fetch), "description": "Fetches a page of the web and gives its text.",
      "input_schema": [
        "type": "object",
        "properties": ["url": ["type": "string", "description": "The address, with https:// or http://."]],
        "required": ["url"],
      ],
    ],
    [
      "name": .string(search), "description": "Searches the web.",
      "input_schema": [
        "type": "object", "properties": ["query": ["type": "string", "description": "What to look for."]],
        "required": ["query"],
      ],
    ],
  ]

  private let configurations: [String: JSON]

  /// - Parameter agent: the session's snapshot.
  init(agent: JSON) {
    var configurations: [String: JSON] = [:]
    for toolset in agent["tools"]?.arrayValue ?? [] {
      for config in toolset["configs"]?.arrayValue ?? [] {
        if let name = config["name"]?.stringValue { configurations[name] = config }
      }
    }
    self.configurations = configurations
  }

  /// The result of a call; nil when the call is of another tool.
  func result(of call: Call) -> ToolResult? {
    switch call.name {
    case WebTools.fetch: fetch(call.input)
    case WebTools.search: search(call.input)
    default: nil
    }
  }

  private func fetch(_ input: JSON) -> ToolResult {
    guard let url = input["url"]?.stringValue, let host = WebTools.host(of: url) else {
      return refused("url: Give an address that begins with https:// or http://.")
    }
    guard allows(host) else {
      return refused("url_not_allowed: The agent's settings do not allow \(host).")
    }
    return refused("No way to the web is set up on this server, so \(url) was not fetched.")
  }

  private func search(_ input: JSON) -> ToolResult {
    guard let query = input["query"]?.stringValue, !Blocks.isBlank(query) else {
      return refused("query: Say what to look for.")
    }
    return refused("No search provider is set up on this server, so nothing was looked up.")
  }

  private func refused(_ sentence: String) -> ToolResult { ToolResult(text: sentence, isError: true) }

  private func allows(_ host: String) -> Bool {
    let config = configurations[WebTools.fetch]
    func lists(_ key: String) -> Bool? {
      config?[key]?.arrayValue.map { domains in
        domains.compactMap { $0.stringValue?.lowercased() }.contains {
          host == $0 || host.hasSuffix("." + $0)
        }
      }
    }
    return lists("allowed_domains") ?? true && lists("blocked_domains") != true
  }

  /// The host of an http address in small letters, without user and port.
  static func host(of url: String) -> String? {
    let lower = url.lowercased()
    guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else { return nil }
    let authority = lower.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
    let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    let host = address.hasPrefix("[") ? address.prefix { $0 != "]" } : address.prefix { $0 != ":" }
    return host.isEmpty ? nil : String(host)
  }
}
