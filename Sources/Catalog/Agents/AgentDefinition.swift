package import JSON
package import Reading

/// What the author of an agent decides: the body of `POST /v1/agents`, checked, with every default written
/// out, in the form in which the wire shows it.
package struct AgentDefinition: Sendable, Equatable {
  /// Every field except id, type, version and times, in the wire's order.
  package let fields: JSON.Object

  package var name: String { fields["name"]?.stringValue ?? "" }
  package var model: JSON { fields["model"] ?? [:] }
  package var system: String? { fields["system"]?.stringValue }
  package var tools: [JSON] { fields["tools"]?.arrayValue ?? [] }

  package static let keys = AgentShapes.agent.keys
  /// How hard a model thinks when the author does not say.
  package static let defaultEffort = "high"

  init(stored: JSON) {
    fields = stored.objectValue ?? [:]
  }

  /// Reads a body and notes everything that is wrong with it; nil when anything is.
  package init?(_ body: JSON, at path: FieldPath = .root, _ findings: Findings) {
    let before = findings.problems.count
    guard let given = Fields(body, at: path, "an agent", AgentShapes.agent, findings) else {
      return nil
    }
    var fields: JSON.Object = [:]
    fields["name"] = .string(orNull: given.text("name", required: true, length: 1...256))
    fields["model"] = AgentDefinition.model(given)
    fields["system"] = .string(orNull: AgentDefinition.clearable(given, "system", limit: 100_000))
    fields["description"] = .string(orNull: AgentDefinition.clearable(given, "description", limit: 2048))
    let tools = AgentTools(given)
    fields["tools"] = .array(tools.tools)
    fields["mcp_servers"] = .array(tools.servers)
    fields["skills"] = []
    fields["multiagent"] = .null
    fields["execution_identity"] = ["type": "service_account"]
    fields["metadata"] = .object(Metadata.read(given))
    AgentDefinition.refuseUnsupported(given)
    guard findings.problems.count == before else { return nil }
    self.fields = fields
  }

  /// The body that an update amounts to: what it leaves out stays.
  func merged(with patch: JSON.Object) -> JSON {
    var body = fields
    for (key, value) in patch where key != "version" {
      switch key {
      case "metadata": body[key] = Metadata.merged(body[key]?.objectValue ?? [:], with: value)
      case "model": body[key] = keepingEffort(value)
      // Null of a required field must reach the check, or it would be taken for "not given".
      default: body[key] = value
      }
    }
    return .object(body)
  }

  /// This definition with some of its parts replaced for one session: null and an empty list clear a part,
  /// nothing is merged. A model keeps the effort of the agent.
  /// - Parameter path: where the overrides stand, for the problems.
  package func overridden(by given: JSON.Object, at path: FieldPath, _ findings: Findings) -> AgentDefinition?
  {
    var body = fields
    for (key, value) in given { body[key] = value }
    if let model = given["model"] {
      var object = model.objectValue ?? [:]
      if let id = model.stringValue { object["id"] = .string(id) }
      if !object.isEmpty {
        object["effort"] = self.model["effort"]
        body["model"] = .object(object)
      }
    }
    return AgentDefinition(.object(body), at: path, findings)
  }

  /// The definition inside a session's snapshot of an agent.
  package init(snapshot: JSON) {
    var fields: JSON.Object = [:]
    for key in AgentDefinition.keys { fields[key] = snapshot[key] }
    self.fields = fields
  }

  /// A model is replaced whole, but the effort stays as long as the id does.
  private func keepingEffort(_ given: JSON) -> JSON {
    var object = given.objectValue ?? [:]
    if let id = given.stringValue { object["id"] = .string(id) }
    guard !object.isEmpty, object["effort"] == nil, object["id"] == model["id"] else { return given }
    object["effort"] = model["effort"]
    return .object(object)
  }

  private static func model(_ given: Fields) -> JSON? {
    if let id = given["model"]?.stringValue {
      guard given.text("model", length: 1...256) != nil else { return nil }
      return model(id: id, effort: nil, speed: nil, region: nil)
    }
    guard let model = given.fields("model", "a model", AgentShapes.model, required: true) else { return nil }
    let effort =
      model["effort"]?.objectValue == nil
      ? model.choice("effort", of: AgentShapes.efforts)
      : model.fields("effort", "an effort", AgentShapes.effort)?
        .choice("type", of: AgentShapes.efforts, required: true)
    guard let id = model.text("id", required: true, length: 1...256) else { return nil }
    return self.model(
      id: id, effort: effort, speed: model.choice("speed", of: ["standard", "fast"]),
      region: model.text("inference_geo", length: 1...64))
  }

  private static func model(id: String, effort: String?, speed: String?, region: String?) -> JSON {
    var model: JSON.Object = [
      "id": .string(id), "effort": ["type": .string(effort ?? defaultEffort)],
      "speed": .string(speed ?? "standard"),
    ]
    if let region { model["inference_geo"] = .string(region) }
    return .object(model)
  }

  /// An empty text clears, as null does.
  private static func clearable(_ given: Fields, _ key: String, limit: Int) -> String? {
    given.text(key, length: 0...limit).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What the wire knows and this server does not do: better refused than ignored.
  private static func refuseUnsupported(_ given: Fields) {
    for (skill, path) in given.list("skills", limit: 500) {
      let id = skill["skill_id"]?.stringValue ?? ""
      given.findings.add(path, "There is no skill \(quoted(id)) on this server. Leave it out.")
    }
    if given["multiagent"] != nil {
      given.add("multiagent", "This server does not run agents in teams. Leave \"multiagent\" out.")
    }
    if let identity = given["execution_identity"], identity != ["type": "service_account"] {
      given.add(
        "execution_identity",
        "This server knows one identity, {\"type\": \"service_account\"}. Leave the field out.")
    }
  }
}
