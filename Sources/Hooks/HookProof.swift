package import Signatures

/// Where a kind of sender puts what proves its requests: so much is judged by the head alone.
package enum HookProof: Sendable, Equatable {
  case headers(ProofHeaders)
  /// Somewhere in the body, so anybody's has to be read first. It gets little room for that.
  case body

  /// The largest body that is read, in bytes.
  package var bodyLimit: Int {
    switch self {
    case .headers: Hooks.bodyLimit
    case .body: 1 << 20
    }
  }
}
