import Domains
import HTTPServer
import JSON
import Primitives
import Store

// The keys of this API.
extension API {
  /// The answer is the only one that ever shows the key's text.
  func createKey(_ request: Request) async throws -> HTTPResponse {
    let (key, text) = try await keys.create(try request.object())
    var shown = key.json.objectValue ?? [:]
    shown["key"] = .string(text)
    return json(.object(shown))
  }

  func listKeys(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 100)
    let after = try request.cursor(of: "keys")?["after"]?.stringValue
    let keys = keys
    let listed = try await domains.database.read { tx in try keys.list(tx, after: after, limit: limit + 1) }
    return page(listed.map(\.json), limit: limit, of: "keys")
  }

  func revokeKey(_ request: Request) async throws -> HTTPResponse {
    try request.expectNoFields()
    return json(try await keys.revoke(request.path("id")).json)
  }
}
