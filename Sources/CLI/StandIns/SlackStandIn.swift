import HTTPServer
package import JSON
import Primitives

/// What stands in for Slack's response_urls: each takes five answers, and then none.
package final class SlackStandIn: Sendable {
  package static let uses = 5

  /// `127.0.0.1:40123`
  package let host: String
  private let server: HTTPServer
  private let taken: Lock<[String: [JSON]]>

  private init(_ server: HTTPServer, _ taken: Lock<[String: [JSON]]>) {
    host = "127.0.0.1:\(server.port)"
    self.server = server
    self.taken = taken
  }

  package static func start() throws -> SlackStandIn {
    let taken = Lock<[String: [JSON]]>([:])
    let configuration = HTTPServer.Configuration { request in
      guard request.method == "POST", let message = try? JSON(parsing: request.body) else {
        return answer(400, "invalid_payload")
      }
      guard message["text"]?.stringValue?.isEmpty == false else { return answer(500, "no_text") }
      let isGood = taken.withLock { taken in
        guard taken[request.path, default: []].count < uses else { return false }
        taken[request.path, default: []].append(message)
        return true
      }
      return isGood ? answer(200, nil) : answer(404, "used_url")
    }
    return SlackStandIn(try HTTPServer.start(configuration), taken)
  }

  private static func answer(_ status: Int, _ error: String?) -> HTTPResponse {
    var body: JSON.Object = ["ok": .bool(error == nil)]
    if let error { body["error"] = .string(error) }
    return HTTPResponse(
      status: status, headers: [("content-type", "application/json")], body: .bytes(JSON.object(body).bytes))
  }

  /// An address for answers to one request. Its last part is what makes it a credential.
  package func responseURL(_ secret: String) -> String {
    "http://\(host)/commands/T0PIERS/\(secret)"
  }

  package func answers(_ secret: String) -> [JSON] {
    taken.withLock { $0["/commands/T0PIERS/\(secret)"] ?? [] }
  }

  package func stop() async {
    await server.stop(grace: .seconds(1))
  }
}
