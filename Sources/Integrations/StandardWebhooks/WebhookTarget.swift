import Callbacks
import HTTPClient
import JSON
import Jobs
import Outbox
import Primitives
import Reading
import Signatures

/// A POST signed as Standard Webhooks says. Only a 2xx counts, and redirects are not followed.
///
/// The address comes from the operator's own job file, never from outside text, so private networks are
/// allowed.
struct WebhookTarget: SuppliedTarget {
  static let name = "webhook"
  static let shape: KindShape = {
    var shape = KindShape(
      name: name,
      fields: [
        FieldShape("url", .text, isRequired: true), FieldShape("secret", .secret, isRequired: true),
      ],
      check: { settings in
        guard let url = settings["url"]?.stringValue, let problem = problem(ofAddress: url) else { return [] }
        return [Problem(FieldPath.root.key("url"), problem)]
      })
    shape.checkResolved = problems(ofResolved:)
    return shape
  }()

  /// How long a receiver may take.
  static let timeout = Duration.seconds(20)
  /// How much of an answer is kept as the receipt. The rest is not read.
  static let receiptLimit = 1024

  private let client: HTTPClient
  private let time: Time

  init(_ supplies: Supplies) {
    client = supplies.client
    time = supplies.time
  }

  func send(_ delivery: Delivery, settings: JSON) async throws -> Attempt {
    let url = settings["url"]?.stringValue ?? ""
    let signer: StandardWebhooks
    do {
      signer = try StandardWebhooks(secrets: [settings["secret"]?.stringValue ?? ""])
    } catch {
      return .hopeless(reason: "The callback's secret can't sign: \(error)")
    }
    guard signer.canSign else { return .hopeless(reason: WebhookTarget.publicKey) }
    if let problem = WebhookTarget.problem(ofResolved: url) {
      return .hopeless(reason: "The callback's url can't be used. \(problem)")
    }
    let body = delivery.payload.bytes
    let timestamp = time.now().seconds
    let request = HTTPClient.Request(
      method: "POST", url: url,
      headers: [
        (name: "content-type", value: "application/json"), (name: "webhook-id", value: delivery.id),
        (name: "webhook-timestamp", value: String(timestamp)),
        (name: "webhook-signature", value: signer.sign(id: delivery.id, timestamp: timestamp, body: body)),
      ], body: body, timeout: WebhookTarget.timeout)
    do {
      let response = try await client.stream(request)
      let answer = await WebhookTarget.beginning(of: response.body)
      return WebhookTarget.attempt(response, answer, now: time.now())
    } catch let error as HTTPClientError {
      if case .invalidRequest = error { return .hopeless(reason: String(describing: error)) }
      return .failed(reason: String(describing: error), retryAfter: nil)
    }
  }

  /// As much of an answer as is kept. Its status has come, so however the body goes on changes nothing.
  private static func beginning(of body: HTTPClient.StreamingResponse.Body) async -> String {
    var bytes: [UInt8] = []
    var pieces = body.makeAsyncIterator()
    while bytes.count < receiptLimit, let piece = try? await pieces.next() { bytes += piece }
    return String(decoding: bytes.prefix(receiptLimit), as: UTF8.self)
  }

  /// What an answer means.
  static func attempt(
    _ response: HTTPClient.StreamingResponse, _ answer: String, now: Timestamp
  ) -> Attempt {
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

  // MARK: Settings that can never work

  private static let publicKey =
    "The callback's secret is a public key, which can't sign. Give the one that begins with whsec_."

  /// Why nothing can be posted there; nil when it can be tried, or is not known yet.
  static func problem(ofAddress text: String) -> String? {
    if !text.contains("{{"), KindShape.isOpen(text) { return nil }
    return problem(ofResolved: text)
  }

  /// The same of an address with its secrets in place. All of it is the operator's own.
  private static func problem(ofResolved text: String) -> String? {
    if text.contains("{{") {
      return "The address is no template: what a run is about stands in the body that is posted."
    }
    let expected = "Expected the address of a receiver, such as https://example.com/results."
    let lower = text.lowercased()
    guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else { return expected }
    // A user and password in front of the host are sent along.
    let host = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    let bare = host.lastIndex(of: "@").map { text.index(after: $0) } ?? host.startIndex
    return WebAddress(scheme + text[bare...]) == nil ? expected : nil
  }

  /// What is wrong with the settings once their secrets are known.
  static func problems(ofResolved settings: JSON) -> [Problem] {
    guard let secret = settings["secret"]?.stringValue else { return [] }
    let place = FieldPath.root.key("secret")
    do {
      return try StandardWebhooks(secrets: [secret]).canSign ? [] : [Problem(place, publicKey)]
    } catch {
      return [Problem(place, "The secret can't sign: \(error)")]
    }
  }
}
