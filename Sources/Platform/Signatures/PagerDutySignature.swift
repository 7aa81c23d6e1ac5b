package import Primitives

/// PagerDuty V3: `X-PagerDuty-Signature: v1=…,v1=…` over the raw body; any one may fit, and other versions
/// are passed over.
/// https://developer.pagerduty.com/docs/verifying-webhook-signatures
package struct PagerDutySignature: SignatureScheme {
  /// PagerDuty sends two while a secret is exchanged; more than these are an attempt to waste time.
  private static let mostEntries = 16

  private let keys: SecretKeys

  /// - Parameter secrets: The subscription's secret as text; it looks like base64, but is not decoded.
  package init(secrets: [String]) throws(SignatureError) {
    keys = try SecretKeys(secrets)
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    let header = "X-PagerDuty-Signature"
    let entries = try headers.only(header).split(separator: ",", omittingEmptySubsequences: false)
    let codes = entries.compactMap { entry in
      String(entry.drop { $0 == " " }).dropping(prefix: "v1=").flatMap { CodeForm.hex.decode($0, length: 32) }
    }
    guard !codes.isEmpty, entries.count <= PagerDutySignature.mostEntries else {
      throw .malformedHeader(header, expected: "\"v1=\" and " + CodeForm.hex.expected(length: 32))
    }
    guard codes.contains(where: { keys.verify($0, of: [body]) }) else { throw .mismatch(header) }
  }
}
