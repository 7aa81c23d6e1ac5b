package import Primitives

/// A Microsoft Teams outgoing webhook: `Authorization: HMAC …` in base64 over the raw body. It has no time,
/// so the receiver must recognise a message that is played again.
/// https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook
package struct TeamsSignature: SignatureScheme {
  private let scheme: BodyHMAC

  /// - Parameter secrets: The security token that Teams shows once, which is the base64 of the key.
  package init(secrets: [String]) throws(SignatureError) {
    scheme = try BodyHMAC(
      secrets: secrets, header: "Authorization", prefix: "HMAC ", form: .base64, keyForm: .base64)
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: headers, body: body, now: now)
  }
}
