package import Catalog
import Crypto
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
    package var files: Files
    package var jobs: Jobs
    package var runs: Runs
    package var sessions: Sessions
    package var schedules: Schedules
    package var outbox: Outbox
    package var hooks: Hooks

    package init(
      database: Database, files: Files, jobs: Jobs, runs: Runs, sessions: Sessions, schedules: Schedules,
      outbox: Outbox, hooks: Hooks
    ) {
      self.database = database
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

  let domains: Domains
  private let keyHash: SHA256.Digest
  let links: FileLinks
  let time: Time
  let randomness: Randomness
  let log: Logger
  /// When this process began to answer.
  let born: Timestamp

  /// - Parameters:
  ///   - key: what callers show as `Authorization: Bearer …` or `x-api-key`.
  ///   - links: opens files to those who have a link instead.
  package init(
    domains: Domains, key: String, links: FileLinks, time: Time = .system, randomness: Randomness = .system,
    log: Logger
  ) {
    self.domains = domains
    keyHash = SHA256.hash(data: Array(key.utf8))
    self.links = links
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
      Refusal(status, sentence).response(requestID: ID.make("req", at: time.now(), randomness))
    }
    let log = log
    configuration.log = { log.warning("\($0)") }
    return configuration
  }

  /// Decides on the head alone, so that a body nobody may send is not read.
  private func admit(_ head: RequestHead) -> Admission {
    if head.path.hasPrefix("/hooks/") { return .accept(bodyLimit: Hooks.bodyLimit) }
    if head.path == "/healthz" { return .accept(bodyLimit: 0) }
    guard isKnown(head.headers) else {
      return API.mayBeLink(head) ? .accept(bodyLimit: 0) : .refuse(unauthorized())
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
      let request = Request(http: http, path: values)
      if route.access != .open && !isKnown(http.headers) {
        guard route.access == .link, request.query("signature") != nil else { return unauthorized() }
        if let refusal = refusal(ofLink: request) { return refusal }
      }
      return try await route.answer(self, request)
    }
    if allowed.isEmpty { throw APIError.notFound("There is nothing at \(http.path).") }
    throw APIError.methodNotAllowed(method: http.method, path: http.path, allowed: allowed)
  }

  // MARK: The key

  /// Both are hashed first, so that the comparison takes the same time for every wrong key.
  private func isKnown(_ headers: HTTPHeaders) -> Bool {
    var shown = headers.first("x-api-key")
    if let header = headers.first("authorization"), header.lowercased().hasPrefix("bearer ") {
      shown = String(header.dropFirst("bearer ".count))
    }
    guard let shown else { return false }
    return SHA256.hash(data: Array(shown.utf8)) == keyHash
  }

  private func unauthorized() -> HTTPResponse {
    Refusal(
      401,
      "The request shows no valid key. Send it as “Authorization: Bearer KEY”; the key is in the file api-key of "
        + "the server's data directory."
    ).response(requestID: ID.make("req", at: time.now(), randomness))
  }

  // MARK: Answers

  func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
  }

  /// A page of things that are listed newest first, by id.
  func page(_ items: [JSON], limit: Int) -> HTTPResponse {
    let rest = items.count > limit
    let shown = Array(items.prefix(limit))
    let next = rest ? shown.last?["id"]?.stringValue.map { Cursor(["before": .string($0)]).text } : nil
    return json(["data": .array(shown), "next_page": next.map { .string($0) } ?? .null])
  }
}
