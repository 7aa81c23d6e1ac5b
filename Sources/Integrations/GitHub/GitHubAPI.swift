import HTTPClient
import JSON
import Primitives

/// The part of GitHub's REST API (version 2022-11-28) that callbacks need, for one repository.
struct GitHubAPI: Sendable {
  let client: HTTPClient
  let base: String
  let token: String
  /// `owner/name`.
  let repository: String
  let pace: GitHubPace
  let time: Time
  /// Attempts of the delivery before this one.
  let attempts: Int

  static let timeout = Duration.seconds(30)
  /// Pages of a hundred comments that are looked through for a mark.
  static let pages = 20

  private var owner: Substring { repository.prefix { $0 != "/" } }

  /// The host of an API's address with its port; nil for what is no address, or one that anybody on the way
  /// could read.
  static func host(of api: String) -> String? {
    for scheme in ["https://", "http://"] where api.hasPrefix(scheme) {
      let host = api.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }) else {
        return nil
      }
      let isHere = ["127.0.0.1", "localhost"].contains(host.prefix { $0 != ":" }) || host.hasPrefix("[::1]")
      return scheme == "https://" || isHere ? host.lowercased() : nil
    }
    return nil
  }

  /// Opens a pull request, or finds the one that is open for the branch already.
  func openPullRequest(
    head: String, base: String, title: String, body: String, isDraft: Bool
  ) async throws -> (pull: JSON, isNew: Bool) {
    if let open = try await pullRequest(head: head, base: base) { return (open, false) }
    let request: JSON = [
      "title": .string(title), "head": .string(head), "base": .string(base), "body": .string(body),
      "draft": .bool(isDraft), "maintainer_can_modify": true,
    ]
    let action = "opening the pull request"
    let response = try await call("POST", "pulls", request)
    if response.status == 422 {
      let text = response.text
      if text.contains("A pull request already exists"),
        let open = try await pullRequest(head: head, base: base)
      {
        return (open, false)
      }
      if text.contains("No commits between") {
        throw GitHubError.hopeless("The branch \(head) has nothing that \(base) does not have.")
      }
    }
    return (try json(response, action), true)
  }

  private func pullRequest(head: String, base: String) async throws -> JSON? {
    let query = "head=\(Self.encoded("\(owner):\(head)"))&base=\(Self.encoded(base))&state=open"
    let found = try json(await call("GET", "pulls?\(query)"), "looking for the pull request")
    // Not every server that speaks this API looks at the query.
    return found.arrayValue?.first { pull in
      pull["head"]?["ref"]?.stringValue == head && pull["state"]?.stringValue ?? "open" == "open"
    }
  }

  func label(_ number: Int, _ labels: [String]) async throws {
    let request: JSON = ["labels": .array(labels.map { .string($0) })]
    _ = try json(await call("POST", "issues/\(number)/labels", request), "labelling it")
  }

  /// The comment with a mark, among those since a time.
  func comment(on issue: Int, with mark: String, since: Timestamp) async throws -> JSON? {
    // Somewhat earlier, for the server's clock is another.
    let since = Self.encoded((since - .seconds(600)).description)
    for page in 1...Self.pages {
      let path = "issues/\(issue)/comments?since=\(since)&per_page=100&page=\(page)"
      let comments = try json(await call("GET", path), "looking for an earlier comment").arrayValue ?? []
      if let found = comments.first(where: { $0["body"]?.stringValue?.contains(mark) ?? false }) {
        return found
      }
      if comments.count < 100 { return nil }
    }
    return nil
  }

  func addComment(to issue: Int, _ body: String) async throws -> JSON {
    try json(await call("POST", "issues/\(issue)/comments", ["body": .string(body)]), "commenting")
  }

  private func call(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> HTTPClient.Response
  {
    var headers = [
      (name: "authorization", value: "Bearer \(token)"),
      (name: "accept", value: "application/vnd.github+json"),
      (name: "x-github-api-version", value: "2022-11-28"), (name: "user-agent", value: "errand"),
    ]
    if body != nil { headers.append((name: "content-type", value: "application/json")) }
    let request = HTTPClient.Request(
      method: method, url: "\(base)/repos/\(repository)/\(path)", headers: headers, body: body?.bytes,
      timeout: Self.timeout, bodyLimit: 8 << 20)
    if method != "GET" { try await pace.wait() }
    return try await client.send(request)
  }

  private func json(_ response: HTTPClient.Response, _ action: String) throws -> JSON {
    guard (200..<300).contains(response.status) else {
      throw GitHubError(response, doing: action, attempts: attempts, now: time.now())
    }
    do {
      return try JSON(parsing: response.body)
    } catch {
      throw GitHubError.retry("GitHub's answer to \(action) can't be read: \(error)", after: nil)
    }
  }

  /// For a query (RFC 3986, section 2.3).
  static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + Hex.encode([byte]).uppercased()
      }
    }
    return result
  }
}

/// At least a second between writes, one at a time, as GitHub asks of its callers.
actor GitHubPace {
  private let time: Time
  private var next: Timestamp?

  init(time: Time) {
    self.time = time
  }

  func wait() async throws {
    let now = time.now()
    let turn = max(next ?? now, now)
    next = turn + .seconds(1)
    if turn > now { try await time.sleep(turn - now) }
  }
}
