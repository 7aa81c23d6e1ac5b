package import Callbacks
import Catalog
import Git
import HTTPClient
package import Integrations
package import JSON
import Jobs
package import Outbox
package import PathSupport
import Primitives
import Store
import TestSupport

/// A path with a courier, a receiver, and a folder to deliver to.
package struct CallbackBench {
  package static let secret = "whsec_" + Base64.encode(Array("the receiver's own secret".utf8))

  package let path: Path
  package let receiver: Receiver
  package let courier: Courier
  /// What further targets can be made of.
  package let supplies: Supplies

  package var folder: String { "\(path.folder.path)/briefs" }

  package static let data: JSON.Object = ["job": "job", "created_at": "2026-11-12T09:00:00Z"]

  /// Puts a result on its way.
  /// - Parameter target: as the job file has it.
  package func add(_ kind: String, _ target: JSON, data: JSON.Object = CallbackBench.data) async throws
    -> String
  {
    try await add(kind, stored: Settings(written: target).stored, data: data)
  }

  /// - Parameter stored: as the row has it.
  package func add(_ kind: String, stored: JSON, data: JSON.Object = CallbackBench.data) async throws
    -> String
  {
    try await path.database.write { tx in
      try path.outbox.add(
        tx, run: "run_1", kind: kind, target: stored,
        payload: ["type": "run.succeeded", "timestamp": "2026-11-12T09:00:00Z", "data": .object(data)])
    }
  }

  package func addWebhook() async throws -> String {
    try await add("webhook", ["url": "${env:CALLBACK_URL}", "secret": "${env:CALLBACK_SECRET}"])
  }

  /// Makes the attempts that are due.
  package func work() async throws {
    try await path.work([courier.handler(concurrency: 4)])
  }

  package func delivery(_ id: String) async throws -> Delivery {
    try await path.database.read { tx in try path.outbox.delivery(tx, id) }
  }

  /// Lets time pass until the next attempt is due.
  package func skip(to delivery: Delivery) {
    if let next = delivery.nextAt { path.clock.advance(by: max(.zero, next - path.clock.now)) }
  }
}

/// - Parameter environment: more than the receiver's address and secret, or other values of them.
package func withCallbacks(
  _ environment: [String: String] = [:], _ body: (CallbackBench) async throws -> Void
) async throws {
  let receiver = try Receiver()
  let client = HTTPClient(userAgent: "test")
  let own = ["CALLBACK_URL": receiver.url, "CALLBACK_SECRET": CallbackBench.secret]
  let all = own.merging(environment) { $1 }.filter { !$0.value.isEmpty }
  try await withPath(environment: all) { path in
    let supplies = Supplies(
      database: path.database, files: path.files,
      links: FileLinks(base: "https://errand.example.com", path: "/v1/files/:id/content", key: Array(0..<32)),
      client: client,
      git: try Git(home: "\(path.folder.path)/git-home"), local: LocalRepositories(below: []),
      environment: all, time: path.clock.time)
    let courier = Courier(
      database: path.database, outbox: path.outbox, targets: Integrations.targets(supplies),
      secrets: path.secrets, time: path.clock.time, randomness: .seeded(1), log: Path.log)
    try await body(CallbackBench(path: path, receiver: receiver, courier: courier, supplies: supplies))
  }
  client.close()
  await receiver.stop()
}
