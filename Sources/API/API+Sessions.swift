import Catalog
import HTTPServer
import JSON
import Logging
import Primitives
import Sessions
import Store

// The part of the wire API that runs need: their sessions, the events, the files.
extension API {
  func showSession(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let now = time.now()
    return json(
      try await domains.database.read { [domains] tx in try domains.sessions.session(tx, id).json(at: now) })
  }

  func listEvents(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let limit = try request.limit(default: 1000, maximum: 1000)
    let types = Set(request.queryArray("types"))
    let cursor = try request.cursor("after", "arrival")
    let start = HistoryPlace(
      position: cursor?["after"]?.integerValue ?? 0, arrival: cursor?["arrival"]?.integerValue ?? 0)
    let (page, next) = try await domains.database.read { [domains] tx in
      try domains.sessions.history(tx, id, after: start, types: types, limit: limit)
    }
    let place = next.map { next in
      Cursor(["after": .integer(next.position), "arrival": .integer(next.arrival)])
    }
    return json([
      "data": .array(page.map(\.json)), "next_page": place.map { .string($0.text) } ?? .null,
    ])
  }

  func sendEvents(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    guard let events = try request.object()["events"]?.arrayValue, !events.isEmpty else {
      throw APIError.invalid("events: give a list with at least one event.")
    }
    let inputs = try events.enumerated().map { place, event in
      try Input.read(event, place: "events[\(place)]")
    }
    let key = try request.idempotencyKey()
    let stored = try await domains.database.write { [domains] tx in
      try domains.sessions.append(tx, to: id, inputs, key: key)
    }
    return json(["data": .array(stored.map(\.json))])
  }

  /// Everything that the session's log gets from now on, as server-sent events.
  func streamEvents(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    // Subscribed before the headers are answered: a client that then lists misses nothing.
    let events = try await domains.sessions.follow(id)
    let channel = ByteChannel()
    // A stream outlives its request; it ends with the client, the session or the server.
    let pump = Task {
      do {
        for try await event in events {
          guard channel.send(API.frame(event)) else { break }
          if event.type == .deleted { break }
        }
      } catch is CancellationError {
        // The client has left.
      } catch {
        log.warning("The stream of \(id) ended: \(error)")
      }
      channel.finish()
    }
    channel.onClose { pump.cancel() }
    return HTTPResponse(
      status: 200, headers: [("content-type", "text/event-stream"), ("cache-control", "no-cache")],
      body: .stream(channel))
  }

  static func frame(_ event: Event) -> [UInt8] {
    Array("event: \(event.type.rawValue)\ndata: ".utf8) + event.json.bytes + Array("\n\n".utf8)
  }

  // MARK: Files

  func listFiles(_ request: Request) async throws -> HTTPResponse {
    guard let session = request.query("scope_id") else {
      throw APIError.invalid("scope_id: give the id of the session whose files to list.")
    }
    let files = try await domains.database.read { [domains] tx in
      try domains.files.list(tx, session: session)
    }
    return json(["data": .array(files.map(\.json)), "next_page": .null])
  }

  func showFile(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    return json(try await domains.database.read { [domains] tx in try domains.files.file(tx, id).json })
  }

  func fileContent(_ request: Request) async throws -> HTTPResponse {
    let id = request.path("id")
    let file = try await domains.database.read { [domains] tx in try domains.files.file(tx, id) }
    // Shown to nobody's browser as a page: the content comes from an agent.
    return HTTPResponse(
      status: 200,
      headers: [
        ("content-type", file.mimeType), ("content-disposition", API.disposition(file.filename)),
        ("x-content-type-options", "nosniff"),
      ], body: .file(path: domains.files.path(ofContent: file.content.sha256), size: file.content.size))
  }
}
