import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Store

// Environments: where sessions work.
extension API {
  func createEnvironment(_ request: Request) async throws -> HTTPResponse {
    let body = try request.object()
    return try await creating(request) { [domains] tx in try domains.environments.create(tx, body).json }
  }

  func showEnvironment(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(
      try await domains.database.read { [domains] tx in try domains.environments.environment(tx, id).json })
  }

  func updateEnvironment(_ request: Request) async throws -> HTTPResponse {
    let (id, body) = (request.path("id"), try request.object())
    return json(
      try await domains.database.write { [domains] tx in
        try domains.environments.update(tx, id, body).json
      })
  }

  func archiveEnvironment(_ request: Request) async throws -> HTTPResponse {
    try request.expectNoFields()
    let id = request.path("id")
    return json(
      try await domains.database.write { [domains] tx in try domains.environments.archive(tx, id).json })
  }

  /// Sessions have a copy of what they need, so those that use it go on.
  func deleteEnvironment(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    try await domains.database.write { [domains] tx in try domains.environments.delete(tx, id) }
    return json(["id": .string(id), "type": "environment_deleted"])
  }

  func listEnvironments(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let archived = try request.flag("include_archived")
    let after = try request.cursor(of: "environments")?["after"]?.stringValue
    let environments = try await domains.database.read { [domains] tx in
      try domains.environments.environments(tx, archived: archived, after: after, limit: limit + 1)
    }
    return page(environments.map(\.json), limit: limit, of: "environments")
  }
}
