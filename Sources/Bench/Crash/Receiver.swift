import HTTPServer
import Primitives
import Signatures

/// The other end of the callbacks: verifies each one, and notes what came how often.
final class Receiver: Sendable {
  struct Arrival: Sendable {
    var bodies: Set<[UInt8]> = []
    var times = 0
  }
  private struct State {
    var arrivals: [String: Arrival] = [:]
    var refused: [String] = []
  }

  private let state = Lock(State())
  private let randomness: Randomness
  let secret: String

  init(_ randomness: Randomness) {
    self.randomness = randomness
    secret = StandardWebhooks.newSecret(randomness)
  }

  var arrivals: [String: Arrival] { state.withLock { $0.arrivals } }
  /// Requests that did not verify.
  var refused: [String] { state.withLock { $0.refused } }

  func start() throws -> HTTPServer {
    let verifier = try StandardWebhooks(secrets: [secret])
    return try HTTPServer.start(
      HTTPServer.Configuration { [self] request in
        do {
          try verifier.verify(
            headers: SignatureHeaders(request.headers.entries.map { ($0.name, $0.value) }),
            body: request.body,
            now: Time.system.now())
        } catch {
          state.withLock { $0.refused.append("\(error)") }
          return HTTPResponse(status: 401)
        }
        let id = request.headers.first("webhook-id") ?? ""
        state.withLock { state in
          state.arrivals[id, default: Arrival()].bodies.insert(request.body)
          state.arrivals[id]?.times += 1
        }
        return HTTPResponse(status: 204)
      })
  }
}
