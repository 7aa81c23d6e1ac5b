package import JSON
package import Jobs
package import Logging
package import Outbox
package import Primitives
package import Queue
package import Store

/// Carries results to their targets, each until the receiver's receipt is stored or it is given up. What
/// becomes of a delivery never changes the run.
package struct Courier: Sendable {
  private let database: Database
  private let outbox: Outbox
  private let targets: [String: any Target]
  private let secrets: Secrets
  private let time: Time
  private let randomness: Randomness
  private let log: Logger

  package init(
    database: Database, outbox: Outbox, targets: [any Target], secrets: Secrets, time: Time = .system,
    randomness: Randomness = .system, log: Logger
  ) {
    self.database = database
    self.outbox = outbox
    self.targets = Dictionary(uniqueKeysWithValues: targets.map { (type(of: $0).name, $0) })
    self.secrets = secrets
    self.time = time
    self.randomness = randomness
    self.log = log
  }

  /// The delivery as the API shows it: without what in its settings is a credential.
  /// - Parameter shapes: of every kind of callback.
  package static func shown(_ delivery: Delivery, _ shapes: [KindShape]) -> JSON {
    let shape = shapes.first { $0.name == delivery.kind }
    var shown = delivery.json
    var target = (try? settings(of: delivery, shape))?.shown.objectValue ?? [:]
    for name in shape?.credentials ?? [] where target[name] != nil { target[name] = "(hidden)" }
    shown["target"] = .object(target)
    return shown
  }

  private static func settings(of delivery: Delivery, _ shape: KindShape?) throws(SecretError) -> Settings {
    try Settings(stored: delivery.target, rendered: Set(shape?.templates ?? []))
  }

  /// The handler for items of kind `delivery`.
  package func handler(concurrency: Int) -> Handler {
    Handler(kind: .delivery, concurrency: concurrency) { claim in try await carry(claim) }
  }

  private func carry(_ claim: Claim) async throws {
    let delivery = try await database.read { [outbox] tx in try outbox.delivery(tx, claim.ref) }
    let attempt = try await attempt(delivery)
    try await database.write { [self] tx in
      switch attempt {
      case .delivered(let receipt):
        try outbox.delivered(tx, claim, receipt: receipt)
      case .hopeless(let reason):
        try outbox.buried(tx, claim, reason: reason)
      case .failed(let reason, let retryAfter):
        let plan = targets[delivery.kind]?.plan(for: delivery) ?? .standard
        let next = plan.next(
          afterAttempts: delivery.attempts + 1, retryAfter: retryAfter, now: time.now(),
          chance: randomness.fraction())
        switch next {
        case .at(let time): try outbox.failed(tx, claim, error: reason, next: time)
        case .never(let why): try outbox.buried(tx, claim, reason: "\(reason) \(why)")
        }
      }
    }
    switch attempt {
    case .delivered: return
    case .failed(let reason, _), .hopeless(let reason):
      log.warning("Delivery \(delivery.id) of run \(delivery.run) was not taken: \(reason)")
    }
  }

  private func attempt(_ delivery: Delivery) async throws -> Attempt {
    guard let target = targets[delivery.kind] else {
      return .hopeless(reason: "This version of Errand knows no callback of kind \(delivery.kind).")
    }
    do {
      let kind = type(of: target)
      let settings = try secrets.resolve(Courier.settings(of: delivery, kind.shape)) { text, name in
        kind.written(text, in: name)
      }
      return try await target.send(delivery, settings: settings)
    } catch let error as SecretError {
      // A file may come; the environment of this process stays as it is.
      if case .unreadable = error { return .failed(reason: String(describing: error), retryAfter: nil) }
      return .hopeless(reason: String(describing: error))
    }
  }
}
