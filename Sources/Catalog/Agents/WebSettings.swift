import JSON
import Reading

/// What an agent's author sets for `web_fetch` and `web_search`.
enum WebSettings {
  /// The most domains of a list.
  static let domainLimit = 64
  /// The most tools of a list of sources.
  static let sourceLimit = 128

  /// Settings that a tool has besides those of every tool.
  static func keys(of tool: String) -> [String] {
    switch tool {
    case "web_fetch": ["allowed_domains", "blocked_domains", "max_content_tokens", "url_sources"]
    case "web_search": ["allowed_domains", "blocked_domains", "user_location"]
    default: []
    }
  }

  /// The settings of one tool as the wire shows them; those that are not given are left out.
  /// - Parameter customTools: the names of the agent's custom tools.
  static func read(_ config: Fields, of tool: String, customTools: [String]) -> JSON.Object {
    var settings: JSON.Object = [:]
    for key in keys(of: tool) { settings[key] = config[key] }
    check(config, takesPaths: tool == "web_search")
    if let sources = config.fields("url_sources", "the sources of addresses", AgentShapes.sources) {
      settings["url_sources"] = .object(read(sources, customTools: customTools))
    }
    return settings
  }

  /// - Parameter takesPaths: whether a domain may have the beginning of a path behind it.
  private static func check(_ config: Fields, takesPaths: Bool) {
    if config["allowed_domains"] != nil, config["blocked_domains"] != nil {
      config.add("blocked_domains", "Give either \"allowed_domains\" or \"blocked_domains\", not both.")
    }
    for key in ["allowed_domains", "blocked_domains"] where config[key] != nil {
      let domains = config.texts(key, limit: domainLimit, length: 1...253)
      if config[key]?.arrayValue?.isEmpty == true { config.add(key, "Expected at least one domain.") }
      for (domain, path) in domains {
        let name = takesPaths ? String(domain.prefix { $0 != "/" }) : domain
        if isPublicDomain(name), domain.allSatisfy({ !$0.isWhitespace && $0 != "?" && $0 != "#" }) {
          continue
        }
        config.findings.add(
          path,
          "Expected a public domain such as example.com, without scheme\(takesPaths ? " or port" : ", port or path"), "
            + "found \(quoted(domain)).")
      }
    }
    _ = config.whole("max_content_tokens", in: 1...10_000_000)
    if let location = config.fields("user_location", "a location", AgentShapes.location) {
      _ = location.choice("type", of: ["approximate"], required: true)
      for key in AgentShapes.location.keys.dropFirst() { _ = location.text(key, length: 1...255) }
    }
  }

  // MARK: Where addresses may come from

  private static let serverTools = ["web_search", "web_fetch"]

  /// Each source, and whether it can be narrowed to some tools.
  private static let sources = [
    (key: "client_tool_results", hasTools: true), (key: "server_tool_results", hasTools: true),
    (key: "user_input", hasTools: false),
  ]

  /// In the form with objects, whichever was given.
  private static func read(_ given: Fields, customTools: [String]) -> JSON.Object {
    var read: JSON.Object = [:]
    for (key, hasTools) in sources {
      let tools = key == "server_tool_results" ? serverTools : customTools
      read[key] = source(key, of: given, tools: hasTools ? tools : nil)
    }
    if sources.allSatisfy({ read[$0.key]?["type"] == "none" }) {
      given.findings.add(
        given.path, "With \"none\" for every source nothing can be fetched. Disable web_fetch instead.")
    }
    return read
  }

  /// - Parameter tools: those that may be named; nil when none may.
  private static func source(_ key: String, of given: Fields, tools: [String]?) -> JSON? {
    guard let value = given[key] else { return nil }
    guard value.objectValue != nil else {
      return given.choice(key, of: ["all", "none"]).map { ["type": .string($0)] }
    }
    let lists = ["only", "except"]
    guard let source = given.fields(key, "a source of addresses", keys: nil),
      let type = source.choice("type", of: ["all", "none"] + (tools == nil ? [] : lists), required: true)
    else { return nil }
    guard let tools, lists.contains(type) else {
      _ = given.fields(key, "a source of addresses", keys: ["type"])
      return ["type": .string(type)]
    }
    guard let list = given.fields(key, "a source of addresses", keys: ["type", "tools"]) else { return nil }
    let entries = list.list("tools", limit: sourceLimit, required: true)
    if list["tools"]?.arrayValue?.isEmpty == true { list.add("tools", "Expected at least one tool.") }
    var seen: Set<String> = []
    for (entry, path) in entries {
      let reference = Fields(entry, at: path, "a tool's reference", AgentShapes.toolReference, given.findings)
      _ = reference?.choice("type", of: ["tool_reference"], required: true)
      guard let name = reference?.choice("name", of: tools, required: true) else { continue }
      if !seen.insert(name).inserted { reference?.add("name", "\(quoted(name)) is named twice.") }
    }
    return .object(list.object)
  }

  /// At least two labels of letters, digits and hyphens, the last one not a number: no address, no `localhost`.
  private static func isPublicDomain(_ text: String) -> Bool {
    let labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, let last = labels.last, !last.allSatisfy(\.isNumber), last != "localhost" else {
      return false
    }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.unicodeScalars.allSatisfy {
          $0.properties.isAlphabetic || $0.value == 0x2D || ("0"..."9").contains($0)
        }
    }
  }
}
