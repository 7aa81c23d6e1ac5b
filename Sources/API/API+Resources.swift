import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Reading
import Sessions
import Store

// What a session sees besides its workspace.
extension API {
  func addResource(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let body = try request.object()
    let (domains, time, randomness) = (domains, time, randomness)
    return try await creating(request) { tx in
      let findings = Findings()
      let resource = ResourceBody(body, at: .root, findings)
      try findings.check()
      guard case .file? = resource, let resource else {
        throw APIError.invalid("type: Only files can be added to a session that is there.")
      }
      try ResourceBody.check([resource], fit: domains.sessions.session(tx, id).environment)
      let made = try resource.resource(tx, in: id, domains.files, at: time.now(), randomness)
      try domains.sessions.add(tx, made, to: id)
      return Session.shown(made)
    }
  }

  func listResources(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let limit = try request.limit(default: 1000, maximum: 1000)
    let list = "resources of \(id)"
    let after = try request.cursor(of: list)?["after"]?.stringValue
    let resources = try await domains.database.read { [domains] tx in
      try domains.sessions.session(tx, id).resources.map(Session.shown)
    }
    // In the order they were added, which is that of their ids.
    let rest = resources.filter { ($0["id"]?.stringValue ?? "") > after ?? "" }
    return page(rest, limit: limit, of: list)
  }

  func showResource(_ request: Request) async throws -> HTTPResponse {
    let (id, resource) = (request.path("id"), request.path("resource"))
    return json(
      try await domains.database.read { [domains] tx in
        Session.shown(try domains.sessions.session(tx, id).resource(resource))
      })
  }

  /// Only a repository has something to update: its token.
  func updateResource(_ request: Request) async throws -> HTTPResponse {
    let (id, resource) = (request.path("id"), request.path("resource"))
    let findings = Findings()
    let body = Fields(try request.object(), "a resource's update", keys: ["authorization_token"], findings)
    let token = body?.text("authorization_token", required: true, length: RepositoryBody.tokenLength)
    let problems = findings.problems
    return json(
      try await domains.database.write { [domains] tx in
        let current = try domains.sessions.session(tx, id).resource(resource)
        guard current["type"]?.stringValue == "github_repository" else {
          throw APIError.invalid("The resource \(resource) is no repository, so it has nothing to update.")
        }
        if !problems.isEmpty { throw CatalogError.invalid(problems) }
        var updated = current
        updated["authorization_token"] = .string(orNull: token)
        return Session.shown(try domains.sessions.replace(tx, updated, of: id))
      })
  }

  func removeResource(_ request: Request) async throws -> HTTPResponse {
    let (id, resource) = (request.path("id"), request.path("resource"))
    try await domains.database.write { [domains] tx in
      let removed = try domains.sessions.removeResource(tx, resource, of: id)
      if let copy = removed["file_id"]?.stringValue {
        // A job's files are not the session's own, and may be gone.
        if try domains.files.files(tx, ids: [copy]).first?.mountedIn == id {
          try domains.files.delete(tx, copy)
        }
      }
    }
    return json(["id": .string(resource), "type": "session_resource_deleted"])
  }
}
