import HTTPClient
import JSON
import Primitives

/// A server's API, as the commands use it. Answers are the API's JSON; refusals are `Complaint`s in the
/// server's own words.
struct Server: Sendable {
  /// Without a slash at its end.
  let url: String
  /// Nil shows none.
  private let key: ShownKey?
  private let client: HTTPClient
  private let time: Time
  /// Told while a server that is starting is waited for.
  private let notice: @Sendable (String) -> Void

  /// How long a server on this machine may take to listen: it may have been started a moment ago.
  private static let patience = Duration.seconds(5)
  /// How long nobody is told that it is waited for.
  private static let silence = Duration.seconds(1)
  private static let pause = Duration.milliseconds(100)

  init(
    url: String, key: ShownKey?, client: HTTPClient = HTTPClient(userAgent: "errand"), time: Time = .system,
    notice: @escaping @Sendable (String) -> Void = Server.tellTerminal
  ) throws(Complaint) {
    var url = url
    while url.hasSuffix("/") { url.removeLast() }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw .badURL(url) }
    self.url = url
    self.key = key
    self.client = client
    self.time = time
    self.notice = notice
  }

  /// Whoever reads a log of errors need not know that it took a moment.
  private static func tellTerminal(_ line: String) {
    let terminal = Terminal.errors
    if terminal.width != nil { Say.notice(terminal.paint(line, .quiet)) }
  }

  /// - Parameter path: its segments, not yet encoded.
  func get(_ path: [String], _ query: [(String, String?)] = []) async throws -> JSON {
    try await send("GET", path, query, body: nil, headers: [])
  }

  /// The first things of a list, from as many pages as that takes, as one answer.
  /// - Parameter page: how many the API gives at once.
  func list(
    _ path: [String], _ query: [(String, String?)] = [], limit: Int, page: Int = 100
  ) async throws -> JSON {
    var things: [JSON] = []
    var next: String?
    while true {
      let count = min(page, limit - things.count)
      let answer = try await get(path, [("limit", String(count))] + query + [("page", next)])
      things += answer["data"]?.arrayValue ?? []
      next = answer["next_page"]?.stringValue
      guard next != nil, things.count < limit else {
        var all = answer
        all["data"] = .array(things)
        return all
      }
    }
  }

  func post(_ path: [String], _ body: JSON, headers: [(name: String, value: String)] = []) async throws
    -> JSON
  {
    let type = (name: "content-type", value: "application/json")
    return try await send("POST", path, [], body: body.bytes, headers: headers + [type])
  }

  func delete(_ path: [String]) async throws -> JSON {
    try await send("DELETE", path, [], body: nil, headers: [])
  }

  /// Sends a body of another type than JSON.
  func post(_ path: [String], _ body: [UInt8], type: String) async throws -> JSON {
    try await send("POST", path, [], body: body, headers: [(name: "content-type", value: type)])
  }

  /// The answer's bytes as they come, however many; such as a file's.
  func bytes(_ path: [String]) async throws -> HTTPClient.StreamingResponse.Body {
    try await open(path, headers: [], idleTimeout: .seconds(60)).body
  }

  private func send(
    _ method: String, _ path: [String], _ query: [(String, String?)], body: [UInt8]?,
    headers: [(name: String, value: String)]
  ) async throws -> JSON {
    let response = try await answer(method, path, query, body: body, headers: headers)
    guard (200..<300).contains(response.status) else { throw refusal(response.status, response.body) }
    do {
      return try JSON(parsing: response.body, limits: .exact)
    } catch {
      throw Complaint.notErrand(url: url, status: response.status)
    }
  }

  private func answer(
    _ method: String, _ path: [String], _ query: [(String, String?)], body: [UInt8]?,
    headers: [(name: String, value: String)]
  ) async throws -> HTTPClient.Response {
    try await patiently { authorization in
      try await client.send(
        HTTPClient.Request(
          method: method, url: address(path, query), headers: headers + authorization, body: body,
          timeout: .seconds(60), bodyLimit: 64 << 20))
    }
  }

  /// A stream of server-sent events, open once this returns.
  func stream(_ path: [String]) async throws -> HTTPClient.StreamingResponse {
    // Longer than the comments that the server sends to keep a silent stream alive.
    try await open(
      path, headers: [(name: "accept", value: "text/event-stream")], idleTimeout: .seconds(45))
  }

  private func open(
    _ path: [String], headers: [(name: String, value: String)], idleTimeout: Duration
  ) async throws -> HTTPClient.StreamingResponse {
    let response = try await patiently { authorization in
      try await client.stream(
        HTTPClient.Request(
          url: address(path), headers: authorization + headers, timeout: nil, idleTimeout: idleTimeout))
    }
    guard response.status == 200 else {
      var body: [UInt8] = []
      for try await chunk in response.body where body.count < 1 << 16 { body += chunk }
      throw refusal(response.status, body)
    }
    return response
  }

  // MARK: A server that is starting

  /// Asks, and asks again while a server on this machine does not listen yet.
  /// - Throws: `Complaint.unreachable` when nothing listens; `HTTPClientError` for whatever else went wrong.
  private func patiently<Answer>(
    _ ask: ([(name: String, value: String)]) async throws -> Answer
  ) async throws -> Answer {
    let patience = isLocal ? Server.patience : .zero
    var waited = Duration.zero
    while true {
      do {
        let text = try key?.text()
        return try await ask(text.map { [(name: "authorization", value: "Bearer \($0)")] } ?? [])
      } catch HTTPClientError.refused {
        guard waited < patience else {
          throw Complaint.unreachable(url: url, reason: "the connection was refused.")
        }
        try await time.sleep(Server.pause)
        waited += Server.pause
        if waited == Server.silence { notice("waiting for the server at \(url) …") }
      }
    }
  }

  /// Whether it is on this machine, where it may just have been started.
  private var isLocal: Bool {
    let rest = url.drop { $0 != ":" }.dropFirst("://".count)
    return ["127.0.0.1", "localhost", "[::1]"].contains { host in
      rest == host || rest.hasPrefix("\(host):") || rest.hasPrefix("\(host)/")
    }
  }

  // MARK: Addresses and errors

  private func address(_ path: [String], _ query: [(String, String?)] = []) -> String {
    var address = url + path.map { "/" + Server.encoded($0) }.joined()
    let given = query.compactMap { name, value in value.map { "\(name)=\(Server.encoded($0))" } }
    if !given.isEmpty { address += "?" + given.joined(separator: "&") }
    return address
  }

  /// Percent-encoded except for the unreserved characters (RFC 3986, section 2.3).
  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        encoded.append(Character(Unicode.Scalar(byte)))
      default: encoded += "%" + Hex.encode([byte]).uppercased()
      }
    }
    return encoded
  }

  private func refusal(_ status: Int, _ body: [UInt8]) -> Complaint {
    // Whatever can't be read as the envelope came from something else.
    let envelope = try? JSON(parsing: body)
    guard let message = envelope?["error"]?["message"]?.stringValue else {
      return .notErrand(url: url, status: status)
    }
    switch (status, key) {
    // A file that cannot be read has said so before the request.
    case (401, .file(let path, isNamed: true)?) where (try? key?.text()) == nil: return .noKey(keyFile: path)
    case (403, let key?): return .notAllowed(message: message, key: key)
    default: return .refused(status: status, message: message)
    }
  }
}
