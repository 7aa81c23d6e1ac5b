import HTTPServer
import IntegrationsSupport
import JSON
import Jobs
import Outbox
import PathSupport
import Primitives
import Runs
import Sessions
import Store
import TestSupport
import Testing

@testable import Callbacks

@Suite(.timeLimit(.minutes(5))) struct CourierTests {
  @Test func `after ten attempts over days a delivery is dead, and can be revived`() async throws {
    try await withCallbacks(["CALLBACK_URL": "http://127.0.0.1:1/"]) { bench in
      let id = try await bench.addWebhook()
      let begin = bench.path.clock.now
      for attempt in 1...10 {
        try await bench.work()
        let delivery = try await bench.delivery(id)
        #expect(delivery.attempts == attempt)
        #expect(delivery.state == (attempt < 10 ? .pending : .dead))
        bench.skip(to: delivery)
      }
      #expect((bench.path.clock.now - begin) > .seconds(3 * 86_400))
      let dead = try await bench.delivery(id)
      #expect(dead.lastError?.hasSuffix("That was attempt 10, the last.") == true, "\(dead.lastError ?? "")")
      #expect(try await bench.path.count("items") == 0)
      bench.path.clock.advance(by: .seconds(86_400))
      try await bench.work()
      #expect(try await bench.delivery(id).attempts == 10)
      try await bench.path.database.write { tx in try bench.path.outbox.sendNow(tx, id) }
      try await bench.work()
      let revived = try await bench.delivery(id)
      #expect(revived.state == .pending)
      #expect(revived.attempts == 1)
    }
  }

  @Test func `a kind that nobody knows any more is dead at once`() async throws {
    try await withCallbacks { bench in
      let id = try await bench.add("pigeon", ["loft": "${env:LOFT}"])
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(delivery.lastError == "This version of Errand knows no callback of kind pigeon.")
    }
  }

  @Test func `a secret that is not set is named, and waited for by nobody`() async throws {
    try await withCallbacks(["CALLBACK_SECRET": ""]) { bench in
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(delivery.state == .dead)
      #expect(
        delivery.lastError
          == "The environment variable CALLBACK_SECRET is not set. Set it for the server and start that again."
      )
    }
  }

  @Test func `secrets are neither stored nor sent`() async throws {
    try await withCallbacks { bench in
      let id = try await bench.addWebhook()
      try await bench.work()
      let delivery = try await bench.delivery(id)
      #expect(
        Courier.shown(delivery, bench.path.jobs.kinds.callbacks)["target"]?["secret"]
          == "${env:CALLBACK_SECRET}")
      #expect(!delivery.target.text.contains(CallbackBench.secret))
      let request = try #require(bench.receiver.requests.first)
      #expect(!String(decoding: request.body, as: UTF8.self).contains(CallbackBench.secret))
      #expect(!request.headers.entries.contains { $0.value.contains(CallbackBench.secret) })
    }
  }

  @Test func `a report that was lost is made up for by a second delivery with the same id`() async throws {
    try await withCallbacks { bench in
      let path = bench.path
      let id = try await bench.addWebhook()
      bench.receiver.atFirst { path.faults.fail(.beforeCommit) }
      try await path.working([bench.courier.handler(concurrency: 1)]) {
        try await path.until { bench.receiver.requests.count == 1 }
        try await path.advance(by: .seconds(1)) { try await bench.delivery(id).state == .delivered }
      }
      #expect(bench.receiver.requests.map { $0.headers.first("webhook-id") } == [id, id])
      #expect(try await bench.delivery(id).attempts == 1)
    }
  }

  @Test func `what becomes of a delivery does not change its run`() async throws {
    try await withCallbacks { bench in
      let path = bench.path
      try await path.apply(
        JobDefinition(and: [
          "callbacks": [["webhook": ["url": "${env:CALLBACK_URL}", "secret": "${env:CALLBACK_SECRET}"]]]
        ]))
      bench.receiver.answer(HTTPResponse(status: 410))
      let run = try await path.started()
      try await path.work(path.handlers() + [bench.courier.handler(concurrency: 1)])
      #expect(try await path.deliveries(run.id).map(\.state) == [.dead])
      #expect(try await path.run(run.id).state == .succeeded)
      let sent = try JSON(parsing: try #require(bench.receiver.requests.first).body)
      #expect(sent["type"] == "run.succeeded")
      #expect(sent["data"]?["run_id"] == .string(run.id))
      #expect(sent["data"]?["message"] == "Done.")
    }
  }
}
