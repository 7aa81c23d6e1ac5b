import HTTPServer
import Hooks
import JSON
import Signatures

extension API {
  /// Answers a webhook after its receipt is written: 202, or 200 with the first run's id for a repeat.
  func receiveHook(_ request: Request) async throws -> HTTPResponse {
    let headers = SignatureHeaders(request.http.headers.entries.map { ($0.name, $0.value) })
    let answer = try await domains.hooks.receive(
      request.path("source"), HookRequest(headers: headers, body: request.http.body))
    return json(answer.json, status: answer.status)
  }
}
