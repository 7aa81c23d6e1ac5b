import JSON
import Reading
import Store
import Testing

@testable import Catalog

@Suite("Environments")
struct EnvironmentsTests {
  @Test func `the default reaches everything and installs nothing`() async throws {
    try await CatalogStore.with { store in
      let environment = try await store.database.write { tx in
        try store.environments.create(tx, ["name": "e"])
      }
      #expect(ID.hasPrefix("env", environment.id))
      let expected: JSON = [
        "type": "cloud", "networking": ["type": "unrestricted"],
        "packages": ["type": "packages", "apt": [], "cargo": [], "gem": [], "go": [], "npm": [], "pip": []],
      ]
      #expect(environment.config == expected)
      #expect(environment.json["scope"] == "organization")
      #expect(environment.json["metadata"] == [:])
    }
  }

  @Test func `an update keeps what it leaves out`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let made = try store.environments.create(
          tx,
          [
            "name": "e", "description": "D", "metadata": ["a": "1", "b": "2", "c": "3"],
            "config": ["type": "cloud", "packages": ["pip": ["six"]]],
          ])
        let renamed = try store.environments.update(
          tx, made.id, ["name": "f", "metadata": ["b": nil, "c": "", "d": "4"]])
        #expect(renamed.name == "f")
        #expect(renamed.json["description"] == "D")
        #expect(renamed.json["metadata"] == ["a": "1", "d": "4"])
        #expect(renamed.config == made.config)
        let limited: JSON = [
          "config": ["type": "cloud", "networking": ["type": "limited", "allow_package_managers": true]]
        ]
        let narrowed = try store.environments.update(tx, made.id, limited)
        #expect(narrowed.config["networking"]?["allow_mcp_servers"] == false)
        #expect(narrowed.config["packages"]?["pip"] == ["six"])
      }
    }
  }

  @Test(
    arguments: [
      ["config": nil, "name": nil, "scope": nil], ["config": ["type": "cloud"]],
      ["config": ["type": "cloud", "networking": nil, "packages": nil]],
      ["config": ["type": "cloud", "networking": ["type": "limited"]]],
      ["config": ["type": "cloud", "networking": ["type": "limited", "allowed_hosts": nil]]],
    ] as [JSON])
  func `an update with nothing in it opens no network`(change: JSON) async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let networking: JSON = [
          "type": "limited", "allowed_hosts": ["a.example"], "allow_package_managers": true,
        ]
        let made = try store.environments.create(
          tx,
          [
            "name": "e",
            "config": ["type": "cloud", "networking": networking, "packages": ["pip": ["six"]]],
          ])
        let updated = try store.environments.update(tx, made.id, change)
        #expect(updated.config == made.config)
        #expect(updated.name == "e")
      }
    }
  }

  @Test func `an update of limited networking changes what it names`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let made = try store.environments.create(
          tx,
          [
            "name": "e",
            "config": ["type": "cloud", "networking": ["type": "limited", "allowed_hosts": ["a.example"]]],
          ])
        let networking: JSON = ["type": "limited", "allow_mcp_servers": true]
        let updated = try store.environments.update(
          tx, made.id, ["config": ["type": "cloud", "networking": networking]])
        #expect(updated.config["networking"]?["allowed_hosts"] == ["a.example"])
        #expect(updated.config["networking"]?["allow_mcp_servers"] == true)
        let open = try store.environments.update(
          tx, made.id, ["config": ["type": "cloud", "networking": ["type": "unrestricted"]]])
        #expect(open.config["networking"] == ["type": "unrestricted"])
      }
    }
  }

  @Test func `its type stays, and an archived one is final`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let made = try store.environments.create(tx, ["name": "e"])
        let error = #expect(throws: CatalogError.self) {
          try store.environments.update(tx, made.id, ["config": ["type": "self_hosted"]])
        }
        #expect(error == .configTypeChange(from: "cloud", to: "self_hosted"))
        #expect(try store.environments.archive(tx, made.id).archivedAt != nil)
        #expect(throws: CatalogError.archived(kind: "environment", id: made.id)) {
          try store.environments.update(tx, made.id, ["name": "x"])
        }
        #expect(try store.environments.environments(tx, limit: 5).isEmpty)
        #expect(try store.environments.environments(tx, archived: true, limit: 5).count == 1)
        try store.environments.delete(tx, made.id)
        #expect(throws: CatalogError.notFound(kind: "environment", id: made.id)) {
          try store.environments.environment(tx, made.id)
        }
      }
    }
  }

  @Test(arguments: [
    (#"{}"#, #""name" is missing from an environment. Add it."#),
    (
      #"{"name": "x", "config": {"type": "moon"}}"#,
      #"config.type: Expected "cloud" or "self_hosted", found "moon"."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": {"type": "some"}}}"#,
      #"config.networking.type: Expected "unrestricted", "limited" or "none", found "some"."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": {"type": "limited", "allowed_hosts": ["https://a.example/"]}}}"#,
      #"config.networking.allowed_hosts[0]: Expected a host such as api.example.com or *.example.com, without scheme, port or path, found "https://a.example/"."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": {"type": "limited"}, "packages": {"pip": ["six"]}}}"#,
      #"config.packages: Packages cannot be installed: limited networking needs "allow_package_managers": true for that."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "packages": {"apt": ["-o=evil"]}}}"#,
      #"config.packages.apt[0]: Expected a package name without spaces that does not begin with "-", found "-o=evil"."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": "none"}}"#,
      #"config.networking: Expected a networking setting: {type: unrestricted}, {type: limited, allowed_hosts: [api.example.com]} or {type: none}. Found "none"."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": {}}}"#,
      #"config.networking: "type" is missing from a networking setting. Add it. It is {type: unrestricted}, {type: limited, allowed_hosts: [api.example.com]} or {type: none}."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "networking": {"allowed_hosts": []}}}"#,
      #"config.networking: "type" is missing from a networking setting. Add type: limited. It is {type: unrestricted}, {type: limited, allowed_hosts: [api.example.com]} or {type: none}."#
    ),
    (
      #"{"name": "x", "networking": {"type": "none"}}"#,
      #"networking: "networking" is no field of an environment. It belongs into "config": {type: cloud, networking: {type: none}}. It has: name, description, config, metadata, scope."#
    ),
    (
      #"{"name": "x", "config": {"type": "cloud", "packages": ["numpy"]}}"#,
      #"config.packages: Expected an object with the fields of the packages, such as {pip: [numpy]}, found a list. It has: type, apt, cargo, gem, go, npm, pip."#
    ),
    (
      #"{"name": "x", "config": {"type": "self_hosted", "networking": {}}}"#,
      #"config.networking: "networking" is no field of a self-hosted configuration. It has: type."#
    ),
  ])
  func `a wrong body is refused in a sentence`(body: String, sentence: String) throws {
    let findings = Findings()
    #expect(EnvironmentDefinition(try JSON(parsing: body), findings) == nil)
    #expect(findings.problems.map(\.description) == [sentence])
  }

  @Test func `all that is wrong with a configuration is told at once`() throws {
    let findings = Findings()
    #expect(
      EnvironmentDefinition(["name": "x", "config": ["networking": "none", "packages": "numpy"]], findings)
        == nil)
    #expect(
      findings.problems.map(\.path.description) == ["config", "config.networking", "config.packages"])
    #expect(
      findings.problems.first?.message.hasPrefix(#""type" is missing from a configuration. Add type: cloud."#)
        == true)
  }

  @Test func `a file's environment is found by its name`() async throws {
    try await CatalogStore.with { store in
      try await store.database.write { tx in
        let definition = try #require(EnvironmentDefinition(["name": "bench"], Findings()))
        #expect(try store.environments.apply(tx, definition).change == .created)
        #expect(try store.environments.apply(tx, definition).change == .unchanged)
        #expect(try store.environments.environment(tx, named: "bench").origin == .file)
        let error = #expect(throws: CatalogError.self) {
          try store.environments.environment(tx, named: "bnech")
        }
        #expect(error?.description == #"There is no environment "bnech". Did you mean "bench"?"#)
      }
    }
  }

  @Test(arguments: [
    (#"{"networking": {"type": "unrestricted"}}"#, Networking.unrestricted),
    (#"{"networking": {"type": "none"}}"#, .none), (#"{}"#, .none), (#"{"type": "self_hosted"}"#, .none),
    (#"{"networking": {"type": "limited", "allowed_hosts": []}}"#, .none),
    (#"{"networking": {"type": "limited", "allowed_hosts": ["A.example"]}}"#, .limited(["a.example"])),
    (
      #"{"networking": {"type": "limited", "allowed_hosts": ["a.example"], "allow_package_managers": true}}"#,
      .limited(["a.example"] + Networking.registries)
    ),
    (
      #"{"networking": {"type": "limited", "allow_mcp_servers": true}}"#,
      .limited(["mcp.example", "tools.example"])
    ),
  ])
  func `networking is read from the config`(config: String, networking: Networking) throws {
    let agent: JSON = [
      "mcp_servers": [
        ["url": "https://MCP.example/sse"], ["url": "https://u:p@tools.example:8443?x"], ["url": "x"],
      ]
    ]
    #expect(Networking(environment: try JSON(parsing: config), agent: agent) == networking)
  }

  @Test func `packages that cannot be installed here are refused`() async throws {
    try await CatalogStore.with { store in
      let few = Environments(managers: ["pip", "npm"])
      @Sendable func body(_ packages: JSON) -> JSON {
        ["name": "x", "config": ["type": "cloud", "packages": packages]]
      }
      let made = try await store.database.write { tx in try few.create(tx, body(["pip": ["six"], "apt": []]))
      }
      for refused in [body(["apt": ["jq"], "pip": ["six"]])] {
        let error = await #expect(throws: CatalogError.self) {
          try await store.database.write { tx in _ = try few.create(tx, refused) }
        }
        #expect(
          error?.description
            == "config.packages.apt: This server cannot install packages with apt; it can with npm and pip.")
        await #expect(throws: CatalogError.self) {
          try await store.database.write { tx in _ = try few.update(tx, made.id, refused) }
        }
      }
      let none = Environments(managers: [])
      let error = await #expect(throws: CatalogError.self) {
        try await store.database.write { tx in _ = try none.create(tx, body(["pip": ["six"]])) }
      }
      #expect(error?.description == "config.packages.pip: This server cannot install packages with pip.")
    }
  }

  @Test func `packages need networking`() async throws {
    try await CatalogStore.with { store in
      let body: JSON = [
        "name": "x",
        "config": ["type": "cloud", "networking": ["type": "none"], "packages": ["pip": ["six"]]],
      ]
      let error = await #expect(throws: CatalogError.self) {
        try await store.database.write { tx in _ = try store.environments.create(tx, body) }
      }
      #expect(
        error?.description
          == "config.packages: Packages cannot be installed without networking. Allow some, or leave them out."
      )
    }
  }
}
