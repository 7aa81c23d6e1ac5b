import HTTPClient
import JSON
import Primitives
import Signatures

/// Signed webhooks as a sender of the generic kind makes them.
struct Webhook: Sendable {
  let secret: String
  private let signer: StandardWebhooks

  init(_ randomness: Randomness = .system) throws {
    secret = StandardWebhooks.newSecret(randomness)
    signer = try StandardWebhooks(secrets: [secret])
  }

  func headers(id: String, body: [UInt8], now: Timestamp) -> [(name: String, value: String)] {
    [
      (name: "content-type", value: "application/json"), (name: "webhook-id", value: id),
      (name: "webhook-timestamp", value: String(now.seconds)),
      (name: "webhook-signature", value: signer.sign(id: id, timestamp: now.seconds, body: body)),
    ]
  }
}
