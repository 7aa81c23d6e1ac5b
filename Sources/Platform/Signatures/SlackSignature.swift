package import Primitives

/// Slack: `X-Slack-Signature: v0=…` over `v0:`, the time in `X-Slack-Request-Timestamp`, `:` and the raw
/// body.
/// https://docs.slack.dev/authentication/verifying-requests-from-slack
package struct SlackSignature: SignatureScheme {
  private let keys: SecretKeys

  /// - Parameter secrets: The app's signing secret as text; it looks like hexadecimal, but is not decoded.
  package init(secrets: [String]) throws(SignatureError) {
    keys = try SecretKeys(secrets)
  }

  /// The header as Slack sends it, made with the first secret.
  /// - Parameter timestamp: seconds, as in the other header.
  package func sign(timestamp: Int64, body: [UInt8]) -> String {
    "v0=" + Hex.encode(keys.code(of: [Array("v0:\(timestamp):".utf8), body]))
  }

  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    let header = "X-Slack-Signature"
    let timeHeader = "X-Slack-Request-Timestamp"
    let signature = try headers.only(header)
    let time = try headers.only(timeHeader)
    try SignedTime.check(seconds: SignedTime.number(time, in: timeHeader), now: now)
    guard let text = signature.dropping(prefix: "v0="), let code = CodeForm.hex.decode(text, length: 32)
    else {
      throw .malformedHeader(header, expected: "\"v0=\" and " + CodeForm.hex.expected(length: 32))
    }
    guard keys.verify(code, of: [Array("v0:\(time):".utf8), body]) else { throw .mismatch(header) }
  }
}
