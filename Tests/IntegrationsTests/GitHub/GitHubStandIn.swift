import HTTPServer
import JSON
import Primitives

/// As much of GitHub's REST API as the target uses, for one repository, on this machine.
final class GitHubStandIn: Sendable {
  struct State: Sendable {
    var pulls: [JSON] = []
    var comments: [JSON] = []
    /// Method, path with query, body.
    var requests: [(String, String, JSON)] = []
    var tokens: Set<String> = []
    /// What the next requests are answered instead.
    var answers: [HTTPResponse] = []
    /// Whether looking for a pull request finds none, as when another makes it at the same moment.
    var isBlind = false
  }

  private let state: Lock<State>
  private let server: HTTPServer

  init() throws {
    let state = Lock(State())
    self.state = state
    server = try HTTPServer.start(
      HTTPServer.Configuration { request in state.withLock { Self.answer(request, &$0) } })
  }

  var url: String { "http://127.0.0.1:\(server.port)" }
  var now: State { state.withLock { $0 } }

  func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }
  func stop() async { await server.stop(grace: .zero) }

  /// How often something was posted to a path.
  func posts(_ path: String) -> Int { now.requests.count { $0.0 == "POST" && $0.1.hasSuffix(path) } }

  private static func answer(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
    let body = (try? JSON(parsing: request.body)) ?? .null
    state.requests.append((request.method, request.target, body))
    state.tokens.insert(request.headers.first("authorization") ?? "")
    if !state.answers.isEmpty { return state.answers.removeFirst() }
    switch (request.method, request.path) {
    case ("GET", "/repos/acme/shop/pulls"):
      return json(200, .array(state.isBlind && state.requests.count == 1 ? [] : state.pulls))
    case ("POST", "/repos/acme/shop/pulls"):
      if state.pulls.contains(where: { $0["head"]?["ref"] == body["head"] }) {
        return json(
          422,
          [
            "message": "Validation Failed",
            "errors": [["message": "A pull request already exists for acme:errand/42."]],
          ])
      }
      let pull: JSON = [
        "number": 7, "html_url": "https://github.com/acme/shop/pull/7", "state": "open",
        "head": ["ref": body["head"] ?? .null], "title": body["title"] ?? .null,
        "body": body["body"] ?? .null,
      ]
      state.pulls.append(pull)
      return json(201, pull)
    case ("GET", "/repos/acme/shop/issues/42/comments"): return json(200, .array(state.comments))
    case ("POST", "/repos/acme/shop/issues/42/comments"):
      state.comments.append(["id": 5, "html_url": "https://github.com/c/5", "body": body["body"] ?? .null])
      return json(201, state.comments[state.comments.count - 1])
    case ("POST", "/repos/acme/shop/issues/7/labels"): return json(422, ["message": "Label does not exist"])
    default: return json(404, ["message": "Not Found"])
    }
  }

  static func json(_ status: Int, _ body: JSON, _ headers: [(String, String)] = []) -> HTTPResponse {
    HTTPResponse(status: status, headers: headers, body: .bytes(body.bytes))
  }
}
