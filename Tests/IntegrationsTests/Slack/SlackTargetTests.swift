import Callbacks
import HTTPServer
import IntegrationsSupport
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Store
import TestSupport
import Testing

@testable import Integrations

@Suite(.timeLimit(.minutes(5))) struct SlackTargetTests {
  /// When a path's clock begins.
  private static let start = Timestamp(seconds: 1_794_474_000)
  private static let data: JSON.Object = [
    "run_id": "run_1", "job": "chat-task", "state": "succeeded", "message": "Done & dusted.",
    "trigger": ["time": .string(SlackTargetTests.start.description)],
    "files": [["id": "file_1", "filename": "table.csv", "size_bytes": 88]],
  ]

  /// Puts an answer on its way to the receiver, which stands in for Slack.
  private static func add(
    _ bench: CallbackBench, _ settings: JSON.Object = [:], data: JSON.Object = SlackTargetTests.data
  ) async throws -> String {
    var target = settings
    target["response_url"] = target["response_url"] ?? .string(bench.receiver.url)
    target["allowed_hosts"] = [.string(Self.host(bench))]
    return try await bench.add("slack", .object(target), data: data)
  }

  private static func host(_ bench: CallbackBench) -> String {
    String(bench.receiver.url.dropFirst("http://".count).prefix { $0 != "/" })
  }

  private static func ok() -> HTTPResponse { HTTPResponse.text(200, "ok") }

  private static func error(_ status: Int, _ word: String, after: String? = nil) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: after.map { [("retry-after", $0)] } ?? [],
      body: .bytes(JSON.object(["ok": false, "error": .string(word)]).bytes))
  }

  @Test func `the answer goes to the response_url with links to the files`() async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(Self.ok())
      let id = try await Self.add(bench, ["text": "*boardings <!channel>*"])
      try await bench.work()
      let request = try #require(bench.receiver.requests.first)
      #expect(request.headers.first("content-type") == "application/json; charset=utf-8")
      #expect(request.headers.first("authorization") == nil)
      let message = try JSON(parsing: request.body)
      #expect(message["response_type"] == "ephemeral")
      let lines = try #require(message["text"]?.stringValue).split(separator: "\n").map(String.init)
      #expect(lines.count == 3)
      #expect(lines.first == "*boardings &lt;!channel>*")
      #expect(lines.dropFirst().first == "Done &amp; dusted.")
      let link = try #require(lines.last)
      #expect(link.hasPrefix("• <https://errand.example.com/v1/files/file_1/content?expires="))
      #expect(link.contains("&amp;signature="))
      #expect(link.hasSuffix("|table.csv> (88 B)"))
      #expect(try await bench.delivery(id).state == .delivered)
    }
  }

  @Test func `a channel reads it when the job says so`() async throws {
    try await withCallbacks { bench in
      _ = try await Self.add(bench, ["response_type": "in_channel"])
      try await bench.work()
      let request = try #require(bench.receiver.requests.first)
      #expect(try JSON(parsing: request.body)["response_type"] == "in_channel")
    }
  }

  @Test(
    arguments: [
      (404, "used_url", "Slack took no answer: the response_url was used 5 times already (used_url)."),
      (
        404, "expired_url",
        "Slack took no answer: the response_url has expired; it works for 30 minutes (expired_url)."
      ),
      (404, "", "Slack took no answer: the response_url is not known there ()."),
      (403, "no_service", "Slack answered 403 (no_service)."),
      (302, "moved", "Slack answered 302 (moved)."), (200, "no_text", "Slack refused the answer (no_text)."),
    ])
  func `what Slack refuses is not tried again`(status: Int, word: String, reason: String) async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(Self.error(status, word))
      let id = try await Self.add(bench)
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(delivery.lastError == reason)
    }
  }

  @Test func `five attempts at most are made, within the half hour`() async throws {
    try await withCallbacks { bench in
      let down = Self.error(503, "service_unavailable")
      bench.receiver.answer(down, down, down, down, down, down)
      let id = try await Self.add(bench)
      for _ in 0..<8 {
        try await bench.work()
        bench.skip(to: try await bench.delivery(id))
      }
      let delivery = try await bench.delivery(id)
      #expect(bench.receiver.requests.count == 5)
      #expect(delivery.state == .dead)
      #expect(
        delivery.lastError == "Slack answered 503 (service_unavailable). That was attempt 5, the last.")
      #expect(bench.path.clock.now < SlackTargetTests.start + SlackTarget.lifetime)
    }
  }

  @Test func `Slack's Retry-After is heeded, but not beyond the half hour`() async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(
        Self.error(429, "ratelimited", after: "90"), Self.error(429, "ratelimited", after: "1800"))
      let id = try await Self.add(bench)
      try await bench.work()
      let next = try #require(try await bench.delivery(id).nextAt)
      #expect(next == SlackTargetTests.start + .seconds(90))
      bench.skip(to: try await bench.delivery(id))
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      let end = SlackTargetTests.start + SlackTarget.lifetime
      #expect(
        delivery.lastError
          == "Slack answered 429 (ratelimited). The next attempt would come too late: results are taken until \(end)."
      )
    }
  }

  @Test func `a result after the half hour is told to nobody, and says so`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench)
      bench.path.clock.advance(by: SlackTarget.lifetime)
      try await bench.work()
      #expect(bench.receiver.requests.isEmpty)
      #expect(
        try await bench.delivery(id).lastError
          == "The result came too late: Slack took answers for 30 minutes, until "
          + "\(SlackTargetTests.start + SlackTarget.lifetime). It is in `errand show run_1`.")
    }
  }

  @Test func `a run that nobody in Slack waits for says so`() async throws {
    try await withCallbacks { bench in
      let id = try await Self.add(bench, ["response_url": ""])
      try await bench.work()
      #expect(
        try await bench.delivery(id).lastError
          == "Nobody in Slack waits for this: the run's trigger brought no response_url. Its result is in "
          + "`errand show run_1`.")
    }
  }

  @Test func `neither the API nor an error shows the response_url`() async throws {
    try await withCallbacks { bench in
      let secret = "T0SECRET"
      let id = try await Self.add(
        bench, ["response_url": .string("http://127.0.0.1:1/commands/\(secret)"), "text": "Hello"])
      try await bench.path.database.write { tx in
        try tx.run(
          "UPDATE deliveries SET target = $2 WHERE id = $1", id,
          JSON.object([
            "response_url": .string("http://127.0.0.1:1/commands/\(secret)"), "text": "Hello",
            "allowed_hosts": ["127.0.0.1:1"],
          ]))
      }
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(
        delivery.lastError?.hasPrefix("Slack was not reached: 127.0.0.1:1 refused the connection.") == true)
      let shown = Courier.shown(delivery, bench.path.jobs.kinds.callbacks)
      #expect(shown["target"]?["response_url"] == "(hidden)")
      #expect(shown["target"]?["text"] == "Hello")
      #expect(!shown.text.contains(secret))
    }
  }
}

