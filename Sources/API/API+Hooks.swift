import HTTPServer
import Hooks
import JSON
import Signatures

extension API {
  /// Answers a webhook after its receipt is written, in the way of the source's kind: mostly 202, or 200 with
  /// the first run's id for a repeat.
  func receiveHook(_ request: Request) async throws -> HTTPResponse {
    let given = SignatureHeaders(request.http.headers.entries.map { ($0.name, $0.value) })
    let answer = try await domains.hooks.receive(
      request.path("source"), HookRequest(headers: given, body: request.http.body))
    let headers = answer.contentType.map { [("content-type", $0)] } ?? []
    return HTTPResponse(status: answer.status, headers: headers, body: .bytes(answer.body))
  }
}
