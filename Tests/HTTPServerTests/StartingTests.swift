import Testing

@testable import HTTPServer

@Suite struct StartingTests {
  private func start(_ address: String, _ port: UInt16 = 0) throws -> HTTPServer {
    var configuration = HTTPServer.Configuration { _ in .text(200, "ok") }
    configuration.address = address
    configuration.port = port
    return try HTTPServer.start(configuration)
  }

  @Test(arguments: ["127.0.0.1", "localhost", "0.0.0.0"])
  func `it listens on the address it is given`(address: String) async throws {
    let server = try start(address)
    #expect(try await Client(port: server.port).status(of: get("/")) == 200)
    await server.stop(grace: .zero)
  }

  @Test func `a port in use is named with what to do`() async throws {
    let first = try start("127.0.0.1")
    let error = #expect(throws: HTTPServerError.self) { try start("127.0.0.1", first.port) }
    #expect(error == .portInUse(address: "127.0.0.1", port: first.port))
    await first.stop(grace: .zero)
    // The port is free again as soon as the stop returns.
    let second = try start("127.0.0.1", first.port)
    await second.stop(grace: .zero)
  }

  @Test(arguments: ["", "::1", "127.0.0.1:80", "[nonsense]", "999.1.1.1"])
  func `an address that is none is refused`(address: String) {
    let error = #expect(throws: HTTPServerError.self) { try start(address) }
    guard case .badAddress(address, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `an address of another machine is refused`() {
    #expect(throws: HTTPServerError.addressNotOurs("192.0.2.1")) { try start("192.0.2.1") }
  }

  @Test(arguments: [
    (
      HTTPServerError.portInUse(address: "127.0.0.1", port: 8700),
      "Port 8700 on 127.0.0.1 is already in use. Stop the program that listens there, or choose another port; "
        + "port 0 takes any free one."
    ),
    (
      .permissionDenied(address: "0.0.0.0", port: 80),
      "This user may not listen on 0.0.0.0 port 80: ports below 1024 are reserved. Choose a higher port, or "
        + "grant the program CAP_NET_BIND_SERVICE."
    ),
    (
      .badAddress("::1", reason: "why"),
      "\"::1\" is not an address to listen on (why). Give a host name, an IPv4 address such as 127.0.0.1, or an "
        + "IPv6 address in brackets such as [::1]."
    ),
    (
      .addressNotOurs("192.0.2.1"),
      "This machine has no address 192.0.2.1. Listen on 127.0.0.1 for local clients only, or on 0.0.0.0 for all "
        + "of its addresses."
    ),
    (
      .system(doing: "making a socket", error: "Too many open files"),
      "The HTTP server could not start: making a socket failed (Too many open files)."
    ),
  ])
  func `each error tells the operator what to do`(error: HTTPServerError, text: String) {
    #expect(error.description == text)
  }
}
