package import JSON
package import Primitives
import Store

/// A version of an agent: who does the work, with which model, instructions and tools.
package struct Agent: Sendable, Equatable {
  package var id: String
  /// From 1, one more with each effective change.
  package var version: Int
  package var origin: Origin
  package var definition: AgentDefinition
  package var createdAt: Timestamp
  /// When this version was made.
  package var updatedAt: Timestamp
  package var archivedAt: Timestamp?

  package var name: String { definition.name }

  private static let definitions = StoredTexts<AgentDefinition>()

  init(_ row: Row) throws {
    id = try row["id"]
    version = try row["version"]
    origin = Origin(rawValue: try row["origin"]) ?? .api
    definition = try Agent.definitions.value(of: row["definition"]) { AgentDefinition(stored: $0) }
    createdAt = try row["created_at"]
    updatedAt = try row["updated_at"]
    archivedAt = try row["archived_at"]
  }

  /// The agent object of the wire, which sessions also keep as their snapshot.
  package var json: JSON {
    var object: JSON.Object = ["id": .string(id), "type": "agent", "version": .integer(Int64(version))]
    object.merge(definition.fields)
    object["created_at"] = .string(createdAt.description)
    object["updated_at"] = .string(updatedAt.description)
    object["archived_at"] = .string(orNull: archivedAt?.description)
    return .object(object)
  }

  /// What sessions keep of the agent: its later versions change nothing for them.
  package var snapshot: JSON { Agent.snapshot(id: id, version: version, definition) }

  /// - Parameter definition: the version's, or one with overrides for a single session.
  package static func snapshot(id: String, version: Int, _ definition: AgentDefinition) -> JSON {
    var object: JSON.Object = ["id": .string(id), "type": "agent", "version": .integer(Int64(version))]
    object.merge(definition.fields)
    object["metadata"] = nil
    return .object(object)
  }
}
