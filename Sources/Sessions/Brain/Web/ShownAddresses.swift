import HTTPClient
import JSON
import Sessions

/// The addresses that a session has shown its agent in what `url_sources` allows: texts of users, and results of
/// custom tools and of the web tools.
struct ShownAddresses: Sendable {
  private var addresses: Set<String> = []

  /// - Parameter sources: the setting, in the form with objects. Nil makes nil: then any address may be fetched.
  init?(sources: JSON?, _ log: [Event]) {
    guard let sources, !sources.isNull else { return nil }
    var names: [String: String] = [:]
    for event in log where !event.isFlushed {
      switch event.type {
      case .userMessage where ShownAddresses.allows(sources["user_input"], nil):
        note(event.body["content"])
      case .userDefineOutcome where ShownAddresses.allows(sources["user_input"], nil):
        note([event.body["description"] ?? .null])
      case .agentToolUse, .agentCustomToolUse:
        names[event.id] = event.body["name"]?.stringValue
      case .userCustomToolResult:
        let name = event.answeredCall.flatMap { names[$0] }
        if ShownAddresses.allows(sources["client_tool_results"], name) { note(event.body["content"]) }
      case .agentToolResult:
        guard let name = event.answeredCall.flatMap({ names[$0] }),
          name == WebTools.fetch || name == WebTools.search
        else { continue }
        if ShownAddresses.allows(sources["server_tool_results"], name) { note(event.body["content"]) }
      default: break
      }
    }
  }

  func contains(_ address: WebAddress) -> Bool { addresses.contains(address.text) }

  /// - Parameter tool: whose result it is; nil for what no tool gave.
  private static func allows(_ source: JSON?, _ tool: String?) -> Bool {
    let tools = source?["tools"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
    switch source?["type"]?.stringValue {
    case "none": return false
    case "only": return tool.map(tools.contains) ?? false
    case "except": return !(tool.map(tools.contains) ?? false)
    default: return true
    }
  }

  private mutating func note(_ value: JSON?) {
    switch value {
    case .string(let text): note(in: text)
    case .array(let values): for value in values { note(value) }
    case .object(let object): for value in object.values { note(value) }
    default: break
    }
  }

  private mutating func note(in text: String) {
    for word in text.split(whereSeparator: { $0.isWhitespace || "\"'<>()[]{}|`".contains($0) }) {
      guard let start = word.firstRange(of: "http")?.lowerBound else { continue }
      var candidate = word[start...]
      while let last = candidate.last, ".,;:!?".contains(last) { candidate.removeLast() }
      if let address = WebAddress(String(candidate)) { addresses.insert(address.text) }
    }
  }
}
