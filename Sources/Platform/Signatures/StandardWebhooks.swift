package import Primitives

/// Standard Webhooks: an id, a time in seconds and the raw body, joined with full stops and signed as `v1`
/// (HMAC-SHA256) or `v1a` (ed25519). For requests that come in and for those that go out.
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
///
/// GitLab's signing tokens are this scheme too.
package struct StandardWebhooks: Sendable {
  package static let idHeader = "webhook-id"
  package static let timestampHeader = "webhook-timestamp"
  package static let signatureHeader = "webhook-signature"

  /// Senders give one signature per secret; more entries than these are an attempt to waste time.
  private static let mostEntries = 16

  private let keys: [StandardWebhooksKey]

  /// - Parameter secrets: Each `whsec_…` or its base64 alone for `v1`, or `whpk_…` for `v1a`. Several while
  ///   they are being exchanged. A secret never serves the other algorithm: the public key is public.
  package init(secrets: [String]) throws(SignatureError) {
    guard !secrets.isEmpty else { throw .noSecret }
    var keys: [StandardWebhooksKey] = []
    for (index, secret) in secrets.enumerated() {
      keys.append(try StandardWebhooksKey(secret, place: index + 1))
    }
    self.keys = keys
  }

  /// A new secret of 32 bytes, `whsec_…`.
  package static func newSecret(_ randomness: Randomness = .system) -> String {
    StandardWebhooksKey.secretPrefix + Base64.encode(randomness.bytes(32))
  }

  /// Whether there is a `whsec_` secret among them; without one, `sign` returns an empty text.
  package var canSign: Bool { keys.contains(where: \.canSign) }

  /// The value of `webhook-signature`: one entry for every `whsec_` secret, in their order.
  ///
  /// - Parameters:
  ///   - id: The same over all attempts; without a full stop.
  ///   - timestamp: Seconds since the epoch, of this attempt.
  ///   - body: The very bytes that are sent.
  package func sign(id: String, timestamp: Int64, body: [UInt8]) -> String {
    let parts = [Array("\(id).\(timestamp).".utf8), body]
    return keys.compactMap { $0.entry(for: parts) }.joined(separator: " ")
  }

  /// Takes all values of each of the three headers, so that missing and repeated ones are refused.
  package func verify(
    id: [String], timestamp: [String], signature: [String], body: [UInt8], now: Timestamp
  ) throws(SignatureRefusal) {
    let id = try SignatureHeaders.only(id, StandardWebhooks.idHeader)
    let timestamp = try SignatureHeaders.only(timestamp, StandardWebhooks.timestampHeader)
    let signature = try SignatureHeaders.only(signature, StandardWebhooks.signatureHeader)
    // With a full stop in the id, one signature would fit to two splits of the signed text.
    guard !id.utf8.contains(UInt8(ascii: ".")) else {
      throw .malformedHeader(StandardWebhooks.idHeader, expected: "a text without a full stop")
    }
    let seconds = try SignedTime.number(timestamp, in: StandardWebhooks.timestampHeader)
    try SignedTime.check(seconds: seconds, now: now)

    let entries = signature.split(separator: " ").map(String.init)
    let known = entries.filter { entry in keys.contains { $0.reads(entry) } }
    guard !known.isEmpty, entries.count <= StandardWebhooks.mostEntries else {
      let forms = Set(keys.map(\.expectedEntry)).sorted()
      throw .malformedHeader(StandardWebhooks.signatureHeader, expected: forms.joined(separator: ", or "))
    }
    let parts = [Array("\(id).\(timestamp).".utf8), body]
    guard keys.contains(where: { $0.verify(known, of: parts) }) else {
      throw .mismatch(StandardWebhooks.signatureHeader)
    }
  }
}

extension StandardWebhooks: SignatureScheme {
  package func verify(headers: SignatureHeaders, body: [UInt8], now: Timestamp) throws(SignatureRefusal) {
    try verify(
      id: headers[StandardWebhooks.idHeader], timestamp: headers[StandardWebhooks.timestampHeader],
      signature: headers[StandardWebhooks.signatureHeader], body: body, now: now)
  }
}
