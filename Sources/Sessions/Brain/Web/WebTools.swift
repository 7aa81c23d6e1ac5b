import HTTPClient
package import JSON
package import Sessions

/// The tools that look at the web. They work on the server's side, never in the sandbox, and keep to the agent's
/// lists of domains.
package struct WebTools: ToolProvider {
  static let fetch = "web_fetch"
  static let search = "web_search"

  package let definitions = [
    ToolDefinition(
      name: fetch,
      description:
        "Fetches a page of the web and gives its text, without scripts and markup. Long pages are cut.",
      schema: [
        "type": "object",
        "properties": ["url": ["type": "string", "description": "The address, with https:// or http://."]],
        "required": ["url"],
      ]),
    ToolDefinition(
      name: search, description: "Searches the web; gives titles, addresses and snippets.",
      schema: [
        "type": "object", "properties": ["query": ["type": "string", "description": "What to look for."]],
        "required": ["query"],
      ]),
  ]
  package var usesSandbox: Bool { false }

  private let web: Web?

  /// - Parameter web: nil when there is no way to the web.
  package init(_ web: Web?) {
    self.web = web
  }

  package func execute(_ name: String, _ input: JSON, in setting: ToolSetting) async throws -> ToolResult {
    try await WebCall(web, agent: setting.session.agent, log: setting.log).result(of: name, input)
  }
}

/// A call of a web tool, on the terms of its agent.
struct WebCall {
  private let web: Web?
  private let configurations: [String: JSON]
  /// The addresses that may be fetched; nil when any may.
  private let shown: ShownAddresses?

  /// - Parameters:
  ///   - agent: the session's snapshot.
  ///   - log: the session's, in which the addresses stand that the agent was shown.
  init(_ web: Web?, agent: JSON, log: [Event] = []) {
    self.web = web
    var configurations: [String: JSON] = [:]
    for toolset in agent["tools"]?.arrayValue ?? [] {
      for config in toolset["configs"]?.arrayValue ?? [] {
        if let name = config["name"]?.stringValue { configurations[name] = config }
      }
    }
    self.configurations = configurations
    shown = ShownAddresses(sources: configurations[WebTools.fetch]?["url_sources"], log)
  }

  /// The result of a call of one of the two. What goes wrong is an error result.
  /// - Throws: `CancellationError`.
  func result(of name: String, _ input: JSON) async throws -> ToolResult {
    let domains = DomainRule(configurations[name])
    do {
      if name == WebTools.fetch { return ToolResult(text: try await page(input, domains)) }
      var found = ToolResult(text: try await findings(input, domains))
      found.webSearches = 1
      return found
    } catch let error as WebError {
      return ToolResult(text: error.description, isError: true)
    }
  }

  private func page(_ input: JSON, _ domains: DomainRule) async throws -> String {
    guard let text = input["url"]?.stringValue, let address = WebAddress(text) else {
      throw WebError.noAddress
    }
    guard domains.allows(address) else { throw WebError.hostNotAllowed(address.host) }
    if let shown, !shown.contains(address) { throw WebError.sourceNotAllowed }
    guard let web else { throw WebError.noWeb }
    let tokens = configurations[WebTools.fetch]?["max_content_tokens"]?.intValue.flatMap(Int.init(exactly:))
    // A token has about four characters.
    let limit = min(
      WebPage.longest, tokens.map { max(1, $0) }?.multipliedReportingOverflow(by: 4).partialValue ?? .max)
    return try await WebPage(web: web, domains: domains).text(of: address, limit: limit)
  }

  private func findings(_ input: JSON, _ domains: DomainRule) async throws -> String {
    guard let query = input["query"]?.stringValue, !Blocks.isBlank(query) else { throw WebError.noQuery }
    guard let web, let engine = web.search else { throw WebError.noSearch }
    return try await WebSearch(client: web.client, engine: engine, domains: domains).text(of: query)
  }
}

/// The `allowed_domains` or `blocked_domains` of a tool's configuration. A domain stands for those below it too, and
/// the beginning of a path behind it for what lies there.
struct DomainRule: Sendable {
  private let allowed: [String]?
  private let blocked: [String]?

  init(_ config: JSON?) {
    func list(_ key: String) -> [String]? {
      config?[key]?.arrayValue?.compactMap { $0.stringValue?.lowercased() }
    }
    allowed = list("allowed_domains")
    blocked = list("blocked_domains")
  }

  func allows(_ address: WebAddress) -> Bool {
    func matches(_ entry: String) -> Bool {
      let domain = entry.prefix { $0 != "/" }
      guard address.host == domain || address.host.hasSuffix("." + domain) else { return false }
      return address.path.lowercased().hasPrefix(entry.dropFirst(domain.count))
    }
    if let allowed, !allowed.contains(where: matches) { return false }
    return blocked?.contains(where: matches) != true
  }
}
