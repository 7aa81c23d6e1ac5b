import Domains
import HTTPServer
import Hooks
import JSON
import Signatures
import Store

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

  // MARK: Receipts

  func listReceipts(_ request: Request) async throws -> HTTPResponse {
    let limit = try request.limit(default: 20, maximum: 1000)
    let state = try request.choice("state", ReceiptLine.State.self)
    let before = try request.cursor(of: "receipts")?["after"]?.stringValue
    let source = request.query("source")
    let receipts = try await domains.database.read { [domains] tx in
      try domains.hooks.receipts(tx, source: source, state: state, before: before, limit: limit + 1)
    }
    return page(receipts.map(\.json), limit: limit, of: "receipts")
  }

  /// Takes a webhook that was refused as if it came now, and answers with what it started.
  func replayReceipt(_ request: Request) async throws -> HTTPResponse {
    try request.expectNoFields()
    do {
      let answer = try await domains.hooks.replay(request.path("id"))
      return json(answer.json, status: answer.status)
    } catch let refusal as HookRefusal where refusal.status != 404 {
      // Its status is what the sender was told; nothing is wrong with this request.
      throw APIError.conflict(refusal.description)
    }
  }
}
