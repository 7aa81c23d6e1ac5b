import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Reading
import Store

// Agents and their versions.
extension API {
  func createAgent(_ request: Request) async throws -> HTTPResponse {
    let body = try request.object()
    return try await creating(request) { [domains] tx in try domains.agents.create(tx, body).json }
  }

  func showAgent(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let version = try request.number("version", in: 1...Int(Int32.max))
    return json(
      try await domains.database.read { [domains] tx in
        try domains.agents.agent(tx, id, version: version).json
      })
  }

  func updateAgent(_ request: Request) async throws -> HTTPResponse {
    let (id, body) = (request.path("id"), try request.object())
    return json(
      try await domains.database.write { [domains] tx in try domains.agents.update(tx, id, body).json })
  }

  func archiveAgent(_ request: Request) async throws -> HTTPResponse {
    try request.expectNoFields()
    let id = request.path("id")
    return json(try await domains.database.write { [domains] tx in try domains.agents.archive(tx, id).json })
  }

  func listAgents(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 100)
    let created = try request.times("created_at")
    let archived = try request.flag("include_archived")
    let after = try request.cursor(of: "agents", within: created)?["after"]?.stringValue
    let agents = try await domains.database.read { [domains] tx in
      try domains.agents.agents(tx, created: created, archived: archived, after: after, limit: limit + 1)
    }
    return page(agents.map(\.json), limit: limit, of: "agents")
  }

  /// Every version of one agent, the newest first.
  func listVersions(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let limit = try request.limit(default: 20, maximum: 100)
    let list = "versions of \(id)"
    let below = try request.cursor(of: list)?["below"]?.intValue
    let versions = try await domains.database.read { [domains] tx in
      try domains.agents.versions(tx, id, below: below, limit: limit + 1)
    }
    let shown = versions.prefix(limit)
    let next = versions.count > limit ? shown.last : nil
    return json([
      "data": .array(shown.map(\.json)),
      "next_page": .string(
        orNull: next.map {
          Cursor(["list": .string(list), "below": .integer(Int64($0.version))]).text
        }),
    ])
  }
}
