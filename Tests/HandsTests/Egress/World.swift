import HTTPServer

/// A web server on loopback that stands for everything outside: it tells what it was asked, or gives back
/// what it got.
final class World: Sendable {
  let port: UInt16
  private let server: HTTPServer

  init() throws {
    var configuration = HTTPServer.Configuration { request in
      if request.path == "/echo" { return HTTPResponse(status: 200, body: .bytes(request.body)) }
      let host = request.headers.first("Host") ?? "nobody"
      return HTTPResponse(
        status: 200, body: .bytes(Array("\(request.method) \(request.target) \(host)".utf8)))
    }
    configuration.admit = { _ in .accept(bodyLimit: 16 << 20) }
    server = try HTTPServer.start(configuration)
    port = server.port
  }
}
