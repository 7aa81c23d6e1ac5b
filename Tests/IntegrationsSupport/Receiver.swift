package import HTTPServer
import Primitives

/// A receiver of webhooks on this machine: answers as it is told and keeps what came.
package final class Receiver: Sendable {
  private let received = Lock<[HTTPRequest]>([])
  private let answers = Lock<[HTTPResponse]>([])
  private let disturbance = Lock<@Sendable () -> Void>({})
  private let server: HTTPServer

  package init() throws {
    let (received, answers, disturbance) = (received, answers, disturbance)
    server = try HTTPServer.start(
      HTTPServer.Configuration { request in
        let isFirst = received.withLock { received in
          received.append(request)
          return received.count == 1
        }
        if isFirst { disturbance.withLock { $0 }() }
        return answers.withLock { $0.isEmpty ? HTTPResponse(status: 204) : $0.removeFirst() }
      })
  }

  package var url: String { "http://127.0.0.1:\(server.port)/results" }

  package var requests: [HTTPRequest] { received.withLock { $0 } }

  /// What the next requests are answered; then 204.
  package func answer(_ answers: HTTPResponse...) {
    self.answers.withLock { $0 = answers }
  }

  /// Does something when the first request has come, before it is answered.
  package func atFirst(_ body: @escaping @Sendable () -> Void) {
    disturbance.withLock { $0 = body }
  }

  package func stop() async {
    await server.stop(grace: .zero)
  }
}
