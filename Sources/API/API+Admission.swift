import Catalog
import Domains
import HTTPServer
import Hooks
import Primitives
import Reading
import Signatures
import Store

// What is decided by a request's head: whose it is, and how much of a body is taken for it. A body that nobody may send
// is not read.
extension API {
  func admit(_ head: RequestHead) -> Admission {
    do {
      return try admission(head)
    } catch {
      return .refuse(refused(error))
    }
  }

  private func admission(_ head: RequestHead) throws -> Admission {
    let segments = HTTPRequest(method: head.method, target: head.target).segments
    if let absence = API.absence(segments, toStrangers: true) { throw APIError.notFound(absence) }
    let route: Route
    let values: [String: String]
    do {
      (route, values) = try API.route(head.method, head.path, segments)
    } catch  where key(in: head.headers) == nil && !API.isOpen(segments) {
      // Strangers are not told what there is.
      throw APIError.unauthorized(API.noKey)
    }
    switch route.access {
    case .open: return .accept(bodyLimit: 0, from: .probe)
    case .proof: return admission(ofHook: values["source"] ?? "", head)
    case .key:
      if route.opensToLinks, key(in: head.headers) == nil, head.target.contains("signature=") {
        return .accept(bodyLimit: 0, from: .stranger)
      }
      _ = try key(for: route, in: head.headers)
    }
    if case .upload = route.body {
      return .spool(bodyLimit: route.body.limit, directory: domains.files.directory, from: .known)
    }
    return .accept(bodyLimit: route.body.limit, from: .known)
  }

  private func admission(ofHook source: String, _ head: RequestHead) -> Admission {
    let headers = SignatureHeaders(head.headers.entries.map { ($0.name, $0.value) })
    if let proof = domains.hooks.knownProof(source, headers) { return API.admission(proof) }
    return .ask {
      do {
        return API.admission(try await domains.hooks.proof(source, headers))
      } catch {
        return .refuse(refused(error))
      }
    }
  }

  private static func admission(_ proof: HookProof) -> Admission {
    switch proof {
    case .headers: .accept(bodyLimit: proof.bodyLimit, from: .claimed)
    case .body: .accept(bodyLimit: proof.bodyLimit, from: .stranger)
    }
  }

  private func refused(_ error: any Error) -> HTTPResponse {
    Refusal(error).response(requestID: ID.make("req", at: time.now(), randomness))
  }

  // MARK: Routes

  /// - Throws: `APIError.notFound`, `.methodNotAllowed`.
  static func route(
    _ method: String, _ path: String, _ segments: [String]
  ) throws -> (route: Route, values: [String: String]) {
    var allowed: [String] = []
    for route in routes {
      guard let values = route.match(segments) else { continue }
      if route.method == method || (route.method == "GET" && method == "HEAD") { return (route, values) }
      allowed.append(route.method)
    }
    if allowed.isEmpty {
      throw APIError.notFound(absence(segments, toStrangers: false) ?? "There is nothing at \(path).")
    }
    throw APIError.methodNotAllowed(method: method, path: path, allowed: allowed)
  }

  /// Whether an address may be one that asks for no key.
  private static func isOpen(_ segments: [String]) -> Bool {
    routes.contains { route in
      guard case .key = route.access else { return route.pattern.first == segments.first }
      return false
    }
  }

  /// What is said of an address that the wire knows and this server does not have; nil of any other.
  private static func absence(_ segments: [String], toStrangers: Bool) -> String? {
    absences.first { $0.isSaidToStrangers == toStrangers && $0.covers(segments) }?.sentence
  }

  // MARK: The key

  /// The key under which a route may be used; nil where none is asked for.
  /// - Throws: `APIError.unauthorized`, `.forbidden`.
  func key(for route: Route, in headers: HTTPHeaders) throws -> APIKey? {
    guard case .key(let scopes) = route.access else { return nil }
    guard let key = key(in: headers) else { throw APIError.unauthorized(API.noKey) }
    guard scopes.contains(where: key.scope.covers) else {
      let words = scopes.map(\.rawValue).joined(separator: " or ")
      throw APIError.forbidden(
        "The key \(quoted(key.name)) has the scope \(key.scope.rawValue); this needs \(words).")
    }
    return key
  }

  func key(in headers: HTTPHeaders) -> APIKey? {
    var shown = headers.first("x-api-key")
    if let header = headers.first("authorization"), header.lowercased().hasPrefix("bearer ") {
      shown = String(header.dropFirst("bearer ".count))
    }
    return shown.flatMap { keys.key(showing: $0) }
  }

  private static let noKey =
    "The request shows no valid key. Send it as “Authorization: Bearer KEY” or “x-api-key: KEY”; the first key is "
    + "in the file api-key of the server's data directory."
}
