import JSON
import PathSupport
import Primitives
import Queue
import Store
import TestSupport
import Testing

@testable import Outbox

@Suite(.timeLimit(.minutes(5))) struct OutboxTests {
  private static func add(_ path: Path, run: String = "run_1") async throws -> String {
    try await path.database.write { tx in
      try path.outbox.add(
        tx, run: run, kind: "webhook", target: ["url": "${env:URL}"], payload: ["type": "run.succeeded"])
    }
  }

  private static func delivery(_ path: Path, _ id: String) async throws -> Delivery {
    try await path.database.read { tx in try path.outbox.delivery(tx, id) }
  }

  /// Works off what is due with one report for each claim.
  private static func work(
    _ path: Path, _ report: @escaping @Sendable (Transaction, Claim) throws -> Void
  ) async throws {
    try await path.work([
      Handler(kind: .delivery, concurrency: 1) { claim in
        try await path.database.write { tx in try report(tx, claim) }
      }
    ])
  }

  @Test func `what is added is pending and due now`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      let delivery = try await Self.delivery(path, id)
      #expect(delivery.state == .pending)
      #expect(delivery.nextAt == path.clock.now)
      #expect(delivery.attempts == 0)
      #expect(try await path.item(.delivery, id)?.due == path.clock.now)
    }
  }

  @Test func `a receipt ends the delivery`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      try await Self.work(path) { tx, claim in
        try path.outbox.delivered(tx, claim, receipt: ["status": 204])
      }
      let delivery = try await Self.delivery(path, id)
      #expect(delivery.state == .delivered)
      #expect(delivery.attempts == 1)
      #expect(delivery.receipt == ["status": 204])
      #expect(delivery.settledAt == path.clock.now)
      #expect(delivery.nextAt == nil)
      #expect(try await path.count("items") == 0)
    }
  }

  @Test func `a failed attempt waits for the next, under the same id`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      let next = path.clock.now + .seconds(300)
      try await Self.work(path) { tx, claim in
        try path.outbox.failed(tx, claim, error: "Nobody listens.", next: next)
      }
      let delivery = try await Self.delivery(path, id)
      #expect(delivery.state == .pending)
      #expect(delivery.attempts == 1)
      #expect(delivery.lastError == "Nobody listens.")
      #expect(delivery.nextAt == next)
      #expect(try await path.item(.delivery, id)?.due == next)
    }
  }

  @Test func `a dead delivery can be sent again`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      try await Self.work(path) { tx, claim in try path.outbox.buried(tx, claim, reason: "Gone.") }
      #expect(try await Self.delivery(path, id).state == .dead)
      #expect(try await path.count("items") == 0)
      try await path.database.write { tx in try path.outbox.sendNow(tx, id) }
      let delivery = try await Self.delivery(path, id)
      #expect(delivery.state == .pending)
      #expect(delivery.attempts == 0)
      #expect(delivery.lastError == "Gone.")
      #expect(delivery.settledAt == nil)
      #expect(try await path.item(.delivery, id)?.due == path.clock.now)
    }
  }

  @Test func `one that waits for its next attempt can be sent ahead of its time, as that attempt`()
    async throws
  {
    try await withPath { path in
      let id = try await Self.add(path)
      try await Self.work(path) { tx, claim in
        try path.outbox.failed(tx, claim, error: "Nobody listens.", next: path.clock.now + .seconds(3600))
      }
      path.clock.advance(by: .seconds(60))
      try await path.database.write { tx in try path.outbox.sendNow(tx, id) }
      let delivery = try await Self.delivery(path, id)
      #expect(delivery.attempts == 1)
      #expect(delivery.nextAt == path.clock.now)
      #expect(try await path.item(.delivery, id)?.due == path.clock.now)
    }
  }

  @Test func `one that is being sent is left alone, and so is one that has arrived`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      try await Self.work(path) { tx, claim in
        #expect(throws: OutboxError.underway(id: id)) { try path.outbox.sendNow(tx, id) }
        try path.outbox.delivered(tx, claim, receipt: ["status": 200])
      }
      // No wake came while it was in hand, so it is not sent once more.
      #expect(try await path.count("items") == 0)
      await #expect(throws: OutboxError.delivered(id: id)) {
        try await path.database.write { tx in try path.outbox.sendNow(tx, id) }
      }
    }
  }

  @Test func `a report under a lost lease changes nothing`() async throws {
    try await withPath { path in
      let id = try await Self.add(path)
      let lost = Lock<Claim?>(nil)
      try await path.working([
        Handler(kind: .delivery, concurrency: 1) { claim in
          lost.withLock { $0 = claim }
          try await path.database.write { tx in try path.queue.remove(tx, .delivery, claim.ref) }
        }
      ]) { try await path.until { try await path.count("items") == 0 && lost.withLock { $0 } != nil } }
      let claim = try #require(lost.withLock { $0 })
      await #expect(throws: QueueError.self) {
        try await path.database.write { tx in try path.outbox.delivered(tx, claim, receipt: [:]) }
      }
      await #expect(throws: QueueError.self) {
        try await path.database.write { tx in try path.outbox.buried(tx, claim, reason: "x") }
      }
      await #expect(throws: QueueError.self) {
        try await path.database.write { tx in
          try path.outbox.failed(tx, claim, error: "x", next: path.clock.now)
        }
      }
      #expect(try await Self.delivery(path, id).state == .pending)
      #expect(try await Self.delivery(path, id).attempts == 0)
    }
  }

  @Test func `the list is newest first, by state and page`() async throws {
    try await withPath { path in
      var ids: [String] = []
      for _ in 0..<5 {
        path.clock.advance(by: .seconds(1))
        ids.insert(try await Self.add(path), at: 0)
      }
      let page = try await path.database.read { tx in try path.outbox.deliveries(tx, limit: 2).map(\.id) }
      #expect(page == Array(ids.prefix(2)))
      let next = try await path.database.read { [ids] tx in
        try path.outbox.deliveries(tx, state: .pending, before: ids[1], limit: 10).map(\.id)
      }
      #expect(next == Array(ids.suffix(3)))
      let dead = try await path.database.read { tx in
        try path.outbox.deliveries(tx, state: .dead, before: "dlv_z", limit: 10)
      }
      #expect(dead.isEmpty)
    }
  }

  @Test func `errors say what to do`() {
    #expect(OutboxError.notFound(id: "dlv_1").description == "There is no delivery dlv_1.")
    #expect(
      OutboxError.delivered(id: "dlv_1").description
        == "Delivery dlv_1 is delivered; there is nothing to send again.")
    #expect(
      OutboxError.underway(id: "dlv_1").description
        == "Delivery dlv_1 is being sent just now. Ask in a moment what came of it.")
  }
}
