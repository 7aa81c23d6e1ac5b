import JSON
package import Signatures

/// Why a request was not taken.
package enum HookRefusal: Error, Equatable, CustomStringConvertible {
  case unknownSource(name: String)
  /// The proof is missing or wrong.
  case unverified(SignatureRefusal)
  /// The proof is right, but the body can't be read.
  case unreadable(problem: String)
  /// The source itself is not set up: its secret is missing, for instance.
  case misconfigured(source: String, problem: String)
  /// Nothing of that id was received.
  case unknownReceipt(id: String)

  /// Counted by, and stable for scripts.
  package var code: String {
    switch self {
    case .unknownSource: "unknown_source"
    case .unverified(let refusal): refusal.code
    case .unreadable: "unreadable"
    case .misconfigured: "misconfigured"
    case .unknownReceipt: "unknown_receipt"
    }
  }

  package var status: Int {
    switch self {
    case .unknownSource, .unknownReceipt: 404
    case .unverified: 401
    case .unreadable: 400
    case .misconfigured: 503
    }
  }

  package var description: String {
    switch self {
    case .unknownSource(let name):
      "There is no source named \(name). Apply a file sources/\(name).yaml to make one."
    case .unverified(let refusal): String(describing: refusal)
    case .unreadable(let problem): "The body can't be read: \(problem)"
    case .unknownReceipt(let id): "There is no receipt \(id)."
    case .misconfigured(let source, let problem): "Source \(source) can't verify anything: \(problem)"
    }
  }
}
