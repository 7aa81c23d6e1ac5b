import HTTPServer
import JSON
import Testing

@testable import CLI

@Suite struct ServerTests {
  @Test func `a request has the key, and its path and query are encoded`() async throws {
    let scripted = try ScriptedServer { _ in ScriptedServer.json(["ok": true]) }
    let server = try Server(url: scripted.url + "/", key: "errand_k")
    #expect(try await server.get(["v1", "jobs", "a b/c"], [("x", "ü&"), ("y", nil)]) == ["ok": true])
    let request = try #require(scripted.requests.first)
    #expect(request.target == "/v1/jobs/a%20b%2Fc?x=%C3%BC%26")
    #expect(request.headers.first("authorization") == "Bearer errand_k")
  }

  @Test func `a refusal is told in the server's words`() async throws {
    let scripted = try ScriptedServer { _ in ScriptedServer.refusal(404, "There is no run run_x.") }
    let server = try Server(url: scripted.url, key: nil)
    await #expect(throws: Complaint.refused(status: 404, message: "There is no run run_x.")) {
      try await server.get(["v1", "runs", "run_x"])
    }
  }

  @Test(arguments: [200, 302, 500])
  func `something else that answers is not taken for Errand`(status: Int) async throws {
    let scripted = try ScriptedServer { _ in .text(status, "hello") }
    let server = try Server(url: scripted.url, key: nil)
    await #expect(throws: Complaint.notErrand(url: scripted.url, status: status)) {
      try await server.get(["v1", "runs"])
    }
  }

  @Test func `nobody there is said with the address`() async throws {
    // A port that was free a moment ago and has nobody behind it now.
    let port: UInt16
    do {
      let closed = try HTTPServer.start(HTTPServer.Configuration { _ in .text(200, "") })
      port = closed.port
      await closed.stop(grace: .zero)
    }
    let server = try Server(url: "http://127.0.0.1:\(port)", key: nil)
    let complaint = await #expect(throws: Complaint.self) { try await server.get(["v1", "runs"]) }
    #expect(
      complaint?.description == "No server answers at http://127.0.0.1:\(port): the connection was refused.")
    #expect(complaint?.hint?.contains("errand serve") == true)
  }

  @Test func `an address without http is refused`() {
    #expect(throws: Complaint.badURL("localhost:8700")) { try Server(url: "localhost:8700", key: nil) }
  }
}
