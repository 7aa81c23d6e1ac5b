package import Outbox
package import Primitives

extension Why {
  /// Why a result has or has not arrived.
  package init(_ delivery: Delivery, now: Timestamp) {
    let error = delivery.lastError.map { ": \($0.withoutPeriod)" } ?? ""
    let tries = delivery.attempts == 1 ? "once" : "\(delivery.attempts) times"
    let sentence: String
    switch delivery.state {
    case .delivered:
      sentence =
        "It was delivered\(delivery.settledAt.map { " at \($0.inSentence)" } ?? ""), having been sent \(tries)."
    case .dead:
      sentence =
        "It was given up\(delivery.settledAt.map { " at \($0.inSentence)" } ?? "") after being tried \(tries)\(error); send it "
        + "again with `errand deliveries retry \(delivery.id)`."
    case .pending where delivery.attempts == 0:
      sentence = "It has not been tried yet, and is sent as soon as a worker is free."
    case .pending:
      let next =
        delivery.nextAt.map { $0 > now ? "is at \($0.inSentence)" : "comes as soon as a worker is free" }
        ?? "has no time"
      sentence = "It was tried \(tries) and has not arrived\(error); the next try \(next)."
    }
    self.init(subject: "delivery", id: delivery.id, state: delivery.state.rawValue, sentence: sentence)
  }
}
