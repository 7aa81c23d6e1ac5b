package import JSON
package import Jobs
package import Outbox

/// One kind of destination. Every vendor brings its own; `Courier` is given them all.
package protocol Target: Sendable {
  /// The name that job files give it under `callbacks:`.
  static var name: String { get }
  /// The settings that it may have there.
  static var shape: KindShape { get }
  /// How a value from outside is written into one of its settings, where markup may stand.
  static func written(_ outside: String, in setting: String) -> String
  /// When failed attempts are repeated.
  func plan(for delivery: Delivery) -> RetryPlan
  /// Makes one attempt.
  /// - Parameter settings: the job file's, filled, with secrets in their places. Nothing in it is looked at again.
  func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt
}

extension Target {
  package static func written(_ outside: String, in setting: String) -> String { outside }
  package func plan(for delivery: Delivery) -> RetryPlan { .standard }
}

/// How one attempt to deliver ended.
package enum Attempt: Sendable, Equatable {
  /// Taken; what the receiver answered is its receipt.
  case delivered(receipt: JSON)
  /// Worth another try, not before `retryAfter` when the receiver named a time.
  case failed(reason: String, retryAfter: Duration?)
  /// No further try can help.
  case hopeless(reason: String)
}
