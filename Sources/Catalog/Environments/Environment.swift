package import JSON
package import Primitives
import Store

/// Where sessions work: what a sandbox holds and what it may reach.
package struct Environment: Sendable, Equatable {
  package var id: String
  package var origin: Origin
  package var definition: EnvironmentDefinition
  package var createdAt: Timestamp
  package var updatedAt: Timestamp
  package var archivedAt: Timestamp?
  /// How often it was changed.
  package var edition: Int

  package var name: String { definition.name }
  package var config: JSON { definition.config }

  private static let definitions = StoredTexts<EnvironmentDefinition>()

  init(_ row: Row) throws {
    id = try row["id"]
    origin = Origin(rawValue: try row["origin"]) ?? .api
    definition = try Environment.definitions.value(of: row["definition"]) {
      EnvironmentDefinition(stored: $0)
    }
    createdAt = try row["created_at"]
    updatedAt = try row["updated_at"]
    archivedAt = try row["archived_at"]
    edition = try row["edition"]
  }

  /// The environment object of the wire.
  package var json: JSON {
    var object: JSON.Object = ["id": .string(id), "type": "environment"]
    object.merge(definition.fields)
    object["created_at"] = .string(createdAt.description)
    object["updated_at"] = .string(updatedAt.description)
    object["archived_at"] = .string(orNull: archivedAt?.description)
    return .object(object)
  }
}
