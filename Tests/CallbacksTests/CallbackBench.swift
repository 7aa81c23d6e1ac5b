import Catalog
import HTTPClient
import JSON
import Outbox
import PathSupport
import Primitives
import Queue
import Store
import TestSupport

@testable import Callbacks
@testable import Jobs

/// A path with a courier, a receiver, and a folder to deliver to.
struct CallbackBench {
  static let secret = "whsec_" + Base64.encode(Array("the receiver's own secret".utf8))

  let path: Path
  let receiver: Receiver
  let courier: Courier
  let client: HTTPClient

  var folder: String { "\(path.folder.path)/briefs" }

  static let data: JSON.Object = ["job": "job", "created_at": "2026-11-12T09:00:00Z"]

  /// Puts a result on its way.
  /// - Parameter target: as the job file has it.
  func add(_ kind: String, _ target: JSON, data: JSON.Object = CallbackBench.data) async throws -> String {
    try await add(kind, stored: Settings(written: target).stored, data: data)
  }

  /// - Parameter stored: as the row has it.
  func add(_ kind: String, stored: JSON, data: JSON.Object = CallbackBench.data) async throws -> String {
    try await path.database.write { tx in
      try path.outbox.add(
        tx, run: "run_1", kind: kind, target: stored,
        payload: ["type": "run.succeeded", "timestamp": "2026-11-12T09:00:00Z", "data": .object(data)])
    }
  }

  func addWebhook() async throws -> String {
    try await add("webhook", ["url": "${env:CALLBACK_URL}", "secret": "${env:CALLBACK_SECRET}"])
  }

  /// Makes the attempts that are due.
  func work() async throws {
    try await path.work([courier.handler(concurrency: 4)])
  }

  func delivery(_ id: String) async throws -> Delivery {
    try await path.database.read { tx in try path.outbox.delivery(tx, id) }
  }

  /// Lets time pass until the next attempt is due.
  func skip(to delivery: Delivery) {
    if let next = delivery.nextAt { path.clock.advance(by: max(.zero, next - path.clock.now)) }
  }
}

/// - Parameter environment: more than the receiver's address and secret, or other values of them.
func withCallbacks(
  _ environment: [String: String] = [:], _ body: (CallbackBench) async throws -> Void
) async throws {
  let receiver = try Receiver()
  let client = HTTPClient(userAgent: "test")
  let all = ["CALLBACK_URL": receiver.url, "CALLBACK_SECRET": CallbackBench.secret].merging(environment) {
    $1
  }
  .filter { !$0.value.isEmpty }
  try await withPath(environment: all) { path in
    let courier = Courier(
      database: path.database, outbox: path.outbox,
      targets: [
        WebhookTarget(client: client, time: path.clock.time),
        DirectoryTarget(database: path.database, files: path.files),
        SlackTarget(
          client: client,
          links: FileLinks(
            base: "https://errand.example.com", path: "/v1/files/:id/content", key: Array(0..<32)),
          time: path.clock.time),
      ], secrets: path.secrets, time: path.clock.time, randomness: .seeded(1), log: Path.log)
    try await body(CallbackBench(path: path, receiver: receiver, courier: courier, client: client))
  }
  client.close()
  await receiver.stop()
}
