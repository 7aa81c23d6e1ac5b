import JSON
import Sessions

/// The tools an agent may use in this session, and on which terms.
struct Toolbox: Sendable {
  private struct Tool {
    var name: String
    var definition: JSON
    /// Nil for a custom tool, which the client runs.
    var policy: String?
    /// Nil for a custom tool.
    var provider: (any ToolProvider)?
  }
  private let providers: [any ToolProvider]
  private var tools: [Tool] = []

  /// - Parameters:
  ///   - agent: the snapshot of the agent. Tools that this server does not have are left out; a call of one is
  ///     denied.
  ///   - providers: of the tools of the toolset.
  init(agent: JSON, _ providers: [any ToolProvider]) {
    self.providers = providers
    for entry in agent["tools"]?.arrayValue ?? [] {
      switch entry["type"]?.stringValue {
      case "agent_toolset_20260401": addToolset(entry)
      case "custom": addCustom(entry)
      default: break
      }
    }
  }

  private mutating func addToolset(_ entry: JSON) {
    let defaults = entry["default_config"]
    for (provider, tool) in providers.flatMap({ provider in provider.definitions.map { (provider, $0) } }) {
      let name = tool.name
      let own = entry["configs"]?.arrayValue?.last { $0["name"]?.stringValue == name }
      guard own?["enabled"]?.boolValue ?? defaults?["enabled"]?.boolValue ?? true else { continue }
      let policy = own?["permission_policy"] ?? defaults?["permission_policy"]
      add(
        Tool(
          name: name, definition: tool.json, policy: policy?["type"]?.stringValue ?? "always_allow",
          provider: provider))
    }
  }

  private mutating func addCustom(_ entry: JSON) {
    guard let name = entry["name"]?.stringValue else { return }
    var definition: JSON.Object = ["name": .string(name)]
    definition["description"] = entry["description"]
    definition["input_schema"] = entry["input_schema"] ?? ["type": "object"]
    add(Tool(name: name, definition: .object(definition)))
  }

  /// The first tool of a name wins.
  private mutating func add(_ tool: Tool) {
    if !tools.contains(where: { $0.name == tool.name }) { tools.append(tool) }
  }

  /// In a stable order, for the model.
  var definitions: [JSON] { tools.map(\.definition) }

  /// Whether some tool works in the sandbox.
  var usesSandbox: Bool { tools.contains { $0.provider?.usesSandbox == true } }

  /// The event of a tool call, with what the policies say about it.
  func use(_ block: JSON, event id: String) -> NewEvent {
    let name = block["name"]?.stringValue ?? ""
    var body: JSON.Object = ["name": .string(name), "input": block["input"] ?? [:]]
    guard let tool = tools.first(where: { $0.name == name }) else {
      body["evaluated_permission"] = "deny"
      return NewEvent(.agentToolUse, body, id: id)
    }
    guard let policy = tool.policy else { return NewEvent(.agentCustomToolUse, body, id: id) }
    switch policy {
    case "always_allow":
      body["evaluated_permission"] = "allow"
      body["evaluation"] = ["type": "always_allow"]
    case "auto":
      // Nobody judges calls here yet, so a person does.
      body["evaluated_permission"] = "ask"
      body["evaluation"] = [
        "type": "auto", "evaluated_permission": ["type": "ask", "reason_code": "indeterminate"],
      ]
    default:
      body["evaluated_permission"] = "ask"
      body["evaluation"] = ["type": .string(policy)]
    }
    return NewEvent(.agentToolUse, body, id: id)
  }

  /// What the agent is told when it calls a tool that it does not have.
  func denial(of name: String) -> String {
    let there = tools.map(\.name).joined(separator: ", ")
    return "There is no tool \(name) here. "
      + (there.isEmpty ? "There are no tools." : "Available: \(there).")
  }
}
