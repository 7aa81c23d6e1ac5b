import HTTPServer
import Primitives

/// A web server on loopback that stands for everything outside: it tells what it was asked, or gives back
/// what it got.
final class World: Sendable {
  let port: UInt16
  private let server: HTTPServer
  private let count: Lock<Int>

  init(address: String = "127.0.0.1", port: UInt16 = 0) throws {
    let count = Lock(0)
    self.count = count
    var configuration = HTTPServer.Configuration { request in
      count.withLock { $0 += 1 }
      if request.path == "/echo" { return HTTPResponse(status: 200, body: .bytes(request.body)) }
      let host = request.headers.first("Host") ?? "nobody"
      return HTTPResponse(
        status: 200, body: .bytes(Array("\(request.method) \(request.target) \(host)".utf8)))
    }
    configuration.admit = { _ in .accept(bodyLimit: 16 << 20) }
    configuration.address = address
    configuration.port = port
    server = try HTTPServer.start(configuration)
    self.port = server.port
  }

  /// How many requests came so far.
  var requests: Int { count.withLock { $0 } }
  /// How many connections are open.
  var connections: Int { server.statistics.connections }
}
