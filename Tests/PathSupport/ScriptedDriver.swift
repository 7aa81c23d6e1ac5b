import JSON
import Primitives
package import Sessions

/// Drives sessions as a test says: one act per drive, and the last one again when there are no more.
package final class ScriptedDriver: Driver {
  package typealias Act = @Sendable (DrivenSession) async throws -> Settlement

  private let acts = Lock<[Act]>([ScriptedDriver.answer("Done.")])
  private let driven = Lock<[String]>([])

  package init() {}

  /// What the next drives do.
  package func play(_ acts: Act...) {
    self.acts.withLock { $0 = acts }
  }

  /// The sessions that were driven, in order.
  package var drives: [String] { driven.withLock { $0 } }

  package func drive(_ session: DrivenSession) async throws -> Settlement {
    driven.withLock { $0.append(session.id) }
    let act = acts.withLock { acts in acts.count > 1 ? acts.removeFirst() : acts[0] }
    return try await act(session)
  }

  // MARK: Acts

  /// Takes what there is and says something; obeys an interrupt.
  package static func answer(_ text: String, then settlement: Settlement = .idle(.endTurn)) -> Act {
    { session in
      if try await session.take().contains(where: { $0.type == .userInterrupt }) { return .interrupted }
      _ = try await session.open(from: 0)
      try await session.record([
        NewEvent(.agentMessage, ["content": [["type": "text", "text": .string(text)]]])
      ])
      return settlement
    }
  }

  /// Takes what there is and settles so.
  package static func settle(_ settlement: Settlement) -> Act {
    answer("Well…", then: settlement)
  }

  /// Works on the outcome until it is decided so.
  package static func outcome(_ result: Outcome.Result, _ explanation: String = "Look.") -> Act {
    { session in
      _ = try await session.take()
      let id = try await session.session().outcomes.last?.id ?? ""
      try await session.record([
        NewEvent(.evaluationStart, ["outcome_id": .string(id), "iteration": 0]),
        NewEvent(
          .evaluationEnd,
          [
            "outcome_id": .string(id), "iteration": 0, "result": .string(result.rawValue),
            "explanation": .string(explanation),
          ]),
      ])
      return .idle(.endTurn)
    }
  }

  /// Takes what there is, then works until it is interrupted, and settles so.
  package static func untilInterrupted(_ settlement: Settlement = .interrupted) -> Act {
    { session in
      // The interrupt may be the first that there is to take.
      if try await session.take().contains(where: { $0.type == .userInterrupt }) { return settlement }
      try await session.interruption()
      _ = try await session.take()
      return settlement
    }
  }
}
