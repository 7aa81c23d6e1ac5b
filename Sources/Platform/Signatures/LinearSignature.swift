import JSON
package import Primitives

/// Linear: `Linear-Signature`, bare digits over the raw body, and a time inside of the body. The header
/// `Linear-Timestamp` is not signed and so says nothing.
/// https://linear.app/developers/webhooks
package struct LinearSignature: SignatureScheme {
  /// Milliseconds either way, the edge included.
  private static let tolerance: Int64 = 60_000

  private let scheme: BodyHMAC

  /// - Parameter secrets: The webhook's secret, `lin_wh_…`, as text.
  package init(secrets: [String]) throws(SignatureError) {
    scheme = try BodyHMAC(secrets: secrets, header: "Linear-Signature")
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    // Nothing of the body is read before it is known to be Linear's.
    try scheme.verify(headers: headers, body: body, now: now)
    let age = SignedTime.milliseconds(of: now) - (try sentAt(body))
    if age > LinearSignature.tolerance { throw .stale(seconds: age / 1000, allowed: 60) }
    if age < -LinearSignature.tolerance { throw .ahead(seconds: -age / 1000, allowed: 60) }
  }

  /// Milliseconds since the epoch.
  private func sentAt(_ body: [UInt8]) throws(SignatureRefusal) -> Int64 {
    do throws(JSONError) {
      let payload = try JSON(parsing: body, limits: JSON.Limits(duplicateKeys: .keepLast))
      if let time = payload["webhookTimestamp"]?.integerValue, (0..<1 << 53).contains(time) { return time }
    } catch {
      throw .malformedTime("the body, which is not JSON")
    }
    throw .malformedTime("the member webhookTimestamp of the body")
  }
}
