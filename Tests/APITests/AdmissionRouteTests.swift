import Glibc
import HTTPClient
import HTTPServer
import JSON
import PathSupport
import Primitives
import Signatures
import Store
import TestSupport
import Testing

@testable import API
@testable import Hooks

/// What is decided by a request's head alone. Of every body here only the length is sent.
@Suite(.timeLimit(.minutes(5))) struct AdmissionRouteTests {
  /// Sends a head that announces a body, and nothing after it.
  private static func head(
    _ api: APIBench, _ method: String, _ target: String, _ fields: [(String, String)],
    length: Int = 25_000_000
  ) async throws -> (status: Int, text: String) {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(length)\r\n"
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    let answer = try await Self.exchange(text + "\r\n", port: api.server.port)
    return (Int(answer.dropFirst(9).prefix(3)) ?? 0, answer)
  }

  /// Everything that comes back until the server closes, read on a thread of its own.
  private static func exchange(_ text: String, port: UInt16) async throws -> String {
    await withCheckedContinuation { answer in
      let thread = Thread("client") {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        let bytes = Array(text.utf8)
        send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var received: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
          let count = recv(descriptor, &piece, piece.count, 0)
          guard count > 0 else { break }
          received += piece.prefix(count)
        }
        answer.resume(returning: String(decoding: received, as: UTF8.self))
      }
      thread.detach()
    }
  }

  @Test func `a webhook without its proof is refused before its body is sent`() async throws {
    try await withAPI { api in
      try await api.path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      let now = api.path.clock.now.seconds
      let code = "v1,\(Base64.encode([UInt8](repeating: 1, count: 32)))"
      func fields(_ time: Int64) -> [(String, String)] {
        [("webhook-id", "m"), ("webhook-timestamp", "\(time)"), ("webhook-signature", code)]
      }
      for (source, fields, status, reason) in [
        ("nobody", fields(now), 404, "There is no source named nobody"),
        ("desk", [], 401, "signature_header_missing"),
        ("desk", Array(fields(now).dropLast()), 401, "signature_header_missing"),
        ("desk", fields(now) + [("webhook-id", "n")], 401, "signature_header_repeated"),
        ("desk", fields(now - 301), 401, "signature_stale"),
        ("desk", fields(now + 301), 401, "signature_ahead"),
      ] {
        let answer = try await Self.head(api, "POST", "/hooks/\(source)", fields)
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.text.contains(reason), "\(answer.text)")
        #expect(answer.text.lowercased().contains("connection: close"))
      }
      await api.path.hooks.writeRefusals()
      let refusals = try await api.path.database.read { [hooks = api.path.hooks] tx in
        try hooks.refusals(tx, at: "desk", since: api.path.clock.now).map { "\($0.count) \($0.reason)" }
      }
      #expect(
        refusals == [
          "2 signature_header_missing", "1 signature_ahead", "1 signature_header_repeated",
          "1 signature_stale",
        ])
    }
  }

  @Test func `a source that was made a moment ago is known`() async throws {
    try await withAPI { api in
      let body = Array(#"{"type": "t"}"#.utf8)
      let now = api.path.clock.now.seconds
      let code = try StandardWebhooks(secrets: [Path.secret]).sign(id: "m", timestamp: now, body: body)
      func send() async throws -> Int {
        try await api.send(
          "POST", "/hooks/desk", body,
          headers: [
            (name: "webhook-id", value: "m"), (name: "webhook-timestamp", value: "\(now)"),
            (name: "webhook-signature", value: code),
          ]
        ).status
      }
      #expect(try await send() == 404)
      try await api.path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      #expect(try await send() == 202)
    }
  }

  @Test(arguments: API.routes.map { "\($0.method) /\($0.pattern.joined(separator: "/"))" })
  func `every route looks at the key before the body`(route: String) async throws {
    let words = route.split(separator: " ").map(String.init)
    let isOpen = ["/healthz", "/hooks/:source"].contains(words[1])
    try await withAPI { api in
      let stranger = try await Self.head(api, words[0], words[1], [])
      #expect(stranger.status == (isOpen ? (words[1] == "/healthz" ? 413 : 404) : 401), "\(stranger.text)")
      let known = try await Self.head(
        api, words[0], words[1], [("x-api-key", APIBench.key)], length: 600_000_000)
      #expect(known.status == (words[1] == "/hooks/:source" ? 404 : 413), "\(known.text)")
    }
  }

  @Test func `a key without the right is refused before the body`() async throws {
    try await withAPI { api in
      let made = try await api.post("/v1/keys", ["name": "reader", "scope": "read"]).json
      let key = try #require(made["key"]?.stringValue)
      #expect(try await Self.head(api, "POST", "/v1/agents", [("x-api-key", key)]).status == 403)
      #expect(try await Self.head(api, "POST", "/v1/nothing", [("x-api-key", key)]).status == 404)
      #expect(try await Self.head(api, "PUT", "/v1/agents", [("x-api-key", key)]).status == 405)
    }
  }

  @Test(arguments: ["poll?block_ms=999", "wrk_1/ack", "stats", "wrk_1"])
  func `a worker of a self-hosted environment hears that there is no work yet`(rest: String) async throws {
    try await withAPI { api in
      let answer = try await api.send(
        "GET", "/v1/environments/env_1/work/\(rest)",
        headers: [(name: "authorization", value: "Bearer theirs")])
      #expect(answer.status == 404)
      #expect(
        answer.message.hasPrefix(
          "This server does not hand out work to workers of self-hosted environments yet"))
      #expect(answer.headers.first("x-should-retry") == "false")
    }
  }
}
