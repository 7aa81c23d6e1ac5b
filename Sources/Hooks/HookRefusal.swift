import JSON
package import Signatures

/// Why a request was not taken.
package enum HookRefusal: Error, Equatable, CustomStringConvertible {
  case unknownSource(name: String)
  /// The proof is missing or wrong.
  case unverified(SignatureRefusal)
  /// The proof is right, but the body can't be read.
  case unreadable(problem: String)
  /// The proof is right, but the webhook comes from where the source's file takes none.
  case unlisted(problem: String)
  /// The proof is right, but the body comes in a form that is not taken.
  case unsupported(problem: String)
  /// The source itself is not set up: its secret is missing, for instance.
  case misconfigured(source: String, problem: String)
  /// Nothing of that id was received.
  case unknownReceipt(id: String)
  /// Only what was refused can be played again.
  case notRefused(id: String)
  /// What was refused turns out to be none that starts anything.
  case startsNothing(id: String)

  /// Counted by, and stable for scripts.
  package var code: String {
    switch self {
    case .unknownSource: "unknown_source"
    case .unverified(let refusal): refusal.code
    case .unreadable: "unreadable"
    case .unlisted: "unlisted"
    case .unsupported: "unsupported"
    case .misconfigured: "misconfigured"
    case .unknownReceipt: "unknown_receipt"
    case .notRefused: "not_refused"
    case .startsNothing: "starts_nothing"
    }
  }

  package var status: Int {
    switch self {
    case .unknownSource, .unknownReceipt: 404
    case .unverified: 401
    case .unreadable: 400
    case .unlisted: 403
    case .unsupported: 415
    case .misconfigured: 503
    case .notRefused, .startsNothing: 409
    }
  }

  package var description: String {
    switch self {
    case .unknownSource(let name):
      "There is no source named \(name). Apply a file sources/\(name).yaml to make one."
    case .unverified(let refusal): String(describing: refusal)
    case .unreadable(let problem): "The body can't be read: \(problem)"
    case .unlisted(let problem), .unsupported(let problem): problem
    case .unknownReceipt(let id): "There is no receipt \(id)."
    case .notRefused(let id):
      "Receipt \(id) was taken when it came, so there is nothing to play again. `errand why \(id)` says what it started; "
        + "`errand run` starts a job by hand."
    case .startsNothing(let id): "Receipt \(id) only tries whether anybody listens, so it starts nothing."
    case .misconfigured(let source, let problem): "Source \(source) can't verify anything: \(problem)"
    }
  }
}
