import HTTPServer
import JSON
import Primitives

/// A server that answers what a test says, and keeps what it was asked.
final class ScriptedServer: Sendable {
  let url: String
  private let server: HTTPServer
  private let kept: Lock<[HTTPRequest]>

  init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) throws {
    let kept = Lock<[HTTPRequest]>([])
    server = try HTTPServer.start(
      HTTPServer.Configuration { request in
        kept.withLock { $0.append(request) }
        return answer(request)
      })
    self.kept = kept
    url = "http://127.0.0.1:\(server.port)"
  }

  var requests: [HTTPRequest] { kept.withLock { $0 } }

  static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
  }

  /// An error in the API's envelope.
  static func refusal(_ status: Int, _ message: String) -> HTTPResponse {
    json(["type": "error", "error": ["type": "api_error", "message": .string(message)]], status: status)
  }
}
