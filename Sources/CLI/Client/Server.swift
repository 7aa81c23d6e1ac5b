import HTTPClient
import JSON
import Primitives

/// A server's API, as the commands use it. Answers are the API's JSON; refusals are `Complaint`s in the
/// server's own words.
struct Server: Sendable {
  /// Without a slash at its end.
  let url: String
  private let key: String?
  private let client: HTTPClient

  init(url: String, key: String?, client: HTTPClient = HTTPClient(userAgent: "errand")) throws(Complaint) {
    var url = url
    while url.hasSuffix("/") { url.removeLast() }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw .badURL(url) }
    self.url = url
    self.key = key
    self.client = client
  }

  /// - Parameter path: its segments, not yet encoded.
  func get(_ path: [String], _ query: [(String, String?)] = []) async throws -> JSON {
    try await send("GET", path, query, body: nil, headers: [])
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

  /// The answer's bytes as they are, such as a file's.
  func bytes(_ path: [String]) async throws -> [UInt8] {
    let response = try await answer("GET", path, [], body: nil, headers: [])
    if response.status >= 300 { throw refusal(response.status, response.body) }
    return response.body
  }

  private func send(
    _ method: String, _ path: [String], _ query: [(String, String?)], body: [UInt8]?,
    headers: [(name: String, value: String)]
  ) async throws -> JSON {
    let response = try await answer(method, path, query, body: body, headers: headers)
    guard (200..<300).contains(response.status) else { throw refusal(response.status, response.body) }
    do {
      return try JSON(parsing: response.body)
    } catch {
      throw Complaint.notErrand(url: url, status: response.status)
    }
  }

  private func answer(
    _ method: String, _ path: [String], _ query: [(String, String?)], body: [UInt8]?,
    headers: [(name: String, value: String)]
  ) async throws -> HTTPClient.Response {
    let request = HTTPClient.Request(
      method: method, url: address(path, query), headers: headers + authorization, body: body,
      timeout: .seconds(60), bodyLimit: 64 << 20)
    do {
      return try await client.send(request)
    } catch let error as HTTPClientError {
      throw complaint(error)
    }
  }

  /// A stream of server-sent events, open once this returns.
  func stream(_ path: [String]) async throws -> HTTPClient.StreamingResponse {
    // Longer than the comments that the server sends to keep a silent stream alive.
    let request = HTTPClient.Request(
      url: address(path), headers: authorization + [(name: "accept", value: "text/event-stream")],
      timeout: nil,
      idleTimeout: .seconds(45))
    let response: HTTPClient.StreamingResponse
    do {
      response = try await client.stream(request)
    } catch let error as HTTPClientError {
      throw complaint(error)
    }
    guard response.status == 200 else {
      var body: [UInt8] = []
      for try await chunk in response.body where body.count < 1 << 16 { body += chunk }
      throw refusal(response.status, body)
    }
    return response
  }

  // MARK: Addresses and errors

  private var authorization: [(name: String, value: String)] {
    key.map { [(name: "authorization", value: "Bearer \($0)")] } ?? []
  }

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
    return .refused(status: status, message: message)
  }

  private func complaint(_ error: HTTPClientError) -> Complaint {
    if case .refused = error {
      return .unreachable(url: url, reason: "the connection was refused.")
    }
    return .unreachable(url: url, reason: error.description)
  }
}
