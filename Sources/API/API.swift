package import Catalog
package import HTTPServer
package import Hooks
import JSON
package import Jobs
package import Logging
package import Outbox
package import Primitives
import Queue
package import Runs
package import Schedules
package import Sessions
package import Store

/// Errand over HTTP: finds the route, checks the key, answers errors in the wire's envelope.
package struct API: Sendable {
  /// What the API speaks for.
  package struct Domains: Sendable {
    package var database: Database
    package var agents: Agents
    package var environments: Environments
    package var files: Files
    package var jobs: Jobs
    package var runs: Runs
    package var sessions: Sessions
    package var schedules: Schedules
    package var outbox: Outbox
    package var hooks: Hooks

    package init(
      database: Database, agents: Agents, environments: Environments, files: Files, jobs: Jobs, runs: Runs,
      sessions: Sessions, schedules: Schedules,
      outbox: Outbox, hooks: Hooks
    ) {
      self.database = database
      self.agents = agents
      self.environments = environments
      self.files = files
      self.jobs = jobs
      self.runs = runs
      self.sessions = sessions
      self.schedules = schedules
      self.outbox = outbox
      self.hooks = hooks
    }
  }

  /// The largest body of an ordinary request, in bytes: what the wire allows.
  static let bodyLimit = 32 << 20
  /// The largest body of an upload, in bytes: what the wire allows, and the form around it.
  static let uploadLimit = 500 << 20 + 1 << 20

  let domains: Domains
  let keys: APIKeys
  let links: FileLinks?
  private let rates: RateLimits
  let broadcasts: Broadcasts
  let time: Time
  let randomness: Randomness
  let log: Logger
  /// When this process began to answer.
  let born: Timestamp

  package static let migrations = APIKeys.migrations + Repeats.migrations

  /// - Parameters:
  ///   - keys: what callers show as `Authorization: Bearer …` or `x-api-key`.
  ///   - links: opens files to those who have a link instead; nil to nobody.
  package init(
    domains: Domains, keys: APIKeys, links: FileLinks? = nil, rates: RateLimits.Rates = RateLimits.Rates(),
    time: Time = .system,
    randomness: Randomness = .system, log: Logger
  ) {
    self.domains = domains
    self.keys = keys
    self.links = links
    self.rates = RateLimits(rates, time: time)
    broadcasts = Broadcasts(sessions: domains.sessions, log: log)
    self.time = time
    self.randomness = randomness
    self.log = log
    born = time.now()
  }

  /// The server's settings for this API.
  package func configuration(address: String, port: UInt16) -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration { request in await answer(request) }
    configuration.address = address
    configuration.port = port
    configuration.admit = { head in admit(head) }
    configuration.refusal = { status, sentence in
      // A body that is too slow has its own name on the wire.
      let refusal =
        status == 408 ? Refusal(400, sentence, code: "request_body_timeout") : Refusal(status, sentence)
      return refusal.response(requestID: ID.make("req", at: time.now(), randomness))
    }
    let log = log
    configuration.log = { log.warning("\($0)") }
    return configuration
  }

  /// Decides on the head alone, so that a body nobody may send is not read.
  private func admit(_ head: RequestHead) -> Admission {
    if head.path.hasPrefix("/hooks/") { return .accept(bodyLimit: Hooks.bodyLimit) }
    if head.path == "/healthz" {
      if ["GET", "HEAD"].contains(head.method) { return .accept(bodyLimit: 0) }
      // Said before the body, which would be too large.
      let error = APIError.methodNotAllowed(method: head.method, path: head.path, allowed: ["GET"])
      return .refuse(refusal(error))
    }
    guard key(in: head.headers) != nil else {
      return API.mayBeLink(head) ? .accept(bodyLimit: 0) : .refuse(refusal(APIError.unauthorized(API.noKey)))
    }
    if head.path == "/v1/files", head.method == "POST" {
      return .spool(bodyLimit: API.uploadLimit, directory: domains.files.directory)
    }
    return .accept(bodyLimit: API.bodyLimit)
  }

  func answer(_ http: HTTPRequest) async -> HTTPResponse {
    let requestID = ID.make("req", at: time.now(), randomness)
    do {
      var response = try await route(http)
      response.headers.append(("request-id", requestID))
      return response
    } catch {
      let refusal = Refusal(error)
      if refusal.status >= 500 {
        log.error("\(http.method) \(http.path) failed: \(error)", metadata: ["request": "\(requestID)"])
      }
      return refusal.response(requestID: requestID)
    }
  }

  private func route(_ http: HTTPRequest) async throws -> HTTPResponse {
    let segments = http.segments
    var allowed: [String] = []
    for route in API.routes {
      guard let values = route.match(segments) else { continue }
      guard route.method == http.method || (route.method == "GET" && http.method == "HEAD") else {
        allowed.append(route.method)
        continue
      }
      if route.opensToLinks, key(in: http.headers) == nil {
        let request = Request(http: http, path: values, key: nil)
        if request.query("signature") != nil {
          if let refusal = refusal(ofLink: request) { return refusal }
          return try await route.answer(self, request)
        }
      }
      let key = try admitted(to: route, http)
      return try await route.answer(self, Request(http: http, path: values, key: key))
    }
    if allowed.isEmpty {
      throw APIError.notFound(API.absence(segments) ?? "There is nothing at \(http.path).")
    }
    throw APIError.methodNotAllowed(method: http.method, path: http.path, allowed: allowed)
  }

  /// What the wire knows and this server does not have, said by name; nil for anything else.
  private static func absence(_ segments: [String]) -> String? {
    guard segments.count > 1, segments[0] == "v1" else { return nil }
    let things = [
      "vaults": "vaults", "deployments": "deployments", "deployment_runs": "deployments",
      "memory_stores": "memory stores", "skills": "skills", "dreams": "dreams", "tunnels": "tunnels",
      "user_profiles": "user profiles",
    ]
    return things[segments[1]].map { "This server has no \($0) yet." }
  }

  // MARK: The key

  /// The key under which a request may use a route; nil where none is asked for.
  private func admitted(to route: Route, _ http: HTTPRequest) throws -> APIKey? {
    guard case .key(let scopes) = route.access else { return nil }
    guard let key = key(in: http.headers) else { throw APIError.unauthorized(API.noKey) }
    guard scopes.contains(where: key.scope.covers) else {
      let words = scopes.map(\.rawValue).joined(separator: " or ")
      throw APIError.forbidden(
        "The key \(quoted(key.name)) has the scope \(key.scope.rawValue); this needs \(words).")
    }
    if let rate = route.rate { try rates.count(rate, of: key.id) }
    try WireVersion.check(http)
    return key
  }

  private func key(in headers: HTTPHeaders) -> APIKey? {
    var shown = headers.first("x-api-key")
    if let header = headers.first("authorization"), header.lowercased().hasPrefix("bearer ") {
      shown = String(header.dropFirst("bearer ".count))
    }
    return shown.flatMap { keys.key(showing: $0) }
  }

  private static let noKey =
    "The request shows no valid key. Send it as “Authorization: Bearer KEY” or “x-api-key: KEY”; the first key is "
    + "in the file api-key of the server's data directory."

  private func refusal(_ error: APIError) -> HTTPResponse {
    Refusal(error).response(requestID: ID.make("req", at: time.now(), randomness))
  }

  // MARK: Answers

  func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
  }

  /// A page of things that are listed newest first, by id.
  /// - Parameters:
  ///   - items: one more than the limit when there is a next page.
  ///   - list: what is listed: cursors of one list are not those of another.
  func page(_ items: [JSON], limit: Int, of list: String) -> HTTPResponse {
    let shown = Array(items.prefix(limit))
    return json([
      "data": .array(shown), "next_page": link("after", items.count > limit ? shown.last : nil, of: list),
    ])
  }

  /// A cursor that stands at an item of a list, with the time by which the list can be filtered; null without one.
  /// - Parameter key: whether what is wanted comes `after` the item or `before` it.
  func link(_ key: String, _ item: JSON?, of list: String) -> JSON {
    guard let item, let id = item["id"] else { return .null }
    var payload: JSON.Object = ["list": .string(list)]
    payload[key] = id
    payload["at"] = item["created_at"]
    return .string(Cursor(.object(payload)).text)
  }

  /// Makes something, once for all repeats of a request with an `Idempotency-Key`.
  /// - Parameter identity: what makes the request the same one; nil is its body.
  func creating(
    _ request: Request, identity: [UInt8]? = nil,
    _ make: @escaping @Sendable (Transaction) throws -> JSON
  ) async throws -> HTTPResponse {
    guard let repeats = try repeats(request, identity: identity) else {
      return json(try await domains.database.write(make))
    }
    let now = time.now()
    return json(try await domains.database.write { tx in try repeats.answer(tx, at: now, make) })
  }

  /// Nil for a request without an `Idempotency-Key`.
  /// - Parameter identity: as of `creating`.
  func repeats(_ request: Request, identity: [UInt8]? = nil) throws -> Repeats? {
    try request.idempotencyKey().map { key in
      Repeats(
        apiKey: request.key?.id ?? "", idempotencyKey: key, method: request.http.method,
        path: request.http.path, body: identity ?? request.http.body)
    }
  }
}