@Suite struct SlackAddressTests {
  @Test(arguments: [
    "https://hooks.slack.com/commands/T0/1/abc", "https://HOOKS.slack.com/actions/T0/1/abc",
    "http://127.0.0.1:4711/commands/T0/1/abc", "https://127.0.0.1:4711/",
  ])
  func `Slack and what stands in for it are posted to`(url: String) throws {
    #expect(try SlackAddress(url, allowed: ["127.0.0.1:4711"]).url == url)
  }

  @Test(arguments: [
    ("http://hooks.slack.com/commands/T0", SlackAddressError.insecure("hooks.slack.com")),
    ("https://hooks.slack.com.evil.example/x", .closedHost("hooks.slack.com.evil.example")),
    ("https://evil.example/hooks.slack.com", .closedHost("evil.example")),
    ("https://evil.example?hooks.slack.com/", .closedHost("evil.example")),
    ("https://evil.example#hooks.slack.com/", .closedHost("evil.example")),
    ("https://hooks.slack.com:8443/x", .closedHost("hooks.slack.com:8443")),
    ("http://127.0.0.1:4712/x", .closedHost("127.0.0.1:4712")),
    ("http://169.254.169.254/latest", .closedHost("169.254.169.254")),
    ("https://hooks.slack.com@evil.example/x", .malformed),
    ("https://evil.example\\@hooks.slack.com/x", .malformed),
    ("https://hooks.slack.com /x", .malformed), ("https://hооks.slack.com/x", .malformed),
    ("https:///x", .malformed), ("file:/etc/passwd", .malformed), ("//hooks.slack.com/x", .malformed),
    ("ftp://hooks.slack.com/x", .insecure("hooks.slack.com")),
  ])
  func `nothing else is`(url: String, error: SlackAddressError) {
    #expect(throws: error) { try SlackAddress(url, allowed: ["127.0.0.1:4711"]) }
  }

  @Test func `the sentence names the host, never the address`() {
    #expect(
      SlackAddressError.closedHost("evil.example").description
        == "The response_url is at evil.example, not at hooks.slack.com, so nothing was posted. If that host stands in "
        + "for Slack, list it under the callback's “allowed_hosts”.")
  }
}
