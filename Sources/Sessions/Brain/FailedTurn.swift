import JSON
import Sessions

/// A turn that the model did not answer, for good. It may be known a moment before it is told: then it waits in the
/// log, hidden in the end of the request.
struct FailedTurn: Sendable, Equatable {
  private enum Kind: String {
    /// There were tries enough.
    case exhausted
    /// Asking again is of no use, in no session.
    case refused
    /// Nobody can be asked, ever.
    case unavailable
  }

  private let kind: Kind
  private let wireType: String
  let sentence: String

  init(_ error: ModelError) {
    kind =
      switch error {
      case .unavailable: .unavailable
      case .refused, .misplaced: .refused
      case .failed, .rateLimited, .overloaded: .exhausted
      }
    wireType = error.wireType
    sentence = error.description
  }

  init?(hidden json: JSON?) {
    guard let kind = json?["kind"]?.stringValue.flatMap(Kind.init) else { return nil }
    self.kind = kind
    wireType = json?["type"]?.stringValue ?? "model_request_failed_error"
    sentence = json?["message"]?.stringValue ?? "The model did not answer."
  }

  var hidden: JSON {
    ["kind": .string(kind.rawValue), "type": .string(wireType), "message": .string(sentence)]
  }

  var event: NewEvent {
    NewEvent(
      .error,
      [
        "error": [
          "type": .string(wireType), "message": .string(sentence),
          "retry_status": ["type": kind == .unavailable ? "terminal" : "exhausted"],
        ]
      ])
  }

  var settlement: Settlement {
    switch kind {
    case .exhausted: .idle(.retriesExhausted)
    case .refused: .refused(sentence)
    case .unavailable: .hopeless(sentence)
    }
  }
}
