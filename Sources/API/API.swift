package import Catalog
package import Domains
package import HTTPServer
import JSON
package import Logging
package import Primitives
import Reading
package import Store

/// Errand over HTTP: finds the route, checks the key, answers errors in the wire's envelope.
package struct API: Sendable {
  /// The largest body of an ordinary request, in bytes: what the wire allows.
  static let bodyLimit = 32 << 20

  /// What it speaks for.
  let domains: Domains
  let keys: APIKeys
  let links: FileLinks?
  private let rates: RateLimits
  let broadcasts: Broadcasts
  let health: Health
  let time: Time
  let randomness: Randomness
  let log: Logger
  package static let migrations = APIKeys.migrations + Repeats.migrations

  /// - Parameters:
  ///   - keys: what callers show as `Authorization: Bearer …` or `x-api-key`.
  ///   - health: without it, only schedules are looked at.
  ///   - links: opens files to those who have a link instead; nil to nobody.
  package init(
    domains: Domains, keys: APIKeys, links: FileLinks? = nil, rates: RateLimits.Rates = RateLimits.Rates(),
    health: Health? = nil,
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
    self.health =
      health
      ?? Health(
        [.schedules(domains.schedules, domains.database, born: time.now())], freshness: .zero,
        time: Time(now: time.now, sleep: Time.system.sleep), log: log)
  }

  /// The server's settings for this API.
  package func configuration(address: String, port: UInt16) -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration { request in await answer(request) }
    configuration.address = address
    configuration.port = port
    configuration.spoolDirectory = domains.files.directory
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
    let (route, values) = try API.route(http.method, http.path, http.segments)
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

  // MARK: The key

  /// The key under which a request may use a route; nil where none is asked for.
  private func admitted(to route: Route, _ http: HTTPRequest) throws -> APIKey? {
    guard let key = try key(for: route, in: http.headers) else { return nil }
    if let rate = route.rate { try rates.count(rate, of: key.id) }
    try WireVersion.check(http)
    return key
  }

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
