import JSON
import Reading

/// The tools of an agent's body: checked, with the defaults of every toolset written out.
struct AgentTools {
  /// So many over all toolsets.
  static let limit = 256
  /// What `agent_toolset_20260401` consists of.
  static let builtIn = ["bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search"]

  private(set) var tools: [JSON] = []
  private(set) var servers: [JSON] = []

  init(_ agent: Fields) {
    servers = AgentTools.servers(agent)
    var used: Set<String> = []
    var names: Set<String> = []
    var customs: [(value: JSON, path: FieldPath)] = []
    let customTools = (agent["tools"]?.arrayValue ?? []).filter { $0["type"] == "custom" }
      .compactMap { $0["name"]?.stringValue }
    for (value, path) in agent.list("tools", limit: AgentTools.limit) {
      switch Fields.union(value, at: path, AgentShapes.tools, agent.findings) {
      case ("agent_toolset_20260401", let tool)?: tools += AgentTools.toolset(tool, customTools)
      case ("custom", let tool)?:
        tools += AgentTools.custom(tool, &names)
        customs.append((value, path))
      case ("mcp_toolset", let tool)?: tools += mcp(tool, &used)
      default: break
      }
    }
    refuseBuiltInNames(among: customs, agent.findings)
    // Of a server's tools nobody knows the number yet.
    let count =
      tools.count { $0["type"] == "custom" }
      + tools.count { $0["type"] == "agent_toolset_20260401" } * AgentTools.builtIn.count
    if count > AgentTools.limit {
      agent.add("tools", "Expected at most \(AgentTools.limit) tools over all toolsets, found \(count).")
    }
    for (index, server) in servers.enumerated() {
      guard let name = server["name"]?.stringValue, !used.contains(name) else { continue }
      agent.findings.add(
        agent.path.key("mcp_servers").index(index),
        "No tool uses the server \(quoted(name)). Add {\"type\": \"mcp_toolset\", \"mcp_server_name\": "
          + "\(quoted(name))} to \"tools\", or leave the server out.")
    }
  }

  /// A call names its tool, so a custom tool may have the name of a built-in one only while that is not there.
  private func refuseBuiltInNames(
    among customs: [(value: JSON, path: FieldPath)], _ findings: Findings
  ) {
    let enabled = Set(tools.filter { $0["type"] == "agent_toolset_20260401" }.flatMap(AgentTools.enabled))
    for (value, path) in customs {
      guard let name = value["name"]?.stringValue, enabled.contains(name) else { continue }
      findings.add(
        path.key("name"),
        "\(quoted(name)) is the name of a built-in tool that the agent has. Choose another, or disable that one."
      )
    }
  }

  /// The names of a toolset's tools that may be used.
  private static func enabled(_ toolset: JSON) -> [String] {
    builtIn.filter { name in
      let own = toolset["configs"]?.arrayValue?.last { $0["name"]?.stringValue == name }
      return (own ?? toolset["default_config"])?["enabled"]?.boolValue ?? true
    }
  }

  // MARK: Toolsets

  private static func toolset(_ tool: Fields, _ customTools: [String]) -> [JSON] {
    let defaults = Switch(tool.fields("default_config", "a tool's configuration", AgentShapes.tool), .allow)
    return [
      [
        "type": "agent_toolset_20260401", "default_config": .object(defaults.json),
        "configs": configs(tool, defaults, AgentShapes.config) { config in
          guard let name = config.choice("name", of: builtIn, required: true) else { return nil }
          if let type = config["type"], type != .string(name) {
            config.add("type", "Expected \(quoted(name)), like the name, or nothing.")
          }
          let own = WebSettings.keys(of: name)
          for key in AgentShapes.web.keys where config[key] != nil && !own.contains(key) {
            config.add(key, "\(quoted(key)) is no setting of \(name).")
          }
          var settings: JSON.Object = ["type": .string(name), "name": .string(name)]
          settings.merge(WebSettings.read(config, of: name, customTools: customTools))
          return settings
        },
      ]
    ]
  }

