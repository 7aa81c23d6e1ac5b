import Hooks
import JSON
import Jobs
import Primitives
import Signatures

/// Any sender that signs as Standard Webhooks (https://www.standardwebhooks.com) says: `webhook-id`,
/// `webhook-timestamp`, `webhook-signature`.
///
/// Whoever holds the secret is the owner, unless the file gives another `lane`.
struct GenericSource: SourceKind {
  static let name = "generic"
  static let proof = HookProof.headers(
    ProofHeaders("webhook-id", "webhook-timestamp", "webhook-signature", time: "webhook-timestamp"))
  static let neededHeaders = ["webhook-id"]
  static let shape = KindShape(
    name: name,
    fields: [
      FieldShape("secret", .secret, isRequired: true), FieldShape("previous_secret", .secret),
      FieldShape("lane", .choice(Lane.allCases.map(\.rawValue))),
    ])

  static let keptHeaders = ["content-type", "user-agent", "webhook-id", "webhook-timestamp"]

  private let scheme: StandardWebhooks
  private let lane: Lane

  init(settings: JSON) throws {
    let secrets = [settings["secret"], settings["previous_secret"]].compactMap { $0?.stringValue }
    scheme = try StandardWebhooks(secrets: secrets)
    lane = settings["lane"]?.stringValue.flatMap(Lane.init) ?? .owner
  }

  func verify(_ request: HookRequest, now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: request.headers, body: request.body, now: now)
  }

  func read(_ request: HookRequest) throws(HookRefusal) -> HookPurpose {
    guard let id = Reading.key(request.headers["webhook-id"].first) else {
      throw .unreadable(
        problem: "webhook-id is not a text of 1 to \(Reading.keyLimit) printable ASCII characters.")
    }
    let body = try GenericSource.body(request)
    return .occurrence(
      Reading(
        dedupeKey: id, type: body["type"]?.stringValue, actor: Actor(name: "the sender", lane: lane),
        body: body,
        headers: request.kept(GenericSource.keptHeaders)))
  }

  /// JSON, unless the sender says that it is something else; then text.
  private static func body(_ request: HookRequest) throws(HookRefusal) -> JSON {
    if HookBody.mediaType(request)?.contains("json") ?? true { return try HookBody.json(request.body) }
    guard let text = String(validating: request.body, as: UTF8.self) else {
      throw .unreadable(problem: "it is neither JSON nor text in UTF-8.")
    }
    return .string(text)
  }
}
