/// Why a scheme cannot be set up with the secrets it was given. No case holds a secret.
package enum SignatureError: Error, Hashable {
  case noSecret
  /// The place in the list, from 1.
  case emptySecret(Int)
  case secretNotBase64(Int)
  /// A `whsk_` secret signs for the other side and must not be here.
  case privateKey(Int)
  case publicKeyLength(Int, bytes: Int)
  /// Not a token of RFC 9110.
  case headerName(String)
}

extension SignatureError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noSecret:
      "No secret is configured, so no request could be told from a forged one. Configure the secret that the "
        + "sender shows."
    case .emptySecret(let place):
      "Secret \(place) is empty, and anyone can sign with an empty secret. Configure the secret that the "
        + "sender shows, or leave this one out."
    case .secretNotBase64(let place):
      "Secret \(place) is not base64. Copy it again as the sender shows it, with nothing before or behind it."
    case .privateKey(let place):
      "Secret \(place) begins with whsk_: it is the sender's private key. Configure the public one, which "
        + "begins with whpk_, and have the sender make a new pair."
    case .publicKeyLength(let place, let bytes):
      "Secret \(place) begins with whpk_ but holds \(bytes) bytes; an ed25519 public key has 32. Copy it "
        + "again."
    case .headerName(let name):
      "\"\(name)\" cannot be the name of a header. Use letters, digits and hyphens."
    }
  }
}
