import Catalog
import JSON
import Reading
import Sessions

/// The body of `POST /v1/sessions/{id}`.
struct SessionUpdateBody {
  static let keys = ["title", "metadata", "agent", "budget", "vault_ids"]

  private let given: Fields
  private let findings: Findings

  /// - Throws: `CatalogError.invalid`.
  init(_ body: JSON) throws {
    findings = Findings()
    guard let given = Fields(body, "a session's update", keys: SessionUpdateBody.keys, findings) else {
      throw CatalogError.invalid(findings.problems)
    }
    self.given = given
    _ = given.text("title", length: 0...1000)
    if given["vault_ids"] != nil { given.add("vault_ids", "A session's vaults cannot be changed.") }
    if given["budget"] != nil {
      given.add("budget", "This server does not know what models cost, so it keeps no budgets. Leave it out.")
    }
    _ = given.fields("metadata", "metadata", keys: nil)
    _ = given.fields("agent", "a session's agent", keys: ["tools", "mcp_servers"])
    try findings.check()
  }

  /// What it changes in a session as it stands.
  /// - Throws: `CatalogError.invalid`.
  func change(of session: Session) throws -> SessionChange {
    var change = SessionChange()
    if given.object["title"] != nil { change.title = .some(given["title"]?.stringValue) }
    if let patch = given["metadata"] {
      let merged = Metadata.merged(session.metadata, with: patch)
      if let fields = Fields(["metadata": merged], "a session", keys: nil, findings) {
        change.metadata = Metadata.read(fields)
      }
    }
    if let replaced = given["agent"]?.objectValue, !replaced.isEmpty {
      let path = FieldPath([.key("agent")])
      let definition = AgentDefinition(snapshot: session.agent)
        .overridden(by: replaced, at: path, findings)
      if let definition {
        change.agent = try Agent.snapshot(
          id: session.agent["id"]?.stringValue ?? "", version: session.agent["version"]?.intValue ?? 1,
          definition
        ).usable(at: path)
      }
    }
    try findings.check()
    return change
  }
}
