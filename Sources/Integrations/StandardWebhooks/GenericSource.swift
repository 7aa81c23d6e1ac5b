import Hooks
import JSON
import Jobs
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
    fields: secretFields + [
      FieldShape("lane", .choice(Lane.allCases.map(\.rawValue)))
    ])

  static let keptHeaders = ["content-type", "user-agent", "webhook-id", "webhook-timestamp"]

  let scheme: any SignatureScheme
  private let lane: Lane

  init(settings: JSON) throws {
    scheme = try StandardWebhooks(secrets: Self.secrets(settings))
    lane = settings["lane"]?.stringValue.flatMap(Lane.init) ?? .owner
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
