package import JSON
package import Primitives
import Store

/// A key that callers of the API show. Its text is known to whoever made it, and to nobody afterwards.
package struct APIKey: Sendable, Equatable {
  package var id: String
  package var name: String
  package var scope: KeyScope
  package var createdAt: Timestamp
  package var revokedAt: Timestamp?

  package init(
    id: String, name: String, scope: KeyScope, createdAt: Timestamp, revokedAt: Timestamp? = nil
  ) {
    self.id = id
    self.name = name
    self.scope = scope
    self.createdAt = createdAt
    self.revokedAt = revokedAt
  }

  init(_ row: Row) throws {
    id = try row["id"]
    name = try row["name"]
    scope = KeyScope(rawValue: try row["scope"]) ?? .read
    createdAt = try row["created_at"]
    revokedAt = try row["revoked_at"]
  }

  package var json: JSON {
    [
      "id": .string(id), "type": "api_key", "name": .string(name), "scope": .string(scope.rawValue),
      "created_at": .string(createdAt.description), "revoked_at": .string(orNull: revokedAt?.description),
    ]
  }
}
