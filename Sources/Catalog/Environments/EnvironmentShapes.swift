package import Reading

/// What an environment's file, and the body of `POST /v1/environments`, may say.
package enum EnvironmentShapes {
  static let networking = UnionShape(
    "a networking setting",
    [
      UnionShape.Form("unrestricted", "unrestricted networking"),
      UnionShape.Form(
        "limited", "limited networking",
        ObjectShape([
          ObjectShape.Field(
            "allowed_hosts", .list(.text(1...255), atMost: 256),
            "Hosts that may be reached: api.example.com, or *.example.com for all below it."),
          ObjectShape.Field(
            "allow_package_managers", .flag, "Whether pip and npm may reach their indexes; false by default."),
          ObjectShape.Field(
            "allow_mcp_servers", .flag,
            "Whether the hosts of the agent's MCP servers may be reached; false by default."),
        ]), example: "{type: limited, allowed_hosts: [api.example.com]}"),
      UnionShape.Form("none", "no networking"),
    ])

  static let packages = ObjectShape(
    [ObjectShape.Field("type", .choice(["packages"]), "Always packages; may be left out.")]
      + EnvironmentDefinition.packageManagers.map { manager in
        ObjectShape.Field(manager, .list(.text(1...256), atMost: 100), "What \(manager) installs.")
      }, example: "{pip: [numpy]}")

  static let config = UnionShape(
    "a configuration",
    [
      UnionShape.Form(
        "cloud", "a cloud configuration",
        ObjectShape([
          ObjectShape.Field(
            "networking", networking.value, "What the sandbox may reach; unrestricted by default."),
          ObjectShape.Field(
            "packages", .object(packages),
            "What is installed before a session begins. This server runs pip and npm."
          ),
        ]), example: "{type: cloud, networking: {type: none}}"),
      UnionShape.Form("self_hosted", "a self-hosted configuration"),
    ])

  /// The body of the API, where `name` is needed; a file without one is named by its file name.
  package static let environment = ObjectShape(
    [
      ObjectShape.Field("name", .text(1...256), "By default the file's name; jobs refer to it."),
      ObjectShape.Field("description", .text(0...2048), "A sentence for lists."),
      ObjectShape.Field("config", config.value, "Where it works: a sandbox of this server by default."),
      ObjectShape.Field("metadata", Metadata.shape, "Labels: up to 16 texts."),
      ObjectShape.Field("scope", .choice(["organization"]), "Always organization; may be left out."),
    ], example: "{name: quiet, config: {type: cloud, networking: {type: none}}}")
}
