import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Reading
import Sessions
import Store

// Sessions: created, read, changed, ended.
extension API {
  /// The session and its first events, all or nothing.
  func createSession(_ request: Request) async throws -> HTTPResponse {
    let body = try SessionBody(try request.object())
    let (domains, time, randomness) = (domains, time, randomness)
    return try await creating(request) { tx in
      let now = time.now()
      let environment = try domains.environments.environment(tx, body.environment)
      if environment.archivedAt != nil {
        throw CatalogError.archived(kind: "environment", id: environment.id)
      }
      try ResourceBody.check(body.resources, fit: environment.config)
      let id = ID.make("sesn", at: now, randomness)
      var new = NewSession(
        agent: try body.agent.snapshot(tx, domains.agents), environmentID: environment.id,
        environment: environment.config, title: body.title, metadata: body.metadata)
      new.id = id
      new.resources = try ResourceBody.resources(
        tx, body.resources, in: id, domains.files, at: now, randomness)
      _ = try domains.sessions.create(tx, new, at: now)
      if !body.events.isEmpty {
        _ = try domains.sessions.accept(
          tx, to: id, body.events, files: domains.files, field: "initial_events")
      }
      return try domains.sessions.session(tx, id).json(at: time.moment())
    }
  }

  func showSession(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let moment = time.moment()
    return json(
      try await domains.database.read { [domains] tx in try domains.sessions.session(tx, id).json(at: moment)
      })
  }

  func updateSession(_ request: Request) async throws -> HTTPResponse {
    let (id, moment) = (request.path("id"), time.moment())
    let body = try request.object()
    return json(
      try await domains.database.write { [domains] tx in
        let update = try SessionUpdateBody(body)
        let change = try update.change(of: domains.sessions.session(tx, id))
        return try domains.sessions.update(tx, id, change).json(at: moment)
      })
  }

  func archiveSession(_ request: Request) async throws -> HTTPResponse {
    try request.expectNoFields()
    let (id, moment) = (request.path("id"), time.moment())
    return json(
      try await domains.database.write { [domains] tx in try domains.sessions.archive(tx, id).json(at: moment)
      })
  }

  /// With the session go its events, its sandbox and the files it made; uploads stay.
  func deleteSession(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    try await domains.database.write { [domains] tx in
      try domains.sessions.delete(tx, id)
      try domains.files.deleteAll(tx, of: id)
    }
    return json(["id": .string(id), "type": "session_deleted"])
  }

  // MARK: The list

  /// The only list that pages both ways.
  func listSessions(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let filter = try sessionFilter(request)
    let isDescending = try request.isDescending(default: true)
    let list = isDescending ? "sessions" : "sessions, ascending"
    let cursor = try request.cursor(of: list, within: filter.created)
    let (after, before) = (cursor?["after"]?.stringValue, cursor?["before"]?.stringValue)
    let moment = time.moment()
    // Backwards is the other order, turned round.
    let isBack = before != nil
    let found = try await domains.database.read { [domains] tx in
      try domains.sessions.sessions(
        tx, filter, descending: isDescending != isBack, after: before ?? after, limit: limit + 1)
    }
    let shown = (isBack ? found.prefix(limit).reversed() : Array(found.prefix(limit))).map {
      $0.json(at: moment)
    }
    let hasMore = found.count > limit
    return json([
      "data": .array(shown),
      "next_page": link("after", isBack || hasMore ? shown.last : nil, of: list),
      "prev_page": link("before", (isBack ? hasMore : after != nil) ? shown.first : nil, of: list),
    ])
  }

  private func sessionFilter(_ request: Request) throws -> SessionFilter {
    var filter = SessionFilter()
    filter.agentID = request.query("agent_id")
    filter.agentVersion = try request.number("agent_version", in: 1...Int(Int32.max))
    if filter.agentVersion != nil, filter.agentID == nil {
      throw APIError.invalid("agent_version: Say whose version it is, with agent_id.")
    }
    // There are none of these here, so no session is of one.
    filter.matchesNone = request.query("deployment_id") != nil || request.query("memory_store_id") != nil
    filter.statuses = try request.choices("statuses", Session.Status.self)
    filter.created = try request.times("created_at")
    filter.includesArchived = try request.flag("include_archived")
    return filter
  }
}
