import HTTPServer
import JSON
import Primitives
import Signatures

/// What an application would have: an address that takes results and believes only those that are signed.
final class CallbackReceiver: Sendable {
  struct Arrival: Sendable, Equatable {
    /// The delivery's id: `webhook-id`.
    var id: String
    /// `run.succeeded`
    var type: String
    /// Why it was not believed; nil when its signature is right.
    var problem: String?
  }

  let url: String
  private let server: HTTPServer
  private let arrived: Lock<[Arrival]>

  private init(_ server: HTTPServer, _ arrived: Lock<[Arrival]>) {
    url = "http://127.0.0.1:\(server.port)/results"
    self.server = server
    self.arrived = arrived
  }

  /// - Parameter secret: `whsec_…`, as the sender has it.
  static func start(secret: String) throws -> CallbackReceiver {
    let scheme = try StandardWebhooks(secrets: [secret])
    let arrived = Lock<[Arrival]>([])
    let configuration = HTTPServer.Configuration { request in
      let arrival = take(request, scheme)
      arrived.withLock { $0.append(arrival) }
      if let problem = arrival.problem { return .text(401, problem) }
      return .text(200, "Thank you for \(arrival.id).")
    }
    return CallbackReceiver(try HTTPServer.start(configuration), arrived)
  }

  private static func take(_ request: HTTPRequest, _ scheme: StandardWebhooks) -> Arrival {
    let headers = SignatureHeaders(request.headers.entries.map { ($0.name, $0.value) })
    var arrival = Arrival(id: headers[StandardWebhooks.idHeader].first ?? "", type: "")
    do {
      try scheme.verify(headers: headers, body: request.body, now: Time.system.now())
      arrival.type = try JSON(parsing: request.body)["type"]?.stringValue ?? ""
    } catch {
      arrival.problem = String(describing: error)
    }
    return arrival
  }

  func arrival(_ delivery: String) -> Arrival? {
    arrived.withLock { $0.last { $0.id == delivery } }
  }

  func stop() async {
    await server.stop(grace: .seconds(1))
  }
}
