package import Primitives
package import Store

/// What decides what a webhook led to.
package struct ReceiptFacts: Sendable, Equatable {
  package var id: String
  package var source: String
  package var receivedAt: Timestamp
  /// How often the same webhook came again.
  package var repeats: Int
  var firings: [Firing] = []

  package init(id: String, source: String, receivedAt: Timestamp, repeats: Int) {
    self.id = id
    self.source = source
    self.receivedAt = receivedAt
    self.repeats = repeats
  }

  func why() -> Why {
    let state = firings.contains { $0.run != nil } ? "started" : firings.isEmpty ? "unused" : "decided"
    return Why(subject: "receipt", id: id, state: state, sentence: sentence)
  }

  private var sentence: String {
    let again =
      repeats == 0 ? "" : " (and \(repeats == 1 ? "once" : "\(repeats) times") again, which started nothing)"
    let came = "It arrived at source \(source) at \(receivedAt.inSentence)\(again)"
    if firings.isEmpty { return came + ", and no job had a trigger for that source." }
    return came + ": " + firings.map(ReceiptFacts.words).named(upTo: 10) + "."
  }

  private static func words(_ firing: Firing) -> String {
    let reason = (firing.reason ?? "no reason was recorded").withoutPeriod
    switch firing.decision {
    case .started: return "\(firing.jobName) started \(firing.run ?? "a run")"
    case .joined: return "for \(firing.jobName) it joined \(firing.run ?? "a run")"
    case .failedToStart: return "\(firing.jobName) could not start (\(reason))"
    case let decision?: return "for \(firing.jobName) it was \(decision.rawValue) (\(reason))"
    case nil: return "for \(firing.jobName) it is held as \(firing.id) (\(reason))"
    }
  }
}

extension Runs {
  /// What a webhook led to.
  package func why(_ tx: Transaction, receipt facts: ReceiptFacts) throws -> Why {
    var facts = facts
    facts.firings = try firings(tx, ofReceipt: facts.id)
    return facts.why()
  }
}
