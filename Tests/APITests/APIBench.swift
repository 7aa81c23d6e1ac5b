import Catalog
import HTTPClient
import HTTPServer
import JSON
import Logging
import PathSupport
import Primitives
import Reading
import TestSupport

@testable import API

/// The API on a real port, over a path of its own.
struct APIBench {
  static let key = "errand_test"
  static let base = "https://errand.example.com"
  static let links = FileLinks(base: base, path: API.fileContent, key: Array(0..<32))

  let path: Path
  let api: API
  let server: HTTPServer
  let client: HTTPClient

  struct Answer {
    var status: Int
    var headers: HTTPClient.Headers
    var text: String
    var json: JSON

    /// The message of an error's envelope.
    var message: String { json["error"]?["message"]?.stringValue ?? "" }
  }

  func url(_ target: String) -> String { "http://127.0.0.1:\(server.port)\(target)" }

  /// Sends a request with the key, unless other headers are given.
  func send(
    _ method: String, _ target: String, _ body: [UInt8]? = nil,
    headers: [(name: String, value: String)]? = nil,
    and more: [(name: String, value: String)] = []
  ) async throws -> Answer {
    let shown = headers ?? [(name: "x-api-key", value: APIBench.key)]
    let response = try await client.send(
      HTTPClient.Request(method: method, url: url(target), headers: shown + more, body: body))
    // Not everything is JSON.
    let json = (try? JSON(parsing: response.body)) ?? .null
    return Answer(status: response.status, headers: response.headers, text: response.text, json: json)
  }

  func get(_ target: String) async throws -> Answer { try await send("GET", target) }

  func post(_ target: String, _ body: JSON, and more: [(name: String, value: String)] = []) async throws
    -> Answer
  {
    try await send("POST", target, body.bytes, and: more)
  }
}

func withAPI(
  rates: RateLimits.Rates = RateLimits.Rates(), health: Health? = nil, log: Logger = Path.log,
  _ body: (APIBench) async throws -> Void
) async throws {
  try await withPath(adding: API.migrations) { path in
    let api = API(
      domains: path.domains,
      keys: try await APIKeys(database: path.database, bootstrap: APIBench.key, time: path.clock.time),
      links: APIBench.links, rates: rates, health: health, time: path.clock.time, log: log)
    let server = try HTTPServer.start(api.configuration(address: "127.0.0.1", port: 0))
    let client = HTTPClient(userAgent: "test")
    let result: Result<Void, any Error>
    do {
      try await body(APIBench(path: path, api: api, server: server, client: client))
      result = .success(())
    } catch {
      result = .failure(error)
    }
    client.close()
    await server.stop(grace: .zero)
    try result.get()
  }
}
