import JSON
package import Reading

/// What an agent's file, and the body of `POST /v1/agents`, may say.
package enum AgentShapes {
  typealias Field = ObjectShape.Field

  static let efforts = ["low", "medium", "high", "xhigh", "max"]

  static let effort = ObjectShape(
    [Field("type", .choice(efforts), "How hard it thinks.", isRequired: true)], example: "{type: high}")

  static let model = ObjectShape(
    [
      Field("id", .text(1...256), "The model's name, such as claude-opus-4-8.", isRequired: true),
      Field(
        "effort", .anyOf([.choice(efforts), .object(effort)]), "How hard it thinks; high by default."),
      Field("speed", .choice(["standard", "fast"]), "standard by default."),
      Field("inference_geo", .text(1...64), "Where the model runs, as its provider names places."),
    ], example: "{id: claude-opus-4-8, effort: high}")

  // MARK: Tools

  static let policy = UnionShape(
    "a permission policy",
    [
      UnionShape.Form("always_allow", "a permission policy"),
      UnionShape.Form("always_ask", "a permission policy"),
      UnionShape.Form("auto", "a permission policy"),
    ])

  /// What a tool and a toolset share.
  static let tool = ObjectShape(
    [
      Field("enabled", .flag, "Whether it may be used; true by default."),
      Field(
        "permission_policy", policy.value,
        "Whether somebody is asked before it is used: always_allow, always_ask; auto asks."),
    ], example: "{enabled: true}")

  static let location = ObjectShape(
    [
      Field("type", .choice(["approximate"]), "Always approximate.", isRequired: true),
      Field("city", .text(1...255), "Such as London."), Field("region", .text(1...255), "Such as England."),
      Field("country", .text(1...255), "Such as GB."),
      Field("timezone", .text(1...255), "Such as Europe/London."),
    ], example: "{type: approximate, city: London}")

  static let toolReference = ObjectShape(
    [
      Field("type", .choice(["tool_reference"]), "Always tool_reference.", isRequired: true),
      Field("name", .text(1...128), "The tool's name.", isRequired: true),
    ], example: "{type: tool_reference, name: web_search}")

  /// A source whose results may all, or not, be fetched.
  static let plainSource = UnionShape(
    "a source of addresses",
    [UnionShape.Form("all", "a source of addresses"), UnionShape.Form("none", "a source of addresses")])

  /// One that can be narrowed to some tools.
  static let toolSource = UnionShape(
    "a source of addresses",
    plainSource.forms
      + ["only", "except"].map { word in
        UnionShape.Form(
          word, "a source of addresses",
          ObjectShape([
            Field(
              "tools", .list(.object(toolReference), atMost: WebSettings.sourceLimit), "Which tools.",
              isRequired: true)
          ]), example: "{type: \(word), tools: [{type: tool_reference, name: web_search}]}")
      })

  private static let word = ValueShape.choice(["all", "none"])

  static let sources = ObjectShape(
    [
      Field("client_tool_results", .anyOf([word, toolSource.value]), "What custom tools answer."),
      Field("server_tool_results", .anyOf([word, toolSource.value]), "What the web tools answer."),
      Field("user_input", .anyOf([word, plainSource.value]), "What people write."),
    ], example: "{user_input: all}")

  /// Settings of web_fetch and web_search.
  static let web = ObjectShape([
    Field(
      "allowed_domains", .list(.text(1...253), atMost: WebSettings.domainLimit),
      "web_fetch and web_search: only these."),
    Field(
      "blocked_domains", .list(.text(1...253), atMost: WebSettings.domainLimit),
      "web_fetch and web_search: all but these."),
    Field(
      "max_content_tokens", .whole(1...10_000_000), "web_fetch: how much of a page is read."),
    Field("url_sources", .object(sources), "web_fetch: where its addresses may come from."),
    Field("user_location", .object(location), "web_search: whence it searches."),
  ])

  /// One tool of a toolset.
  static let config = ObjectShape(
    [
      Field("name", .choice(AgentTools.builtIn), "The tool.", isRequired: true),
      Field("type", .choice(AgentTools.builtIn), "The tool again; may be left out."),
    ] + web.fields + tool.fields, example: "{name: bash, enabled: true}")

  static let mcpConfig = ObjectShape(
    [Field("name", .text(1...128), "The tool, as its server names it.", isRequired: true)] + tool.fields,
    example: "{name: search, enabled: true}")

  static let inputSchema = ValueShape.schema([
    "type": "object", "required": ["type"],
    "properties": [
      "type": ["const": "object"], "properties": ["type": "object"],
      "required": ["type": "array", "items": ["type": "string"]],
    ],
  ])

  static let tools = UnionShape(
    "a tool",
    [
      UnionShape.Form(
        "agent_toolset_20260401", "a toolset",
        ObjectShape([
          Field("default_config", .object(tool), "What applies to all of its tools."),
          Field(
            "configs", .list(.object(config), atMost: AgentTools.limit), "What applies to one of them."),
        ])),
      UnionShape.Form(
        "custom", "a custom tool",
        ObjectShape([
          Field("name", .pattern("^[A-Za-z0-9_-]{1,128}$"), "How the agent calls it.", isRequired: true),
          Field("description", .line, "What it does, for the agent.", isRequired: true),
          Field("input_schema", inputSchema, "A JSON Schema of its input.", isRequired: true),
        ]), example: "{type: custom, name: …, description: …, input_schema: {type: object}}"),
      UnionShape.Form(
        "mcp_toolset", "an MCP toolset",
        ObjectShape([
          Field("mcp_server_name", .text(1...255), "One of mcp_servers.", isRequired: true),
          Field("default_config", .object(tool), "What applies to all of its tools; they ask by default."),
          Field(
            "configs", .list(.object(mcpConfig), atMost: AgentTools.limit), "What applies to one of them."),
        ]), example: "{type: mcp_toolset, mcp_server_name: …}"),
    ])

  static let server = UnionShape(
    "an MCP server",
    [
      UnionShape.Form(
        "url", "an MCP server",
        ObjectShape([
          Field("name", .text(1...255), "How toolsets refer to it.", isRequired: true),
          Field("url", .pattern("^[Hh][Tt][Tt][Pp][Ss]?://"), "Where it answers.", isRequired: true),
        ]), example: "{type: url, name: docs, url: \"https://mcp.example.com/\"}")
    ])

  // MARK: The agent

  /// The body of the API, where `name` is needed; a file without one is named by its file name.
  package static let agent = ObjectShape(
    [
      Field("name", .text(1...256), "By default the file's name; jobs refer to it."),
      Field(
        "model", .anyOf([.text(1...256), .object(model)]),
        "The model's name, or that and how hard it thinks.",
        isRequired: true),
      Field("system", .text(0...100_000), "The system prompt."),
      Field("description", .text(0...2048), "A sentence for lists."),
      Field("tools", .list(tools.value, atMost: AgentTools.limit), "What it may use; nothing by default."),
      Field("mcp_servers", .list(server.value, atMost: 20), "Servers whose tools mcp_toolset brings."),
      Field("skills", .list(.any, atMost: 0), "This server has none yet."),
      Field("multiagent", .schema(["type": "null"]), "This server runs no teams of agents yet."),
      Field(
        "execution_identity",
        .object(
          ObjectShape([
            Field("type", .choice(["service_account"]), "Always service_account.", isRequired: true)
          ])),
        "Always {type: service_account}; may be left out."),
      Field("metadata", Metadata.shape, "Labels: up to 16 texts."),
    ], example: "{model: claude-opus-4-8, tools: [{type: agent_toolset_20260401}]}")
}
