package import Primitives

/// Sentry: `Sentry-Hook-Signature`, bare digits over the raw body. `Sentry-Hook-Timestamp` is not signed and
/// so says nothing.
/// https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
package struct SentrySignature: SignatureScheme {
  private let scheme: BodyHMAC

  /// - Parameter secrets: The client secret of the integration, as text.
  package init(secrets: [String]) throws(SignatureError) {
    scheme = try BodyHMAC(secrets: secrets, header: "Sentry-Hook-Signature")
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: headers, body: body, now: now)
  }
}
