package import HTTPClient
package import JSON
package import Jobs
package import Outbox
package import Primitives
import Signatures

/// A POST signed as Standard Webhooks says. Only a 2xx counts, and redirects are not followed.
///
/// The address comes from the operator's own job file, never from outside text, so private networks are
/// allowed.
package struct WebhookTarget: Target {
  package static let name = "webhook"
  package static let shape = KindShape(
    name: name,
    fields: [
      FieldShape("url", .text, isRequired: true), FieldShape("secret", .secret, isRequired: true),
    ])

  /// How long a receiver may take.
  static let timeout = Duration.seconds(20)
  /// How much of an answer is kept as the receipt.
  static let receiptLimit = 1024

  private let client: HTTPClient
  private let time: Time

  package init(client: HTTPClient, time: Time = .system) {
    self.client = client
    self.time = time
  }

  package func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    let url = settings["url"]?.stringValue ?? ""
    let signer: StandardWebhooks
    do {
      signer = try StandardWebhooks(secrets: [settings["secret"]?.stringValue ?? ""])
    } catch {
      return .failed(reason: "The callback's secret can't sign: \(error)", retryAfter: nil)
    }
    guard signer.canSign else {
      return .failed(
        reason:
          "The callback's secret is a public key, which can't sign. Give the one that begins with whsec_.",
        retryAfter: nil)
    }
    let body = delivery.payload.bytes
    let timestamp = time.now().seconds
    let request = HTTPClient.Request(
      method: "POST", url: url,
      headers: [
        (name: "content-type", value: "application/json"), (name: "webhook-id", value: delivery.id),
        (name: "webhook-timestamp", value: String(timestamp)),
        (name: "webhook-signature", value: signer.sign(id: delivery.id, timestamp: timestamp, body: body)),
      ], body: body, timeout: WebhookTarget.timeout, bodyLimit: 1 << 20)
    do {
      return WebhookTarget.attempt(try await client.send(request), now: time.now())
    } catch let error as HTTPClientError {
      return .failed(reason: String(describing: error), retryAfter: nil)
    }
  }

  /// What an answer means.
  static func attempt(_ response: HTTPClient.Response, now: Timestamp) -> Attempt {
    let answer = String(decoding: response.body.prefix(receiptLimit), as: UTF8.self)
    switch response.status {
    case 200..<300:
      return .delivered(
        receipt: ["status": .integer(Int64(response.status)), "body": .string(answer)])
    case 300..<400:
      return .failed(
        reason:
          "The receiver answered \(response.status), a redirect; redirects are not followed. Put the final address "
          + "into the job file.", retryAfter: nil)
    case 410:
      return .hopeless(reason: "The receiver answered 410: it is gone for good.")
    default:
      return .failed(
        reason: "The receiver answered \(response.status).",
        retryAfter: response.headers.first("retry-after").flatMap { RetryAfter.read($0, now: now) })
    }
  }
}
