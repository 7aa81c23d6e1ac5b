import Catalog
import JSON
import Reading
import Sessions
import Store

/// The body of `POST /v1/sessions`, read without looking anything up.
struct SessionBody {
  static let keys = [
    "agent", "environment_id", "title", "initial_events", "resources", "vault_ids", "budget", "metadata",
  ]
  /// The most initial events.
  static let eventLimit = 50

  var agent: AgentReference
  var environment: String
  var title: String?
  var events: [NewEvent]
  var resources: [ResourceBody]
  var metadata: JSON.Object

  /// - Throws: `CatalogError.invalid` with everything that is wrong.
  init(_ body: JSON) throws {
    let findings = Findings()
    guard let given = Fields(body, "a session", keys: SessionBody.keys, findings) else {
      throw CatalogError.invalid(findings.problems)
    }
    let agent = AgentReference(given)
    let environment = given.text("environment_id", required: true, length: 1...128)
    title = given.text("title", length: 0...1000)
    metadata = Metadata.read(given)
    events = SessionBody.events(given)
    resources = given.list("resources", limit: Session.resourceLimit).compactMap { value, path in
      ResourceBody(value, at: path, findings)
    }
    SessionBody.refuseUnsupported(given)
    try findings.check()
    guard let agent, let environment else { throw CatalogError.invalid(findings.problems) }
    self.agent = agent
    self.environment = environment
  }

  /// The most documents of files, over all initial events.
  static let documentLimit = 100

  private static func events(_ given: Fields) -> [NewEvent] {
    let events = given.list("initial_events", limit: eventLimit).compactMap { value, path in
      Input.read(value, at: path, allowing: [.userMessage, .userDefineOutcome], given.findings)
    }
    if events.count(where: { $0.type == .userDefineOutcome }) > 1 {
      given.add("initial_events", "Expected at most one user.define_outcome.")
    }
    let documents = events.flatMap { $0.body["content"]?.arrayValue ?? [] }.count {
      $0["type"] == "document" && $0["source"]?["type"] == "file"
    }
    if documents > documentLimit {
      given.add(
        "initial_events", "Expected at most \(documentLimit) documents of files, found \(documents).")
    }
    return events
  }

  /// What the wire knows and this server does not do: better refused than ignored.
  private static func refuseUnsupported(_ given: Fields) {
    for (vault, path) in given.list("vault_ids", limit: 50) {
      given.findings.add(path, "There is no vault \(vault.shown) on this server. Leave it out.")
    }
    if given["budget"] != nil {
      given.add("budget", "This server does not know what models cost, so it keeps no budgets. Leave it out.")
    }
  }
}

/// The `agent` of a body: an id, a reference to a version, or a reference with overrides.
struct AgentReference {
  private static let overrides = ["model", "system", "tools", "mcp_servers", "skills"]

  var id: String
  /// Nil is the latest.
  var version: Int?
  var replaced: JSON.Object = [:]
  private var path: FieldPath

  /// Nil, with a note, when it is none.
  init?(_ given: Fields) {
    path = given.path.key("agent")
    if given["agent"]?.stringValue != nil {
      guard let id = given.text("agent", length: 1...128) else { return nil }
      self.id = id
      return
    }
    guard let kind = given.fields("agent", "an agent's reference", keys: nil, required: true),
      let type = kind.choice("type", of: ["agent", "agent_with_overrides"], required: true)
    else { return nil }
    let keys = ["type", "id", "version"] + (type == "agent" ? [] : AgentReference.overrides)
    guard let reference = given.fields("agent", "an agent's reference", keys: keys),
      let id = reference.text("id", required: true, length: 1...128)
    else { return nil }
    self.id = id
    version = reference.version("version")
    // Null is a value here: it clears.
    for key in AgentReference.overrides { replaced[key] = reference.object[key] }
    if replaced["model"]?.isNull == true {
      given.findings.add(
        Problem(
          path.key("model"), "The model can be replaced, but a session cannot be without one.",
          code: "agent_model_required"))
    }
  }

  /// The agent as the session keeps it.
  /// - Throws: `CatalogError`.
  func snapshot(_ tx: Transaction, _ agents: Agents) throws -> JSON {
    let agent = try agents.agent(tx, id, version: version)
    if agent.archivedAt != nil { throw CatalogError.archived(kind: "agent", id: id) }
    let findings = Findings()
    let definition =
      replaced.isEmpty
      ? agent.definition : agent.definition.overridden(by: replaced, at: path, findings)
    guard let definition else { throw CatalogError.invalid(findings.problems) }
    return try Agent.snapshot(id: agent.id, version: agent.version, definition).usable(at: path)
  }
}

extension JSON {
  /// This snapshot of an agent, if a session can do here all that it promises.
  /// - Throws: `CatalogError.invalid`.
  func usable(at path: FieldPath) throws -> JSON {
    if let server = self["mcp_servers"]?.arrayValue?.first?["name"]?.stringValue {
      throw CatalogError.invalid([
        Problem(
          path,
          "The agent uses the MCP server \(quoted(server)), and this server does not speak MCP yet. Use a version "
            + "without it, or override \"tools\" and \"mcp_servers\".")
      ])
    }
    return self
  }
}
