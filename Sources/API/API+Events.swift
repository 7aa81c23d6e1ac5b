import Catalog
import Domains
import HTTPServer
import JSON
import Primitives
import Reading
import Sessions
import Store

// What is said in a session: sent, listed, followed.
extension API {
  func sendEvents(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let findings = Findings()
    let body = Fields(try request.object(), "the request", keys: ["events"], findings)
    let events = body?.list("events", limit: Input.limit, required: true) ?? []
    if body?["events"]?.arrayValue?.isEmpty == true { body?.add("events", "Expected at least one event.") }
    let inputs = events.compactMap { value, path in Input.read(value, at: path, findings) }
    let key = try repeats(request)?.ownKey
    let isKnown = try await domains.database.read { [domains] tx in
      _ = try domains.sessions.session(tx, id)
      return true
    }
    if isKnown { try findings.check() }
    let stored = try await domains.database.write { [domains] tx in
      try domains.sessions.accept(tx, to: id, inputs, files: domains.files, key: key)
    }
    return json(["data": .array(stored.map(\.json))])
  }

  func listEvents(_ request: Request) async throws -> HTTPResponse {
    let session = try await sessionOfThread(request)
    let id = session.id
    let limit = try request.limit(default: 1000, maximum: 1000)
    var filter = EventFilter()
    filter.types = request.queryArray("types")
    if filter.types.count > 100 { throw APIError.invalid("types: Expected at most 100 types.") }
    filter.processed = try request.times("created_at")
    let isDescending = try request.isDescending(default: false)
    let list = "events of \(id)" + (isDescending ? ", descending" : "")
    let cursor = try request.cursor(of: list, within: filter.processed)
    let place = cursor.map {
      EventPlace(
        revision: $0["revision"]?.integerValue, arrival: $0["arrival"]?.integerValue,
        horizon: $0["horizon"]?.integerValue)
    }
    let wanted = filter
    let (events, horizon) = try await domains.database.read { [domains] tx in
      let events = try domains.sessions.events(
        tx, of: id, wanted, descending: isDescending, after: place, limit: limit + 1)
      return (events, try domains.sessions.session(tx, id).revision)
    }
    let shown = events.prefix(limit)
    var next: JSON = .null
    if events.count > limit {
      let after = Sessions.place(after: shown, place, descending: isDescending)
      var payload: JSON.Object = ["list": .string(list)]
      payload["revision"] = after.revision.map { .integer($0) }
      payload["arrival"] = after.arrival.map { .integer($0) }
      payload["horizon"] = .integer(place?.horizon ?? horizon)
      payload["at"] = shown.last?.processedAt.map { .string($0.description) }
      next = .string(Cursor(.object(payload)).text)
    }
    return json(["data": .array(shown.map(\.json)), "next_page": next])
  }

  // MARK: The stream

  /// The most event types for which glimpses may be asked.
  private static let previewLimit = 100

  /// Everything that the session's log gets from now on, as server-sent events.
  func streamEvents(_ request: Request) async throws -> HTTPResponse {
    let session = try await sessionOfThread(request)
    let names = request.queryArray("event_deltas")
    let known = Preview.types.map(\.rawValue)
    if names.count > API.previewLimit {
      throw APIError.invalid("event_deltas: Expected at most \(API.previewLimit) values.")
    }
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw APIError.invalid("event_deltas: Expected \(known.alternatives), found \(quoted(unknown)).")
    }
    return HTTPResponse(
      status: 200, headers: [("content-type", "text/event-stream"), ("cache-control", "no-cache")],
      body: .stream(broadcasts.follow(session, previewing: names.compactMap(EventType.init))))
  }
}
