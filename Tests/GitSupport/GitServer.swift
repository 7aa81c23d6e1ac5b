package import HTTPServer
import Primitives
import Processes

/// A remote over HTTP on this machine, which wants a token: `git http-backend` behind a server, as GitHub is.
package struct GitServer: Sendable {
  private let server: HTTPServer
  private let seen: Lock<Seen>

  private struct Seen {
    var requests: [String] = []
    var arguments: Set<String> = []
    var token: String
    /// Those that it asked for before.
    var tokens: Set<String>
    var refused = 0
  }

  package func url(_ name: String) -> String { "http://127.0.0.1:\(server.port)/\(name)" }
  /// Method and path of every request with the right token.
  package var requests: [String] { seen.withLock { $0.requests } }
  /// The command line of every process of this machine that had the text in it while a request was answered.
  package var leaks: Set<String> { seen.withLock { $0.arguments } }

  /// How many requests had another token than the right one.
  package var refused: Int { seen.withLock { $0.refused } }

  /// From now on another token is the right one, and the one before is not.
  package func rotate(to token: String) {
    seen.withLock { seen in
      seen.token = token
      seen.tokens.insert(token)
    }
  }

  /// - Parameter answer: decides instead of the backend when it returns something.
  package static func with<Result>(
    root: String, token: String, answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil },
    _ body: (GitServer) async throws -> Result
  ) async throws -> Result {
    let seen = Lock(Seen(token: token, tokens: [token]))
    var configuration = HTTPServer.Configuration { request in
      let (token, tokens) = seen.withLock { ($0.token, $0.tokens) }
      let expected = "Basic " + Base64.encode(Array("x-access-token:\(token)".utf8))
      let leaking = ProcessIdentity.commandLines().filter { line in tokens.contains { line.contains($0) } }
      seen.withLock { $0.arguments.formUnion(leaking) }
      if let answer = answer(request) { return answer }
      guard request.headers.first("authorization") == expected else {
        if request.headers.first("authorization") != nil { seen.withLock { $0.refused += 1 } }
        return HTTPResponse(status: 401, headers: [("WWW-Authenticate", "Basic realm=\"git\"")])
      }
      seen.withLock { $0.requests.append("\(request.method) \(request.path)") }
      return await backend(root, request)
    }
    configuration.admit = { _ in .accept(bodyLimit: 64 << 20) }
    let server = try HTTPServer.start(configuration)
    do {
      let result = try await body(GitServer(server: server, seen: seen))
      await server.stop(grace: .zero)
      return result
    } catch {
      await server.stop(grace: .zero)
      throw error
    }
  }

  /// As git-http-backend(1) is called by CGI (RFC 3875).
  private static func backend(_ root: String, _ request: HTTPRequest) async -> HTTPResponse {
    let parts = request.target.split(separator: "?", maxSplits: 1)
    var environment = [
      "PATH": "/usr/bin:/bin", "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "t",
      "PATH_INFO": request.path, "REQUEST_METHOD": request.method, "GIT_CONFIG_NOSYSTEM": "1", "HOME": root,
      "QUERY_STRING": parts.count > 1 ? String(parts[1]) : "", "GIT_CONFIG_COUNT": "1",
      "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_0": "true",
    ]
    environment["CONTENT_TYPE"] = request.headers.first("content-type")
    environment["HTTP_CONTENT_ENCODING"] = request.headers.first("content-encoding")
    environment["HTTP_GIT_PROTOCOL"] = request.headers.first("git-protocol")
    environment["CONTENT_LENGTH"] = "\(request.body.count)"
    do {
      let output = try await Command(
        ["git", "http-backend"], environment: environment, input: .bytes(request.body), limit: .seconds(60),
        outputLimit: 64 << 20
      ).run()
      let bytes = output.stdout.bytes
      guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
        return .text(500, output.errorText)
      }
      var status = 200
      var headers: [(String, String)] = []
      for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n") {
        let pair = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
        guard pair.count == 2 else { continue }
        if pair[0] == "Status" {
          status = Int(pair[1].prefix(3)) ?? 500
        } else {
          headers.append((String(pair[0]), String(pair[1])))
        }
      }
      return HTTPResponse(status: status, headers: headers, body: .bytes(Array(bytes[end.upperBound...])))
    } catch {
      return .text(500, "\(error)")
    }
  }
}