  private func mcp(_ tool: Fields, _ used: inout Set<String>) -> [JSON] {
    guard let server = tool.text("mcp_server_name", required: true, length: 1...255) else { return [] }
    let known = servers.compactMap { $0["name"]?.stringValue }
    if !known.contains(server) {
      tool.add(
        "mcp_server_name",
        "\"mcp_servers\" declares no server \(quoted(server)).\(Nearest.hint(server, among: known))")
    }
    if !used.insert(server).inserted {
      tool.add("mcp_server_name", "The server \(quoted(server)) has a toolset already.")
    }
    let defaults = Switch(tool.fields("default_config", "a tool's configuration", AgentShapes.tool), .ask)
    return [
      [
        "type": "mcp_toolset", "mcp_server_name": .string(server), "default_config": .object(defaults.json),
        "configs": AgentTools.configs(tool, defaults, AgentShapes.mcpConfig) { config in
          config.text("name", required: true, length: 1...128).map { ["name": .string($0)] }
        },
      ]
    ]
  }

  /// The `configs` of a toolset; each tool at most once.
  private static func configs(
    _ tool: Fields, _ defaults: Switch, _ shape: ObjectShape, _ head: (Fields) -> JSON.Object?
  ) -> JSON {
    var seen: Set<String> = []
    return .array(
      tool.list("configs", limit: limit).compactMap { value, path in
        guard let config = Fields(value, at: path, "a tool's configuration", shape, tool.findings),
          var object = head(config)
        else { return nil }
        if let name = object["name"]?.stringValue, !seen.insert(name).inserted {
          config.add("name", "\(quoted(name)) is configured twice.")
        }
        object.merge(Switch(config, defaults).json)
        return .object(object)
      })
  }

  // MARK: Custom tools

  private static func custom(_ tool: Fields, _ names: inout Set<String>) -> [JSON] {
    if let name = tool.text("name", required: true, length: 1...128) {
      if !name.utf8.allSatisfy(isNameCharacter) {
        tool.add("name", "Expected letters, digits, \"_\" and \"-\" only, found \(quoted(name)).")
      } else if !names.insert(name).inserted {
        tool.add("name", "There are two tools named \(quoted(name)).")
      }
    }
    _ = tool.text("description", required: true)
    if let schema = tool.fields("input_schema", "an input schema", keys: nil, required: true) {
      _ = schema.choice("type", of: ["object"], required: true)
      _ = schema.fields("properties", "an input schema's properties", keys: nil)
      _ = schema.texts("required", limit: 1000)
    }
    return [.object(tool.object)]
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  // MARK: MCP servers

  private static func servers(_ agent: Fields) -> [JSON] {
    var names: Set<String> = []
    return agent.list("mcp_servers", limit: 20).compactMap { value, path in
      guard let server = Fields.union(value, at: path, AgentShapes.server, agent.findings)?.fields,
        let name = server.text("name", required: true, length: 1...255),
        let url = server.text("url", required: true, length: 1...2048)
      else { return nil }
      if !names.insert(name).inserted { server.add("name", "There are two servers named \(quoted(name)).") }
      if !url.lowercased().hasPrefix("https://") && !url.lowercased().hasPrefix("http://") {
        server.add("url", "Expected an address with http:// or https://, found \(quoted(url)).")
      }
      return ["type": "url", "name": .string(name), "url": .string(url)]
    }
  }
}

/// Whether a tool may be used, and who must agree: the two settings that tools and toolsets share.
struct Switch {
  static let allow = Switch(enabled: true, policy: "always_allow")
  static let ask = Switch(enabled: true, policy: "always_ask")

  var enabled: Bool
  var policy: String

  private init(enabled: Bool, policy: String) {
    self.enabled = enabled
    self.policy = policy
  }

  /// What is given, on top of what applies otherwise.
  init(_ given: Fields?, _ base: Switch) {
    enabled = given?.flag("enabled") ?? base.enabled
    policy =
      given?.union("permission_policy", AgentShapes.policy)?.word ?? base.policy
  }

  var json: JSON.Object {
    ["enabled": .bool(enabled), "permission_policy": ["type": .string(policy)]]
  }
}
