import HTTPServer
import JSON
import Primitives

/// What stands in for GitHub's REST API: pull requests can be listed and opened, with the right token.
package final class GitHubStandIn: Sendable {
  package struct PullRequest: Sendable, Equatable {
    package var number: Int
    /// `owner/name`
    package var repository: String
    package var head: String
    package var base: String
    package var title: String
    package var body: String
    package var url: String

    var json: JSON {
      [
        "number": .integer(Int64(number)), "state": "open", "title": .string(title), "body": .string(body),
        "html_url": .string(url), "head": ["ref": .string(head)], "base": ["ref": .string(base)],
      ]
    }
  }

  /// The base of the REST API.
  package let url: String
  private let server: HTTPServer
  private let opened: Lock<[PullRequest]>

  private init(_ server: HTTPServer, _ opened: Lock<[PullRequest]>) {
    url = "http://127.0.0.1:\(server.port)"
    self.server = server
    self.opened = opened
  }

  package static func start(token: String) throws -> GitHubStandIn {
    let opened = Lock<[PullRequest]>([])
    let configuration = HTTPServer.Configuration { request in
      guard request.headers.first("authorization") == "Bearer \(token)" else {
        return answer(401, ["message": "Bad credentials"])
      }
      let parts = request.segments
      guard parts.count == 4, parts[0] == "repos", parts[3] == "pulls" else {
        return answer(404, ["message": "Not Found"])
      }
      let repository = "\(parts[1])/\(parts[2])"
      if request.method == "GET" {
        let head = request.query.first { $0.name == "head" }?.value
        let found = opened.withLock { $0 }.filter { pull in
          pull.repository == repository && (head == nil || head == "\(parts[1]):\(pull.head)")
        }
        return answer(200, .array(found.map(\.json)))
      }
      return open(request, in: repository, opened)
    }
    return GitHubStandIn(try HTTPServer.start(configuration), opened)
  }

  private static func open(
    _ request: HTTPRequest, in repository: String, _ opened: Lock<[PullRequest]>
  ) -> HTTPResponse {
    guard let asked = try? JSON(parsing: request.body), let head = asked["head"]?.stringValue,
      let base = asked["base"]?.stringValue, let title = asked["title"]?.stringValue
    else { return answer(422, ["message": "Validation Failed"]) }
    return opened.withLock { opened in
      if opened.contains(where: { $0.repository == repository && $0.head == head && $0.base == base }) {
        let owner = repository.prefix { $0 != "/" }
        let message = "A pull request already exists for \(owner):\(head)."
        return answer(422, ["message": "Validation Failed", "errors": [["message": .string(message)]]])
      }
      let number = 213 + opened.count
      let pull = PullRequest(
        number: number, repository: repository, head: head, base: base, title: title,
        body: asked["body"]?.stringValue ?? "", url: "https://github.com/\(repository)/pull/\(number)")
      opened.append(pull)
      return answer(201, pull.json)
    }
  }

  private static func answer(_ status: Int, _ body: JSON) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("content-type", "application/json")], body: .bytes(body.bytes))
  }

  package var pullRequests: [PullRequest] { opened.withLock { $0 } }

  package func stop() async {
    await server.stop(grace: .seconds(1))
  }
}
