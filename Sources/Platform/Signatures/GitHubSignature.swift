package import Primitives

/// GitHub: `X-Hub-Signature-256: sha256=…` over the raw body. The older SHA-1 header is not looked at.
/// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
package struct GitHubSignature: SignatureScheme {
  private let scheme: BodyHMAC

  /// - Parameter secrets: The webhook's secret as it was typed in; never decoded.
  package init(secrets: [String]) throws(SignatureError) {
    scheme = try BodyHMAC(secrets: secrets, header: "X-Hub-Signature-256", prefix: "sha256=")
  }

  /// The header as GitHub sends it, made with the first secret.
  package func sign(_ body: [UInt8]) -> String {
    scheme.sign(body)
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: headers, body: body, now: now)
  }
}
