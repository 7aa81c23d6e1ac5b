import Callbacks
import HTTPServer
import IntegrationsSupport
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Reading
import Signatures
import TestSupport
import Testing

@testable import Integrations

@Suite(.timeLimit(.minutes(5))) struct WebhookTargetTests {
  @Test func `the receiver can verify what comes, and its answer is the receipt`() async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(HTTPResponse.text(202, "Thank you."))
      let id = try await bench.addWebhook()
      try await bench.work()
      let request = try #require(bench.receiver.requests.first)
      #expect(request.method == "POST")
      #expect(request.path == "/results")
      let headers = SignatureHeaders(request.headers.entries.map { ($0.name, $0.value) })
      try StandardWebhooks(secrets: [CallbackBench.secret]).verify(
        headers: headers, body: request.body, now: bench.path.clock.now)
      #expect(headers["webhook-id"] == [id])
      #expect(headers["webhook-timestamp"] == ["\(bench.path.clock.now.seconds)"])
      let delivery = try await bench.delivery(id)
      #expect(try JSON(parsing: request.body) == delivery.payload)
      #expect(delivery.state == .delivered)
      #expect(delivery.receipt == ["status": 202, "body": "Thank you.\n"])
      #expect(delivery.attempts == 1)
    }
  }

  @Test func `the id stays and the time is new with every attempt`() async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(HTTPResponse(status: 500), HTTPResponse(status: 503))
      let id = try await bench.addWebhook()
      for _ in 0..<3 {
        try await bench.work()
        bench.skip(to: try await bench.delivery(id))
      }
      let requests = bench.receiver.requests
      #expect(requests.map { $0.headers.first("webhook-id") } == [id, id, id])
      #expect(Set(requests.map { $0.headers.first("webhook-timestamp") }).count == 3)
      #expect(Set(requests.map(\.body)).count == 1)
      #expect(try await bench.delivery(id).state == .delivered)
      #expect(try await bench.delivery(id).attempts == 3)
    }
  }

  @Test(
    arguments: [
      (200, "delivered", nil), (204, "delivered", nil), (299, "delivered", nil),
      (304, "pending", "The receiver answered 304, a redirect;"),
      (400, "pending", "The receiver answered 400."),
      (401, "pending", "The receiver answered 401."), (404, "pending", "The receiver answered 404."),
      (410, "dead", "The receiver answered 410: it is gone for good."),
      (500, "pending", "The receiver answered 500."),
    ] as [(Int, String, String?)])
  func `only 2xx is a receipt`(status: Int, state: String, error: String?) async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(HTTPResponse(status: status))
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state.rawValue == state)
      #expect(delivery.attempts == 1)
      #expect((delivery.lastError == nil) == (error == nil))
      if let error { #expect(delivery.lastError?.hasPrefix(error) == true, "\(delivery.lastError ?? "")") }
    }
  }

  @Test func `a redirect is not followed`() async throws {
    try await withCallbacks { bench in
      let elsewhere = try Receiver()
      bench.receiver.answer(HTTPResponse(status: 307, headers: [("Location", elsewhere.url)]))
      let id = try await bench.addWebhook()
      try await bench.work()
      #expect(elsewhere.requests.isEmpty)
      #expect(
        try await bench.delivery(id).lastError
          == "The receiver answered 307, a redirect; redirects are not followed. Put the final address into the "
          + "job file.")
      await elsewhere.stop()
    }
  }

  @Test(
    arguments: [
      ("600", 600), ("1", 5), ("999999", 86_400), ("Thu, 12 Nov 2026 10:00:00 GMT", 3600), ("soon", 5),
    ])
  func `a receiver may ask for a longer wait`(retryAfter: String, seconds: Int) async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(HTTPResponse(status: 429, headers: [("Retry-After", retryAfter)]))
      let id = try await bench.addWebhook()
      try await bench.work()
      let next = try #require(try await bench.delivery(id).nextAt)
      let wait = next - bench.path.clock.now
      // By chance up to a fifth is added to the planned five seconds.
      #expect(wait >= .seconds(seconds) && wait <= .seconds(max(seconds, 6)))
    }
  }

  @Test func `nobody listening is a failed attempt with its reason`() async throws {
    try await withCallbacks(["CALLBACK_URL": "http://127.0.0.1:1/"]) { bench in
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .pending)
      #expect(delivery.lastError?.contains("127.0.0.1:1") == true, "\(delivery.lastError ?? "")")
    }
  }

  @Test(
    arguments: [
      ("not base64!", "The callback's secret can't sign: "),
      (
        "whpk_" + Base64.encode([UInt8](repeating: 7, count: 32)),
        "The callback's secret is a public key, which can't sign. Give the one that begins with whsec_."
      ),
    ])
  func `a secret that can't sign says so and sends nothing`(secret: String, error: String) async throws {
    try await withCallbacks(["CALLBACK_SECRET": secret]) { bench in
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(delivery.lastError?.hasPrefix(error) == true, "\(delivery.lastError ?? "")")
      #expect(delivery.lastError?.contains(secret) == false)
      #expect(bench.receiver.requests.isEmpty)
    }
  }

  @Test(arguments: [
    "ftp://example.com/x", "localhost:9000", "https://", "/results", "https://x/{{job.name}}",
  ])
  func `an address that can never work is refused in the file and dead at the first attempt`(
    address: String
  ) async throws {
    let problems = WebhookTarget.shape.check(["url": .string(address), "secret": "${env:S}"])
    #expect(problems.map(\.path.description) == ["url"])
    try await withCallbacks(["CALLBACK_URL": address]) { bench in
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(delivery.lastError?.hasPrefix("The callback's url can't be used. ") == true)
    }
  }

  @Test(arguments: [
    "https://example.com", "http://10.0.0.7:9000/a?b=c", "HTTPS://u:p@example.com/", "${env:X}/a",
  ])
  func `an address that may work is let pass`(address: String) {
    #expect(WebhookTarget.shape.check(["url": .string(address)]).isEmpty)
  }

  @Test(arguments: [100_000, 3 << 20])
  func `a long answer is a receipt, cut short`(size: Int) async throws {
    try await withCallbacks { bench in
      bench.receiver.answer(HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 0x61, count: size))))
      let id = try await bench.addWebhook()
      try await bench.work()
      #expect(try await bench.delivery(id).receipt?["body"]?.stringValue?.count == 1024)
    }
  }
}
