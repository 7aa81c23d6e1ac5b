import JSON
import Reading
import Testing

@testable import Catalog

@Suite("What an agent's body may say")
struct AgentDefinitionTests {
  private func read(_ text: String) throws -> (definition: AgentDefinition?, problems: [String]) {
    let findings = Findings()
    let definition = AgentDefinition(try JSON(parsing: text), findings)
    return (definition, findings.problems.map(\.description))
  }

  @Test func `defaults are written out`() throws {
    let (definition, problems) = try read(#"{"name": "a", "model": "m"}"#)
    #expect(problems.isEmpty)
    let expected = try JSON(
      parsing: """
        {"name": "a", "model": {"id": "m", "effort": {"type": "high"}, "speed": "standard"}, "system": null,
         "description": null, "tools": [], "mcp_servers": [], "skills": [], "multiagent": null,
         "execution_identity": {"type": "service_account"}, "metadata": {}}
        """)
    #expect(definition.map { JSON.object($0.fields) } == expected)
  }

  @Test func `a toolset gets its defaults, and its tools theirs`() throws {
    let (definition, problems) = try read(
      """
      {"name": "a", "model": {"id": "m", "effort": "low", "inference_geo": "us"}, "tools": [
        {"type": "agent_toolset_20260401", "default_config": {"permission_policy": {"type": "always_ask"}},
         "configs": [{"name": "bash", "enabled": false}, {"name": "read", "permission_policy": {"type": "auto"}}]}]}
      """)
    #expect(problems.isEmpty)
    #expect(definition?.model["effort"] == ["type": "low"])
    #expect(definition?.model["inference_geo"] == "us")
    let expected: JSON = [
      "type": "agent_toolset_20260401",
      "default_config": ["enabled": true, "permission_policy": ["type": "always_ask"]],
      "configs": [
        ["type": "bash", "name": "bash", "enabled": false, "permission_policy": ["type": "always_ask"]],
        ["type": "read", "name": "read", "enabled": true, "permission_policy": ["type": "auto"]],
      ],
    ]
    #expect(definition?.tools == [expected])
  }

  @Test func `an MCP toolset asks by default`() throws {
    let (definition, problems) = try read(
      """
      {"name": "a", "model": "m", "mcp_servers": [{"type": "url", "name": "s", "url": "https://mcp.example.com/"}],
       "tools": [{"type": "mcp_toolset", "mcp_server_name": "s"}]}
      """)
    #expect(problems.isEmpty)
    #expect(definition?.tools[0]["default_config"]?["permission_policy"]?["type"] == "always_ask")
    #expect(definition?.fields["mcp_servers"]?[0]?["url"] == "https://mcp.example.com/")
  }

  @Test func `what it wrote it reads again without a change`() throws {
    let (definition, _) = try read(
      """
      {"name": "a", "model": "m", "system": "", "tools": [
        {"type": "agent_toolset_20260401", "configs": [{"name": "web_fetch", "allowed_domains": ["a.example"]}]},
        {"type": "custom", "name": "look", "description": "d", "input_schema": {"type": "object", "extra": 1}}]}
      """)
    let first = try #require(definition)
    let findings = Findings()
    #expect(AgentDefinition(.object(first.fields), findings) == first)
    #expect(findings.problems.isEmpty)
    #expect(first.tools[0]["configs"]?[0]?["allowed_domains"] == ["a.example"])
    #expect(first.tools[1]["input_schema"]?["extra"] == 1)
  }

  @Test(arguments: [
    (
      #""all""#,
      #"Expected an object with the fields of an agent, such as {model: claude-opus-4-8, tools: [{type: agent_toolset_20260401}]}, found "all". It has: name, model, system, description, tools, mcp_servers, skills, multiagent, execution_identity, metadata."#
    ),
    (
      #"{"name": "x", "model": "m", "tools": ["bash"]}"#,
      #"tools[0]: Expected a tool: {type: agent_toolset_20260401}, {type: custom, name: …, description: …, input_schema: {type: object}} or {type: mcp_toolset, mcp_server_name: …}. Found "bash"."#
    ),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "agent_toolset_20260401", "default_config": {"permission_policy": "always_ask"}}]}"#,
      #"tools[0].default_config.permission_policy: Expected a permission policy: {type: always_allow}, {type: always_ask} or {type: auto}. Found "always_ask"."#
    ),
    (#"{"model": "m"}"#, #""name" is missing from an agent. Add it."#),
    (#"{"name": "", "model": "m"}"#, #"name: "name" must not be empty."#),
    (#"{"name": 5, "model": "m"}"#, "name: Expected a text, found 5. Put it between quotes."),
    (#"{"name": null, "model": "m"}"#, #"name: "name" of an agent needs a value."#),
    (
      #"{"name": "x", "modle": "m", "model": "m"}"#,
      #"modle: "modle" is no field of an agent. Did you mean "model"? It has: name, model, system, description, tools, mcp_servers, skills, multiagent, execution_identity, metadata."#
    ),
    (
      #"{"name": "x", "model": {"id": "m", "effort": "hgih"}}"#,
      #"model.effort: Expected "low", "medium", "high", "xhigh" or "max", found "hgih". Did you mean "high"?"#
    ),
    (#"{"name": "x", "model": "m", "tools": "all"}"#, #"tools: Expected a list, found "all"."#),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "no_such_toolset"}]}"#,
      #"tools[0].type: Expected "agent_toolset_20260401", "custom" or "mcp_toolset", found "no_such_toolset"."#
    ),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "agent_toolset_20260401", "configs": [{"name": "bsah"}]}]}"#,
      #"tools[0].configs[0].name: Expected "bash", "read", "write", "edit", "glob", "grep", "web_fetch" or "web_search", found "bsah". Did you mean "bash"?"#
    ),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "custom", "name": "a b", "description": "d", "input_schema": {"type": "object"}}]}"#,
      #"tools[0].name: Expected letters, digits, "_" and "-" only, found "a b"."#
    ),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "custom", "name": "a", "description": "d"}]}"#,
      #"tools[0]: "input_schema" is missing from a custom tool. Add it."#
    ),
    (
      #"{"name": "x", "model": "m", "tools": [{"type": "mcp_toolset", "mcp_server_name": "s"}]}"#,
      #"tools[0].mcp_server_name: "mcp_servers" declares no server "s"."#
    ),
    (
      #"{"name": "x", "model": "m", "mcp_servers": [{"type": "url", "name": "s", "url": "https://a.example"}]}"#,
      #"mcp_servers[0]: No tool uses the server "s". Add {"type": "mcp_toolset", "mcp_server_name": "s"} to "tools", or leave the server out."#
    ),
    (
      #"{"name": "x", "model": "m", "metadata": {"k": 1}}"#, "metadata.k: Expected a text, found 1."
    ),
    (
      #"{"name": "x", "model": "m", "skills": [{"type": "custom", "skill_id": "pdf"}]}"#,
      #"skills[0]: There is no skill "pdf" on this server. Leave it out."#
    ),
  ])
  func `a wrong body is refused in a sentence`(body: String, sentence: String) throws {
    let (definition, problems) = try read(body)
    #expect(definition == nil)
    #expect(problems == [sentence])
  }

  private static func webTool(_ name: String, _ settings: String, also: String = "") -> String {
    """
    {"name": "x", "model": "m", "tools": [{"type": "agent_toolset_20260401",
      "configs": [{"name": "\(name)", \(settings)}]}\(also)]}
    """
  }

  @Test func `sources of addresses come back as objects`() throws {
    let look =
      #", {"type": "custom", "name": "look", "description": "d", "input_schema": {"type": "object"}}"#
    let only = #"{"type": "only", "tools": [{"type": "tool_reference", "name": "look"}]}"#
    let (definition, problems) = try read(
      Self.webTool(
        "web_fetch", #""url_sources": {"user_input": "none", "client_tool_results": \#(only)}"#, also: look))
    #expect(problems.isEmpty)
    let sources: JSON = [
      "client_tool_results": ["type": "only", "tools": [["type": "tool_reference", "name": "look"]]],
      "user_input": ["type": "none"],
    ]
    #expect(definition?.tools[0]["configs"]?[0]?["url_sources"] == sources)
    let again = Findings()
    #expect(definition.map { AgentDefinition(.object($0.fields), again) } == definition)
  }

  @Test(arguments: [
    (#"{"user_input": "some"}"#, #".user_input: Expected "all" or "none", found "some"."#),
    (#"{"user_input": {"type": "only"}}"#, #".user_input.type: Expected "all" or "none", found "only"."#),
    (
      #"{"client_tool_results": {"type": "only", "tools": []}}"#,
      ".client_tool_results.tools: Expected at least one tool."
    ),
    (
      #"{"server_tool_results": {"type": "except", "tools": [{"type": "tool_reference", "name": "bash"}]}}"#,
      #".server_tool_results.tools[0].name: Expected "web_search" or "web_fetch", found "bash"."#
    ),
    (
      #"{"user_input": "none", "client_tool_results": "none", "server_tool_results": {"type": "none"}}"#,
      #": With "none" for every source nothing can be fetched. Disable web_fetch instead."#
    ),
  ])
  func `sources of addresses that mean nothing are refused`(sources: String, sentence: String) throws {
    let (_, problems) = try read(Self.webTool("web_fetch", #""url_sources": \#(sources)"#))
    #expect(problems == ["tools[0].configs[0].url_sources" + sentence])
  }

  @Test func `a web tool has its own settings`() throws {
    #expect(try read(Self.webTool("web_search", #""allowed_domains": ["a.example/blog"]"#)).problems.isEmpty)
    #expect(
      try read(Self.webTool("web_fetch", #""allowed_domains": ["a.example/blog"]"#)).problems == [
        "tools[0].configs[0].allowed_domains[0]: Expected a public domain such as example.com, without scheme, port or path, found \"a.example/blog\"."
      ])
    #expect(
      try read(Self.webTool("web_search", #""max_content_tokens": 5"#)).problems == [
        #"tools[0].configs[0].max_content_tokens: "max_content_tokens" is no setting of web_search."#
      ])
  }

  @Test func `tools are counted over all toolsets`() throws {
    func body(_ count: Int) -> JSON {
      let custom = (0..<count).map { number -> JSON in
        [
          "type": "custom", "name": .string("t\(number)"), "description": "d",
          "input_schema": ["type": "object"],
        ]
      }
      return ["name": "x", "model": "m", "tools": .array([["type": "agent_toolset_20260401"]] + custom)]
    }
    let findings = Findings()
    #expect(AgentDefinition(body(248), findings) != nil)
    #expect(AgentDefinition(body(249), findings) == nil)
    #expect(
      findings.problems.map(\.description) == [
        "tools: Expected at most 256 tools over all toolsets, found 257."
      ])
  }

  @Test func `every problem is told`() throws {
    let (_, problems) = try read(#"{"nam": "x", "model": {"id": 1}, "tools": [{"type": "x"}, 2]}"#)
    #expect(problems.count == 5)
  }

  @Test(arguments: [
    Array(repeating: "v", count: 17).enumerated().map { ("k\($0)", $1) },
    [(String(repeating: "k", count: 65), "v")], [("k", String(repeating: "v", count: 513))],
  ])
  func `metadata has limits`(pairs: [(String, String)]) {
    let metadata = JSON.Object(uniqueKeysWithValues: pairs.map { ($0, JSON.string($1)) })
    let findings = Findings()
    let body: JSON = ["name": "x", "model": "m", "metadata": .object(metadata)]
    #expect(AgentDefinition(body, findings) == nil)
    #expect(findings.problems.count == 1)
  }

  @Test(arguments: [
    ("", true), (#","default_config":{"enabled":false}"#, false),
    (#","configs":[{"name":"web_search","enabled":false}]"#, false),
    (#","default_config":{"enabled":false},"configs":[{"name":"web_search","enabled":true}]"#, true),
    (#","configs":[{"name":"bash","enabled":false}]"#, true),
  ])
  func `a custom tool may have the name of a built-in one that is not there`(
    settings: String, isTaken: Bool
  ) throws {
    let custom = #"{"type":"custom","name":"web_search","description":"d","input_schema":{"type":"object"}}"#
    let toolset = #"{"type":"agent_toolset_20260401"\#(settings)}"#
    for (tools, place) in [("\(custom),\(toolset)", 0), ("\(toolset),\(custom)", 1)] {
      let (definition, problems) = try read(#"{"name":"x","model":"m","tools":[\#(tools)]}"#)
      #expect((definition == nil) == isTaken)
      #expect(
        problems
          == (isTaken
            ? [
              #"tools[\#(place)].name: "web_search" is the name of a built-in tool that the agent has. Choose another, or disable that one."#
            ] : []))
    }
    #expect(try read(#"{"name":"x","model":"m","tools":[\#(custom)]}"#).problems == [])
  }
}
