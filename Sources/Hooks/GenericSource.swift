package import JSON
package import Jobs
package import Primitives
package import Signatures

/// Any sender that signs as Standard Webhooks (https://www.standardwebhooks.com) says: `webhook-id`,
/// `webhook-timestamp`, `webhook-signature`.
package struct GenericSource: SourceKind {
  package static let name = "generic"
  package static let shape = KindShape(
    name: name,
    fields: [
      FieldShape("secret", .secret, isRequired: true),
      FieldShape("previous_secret", .secret, isRequired: false),
    ])

  private let scheme: StandardWebhooks

  package init(settings: JSON) throws {
    let secrets = [settings["secret"], settings["previous_secret"]].compactMap { $0?.stringValue }
    scheme = try StandardWebhooks(secrets: secrets)
  }

  package func verify(_ request: HookRequest, now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: request.headers, body: request.body, now: now)
  }

  package func read(_ request: HookRequest) throws(HookRefusal) -> Reading {
    let body = try GenericSource.body(request)
    var headers: JSON.Object = [:]
    for name in ["content-type", "user-agent", "webhook-id", "webhook-timestamp"] {
      if let value = request.headers[name].first { headers[name] = .string(value) }
    }
    return Reading(
      dedupeKey: request.headers["webhook-id"].first ?? "", type: body["type"]?.stringValue, body: body,
      headers: headers)
  }

  /// JSON, unless the sender says that it is something else; then text.
  static func body(_ request: HookRequest) throws(HookRefusal) -> JSON {
    let type = request.headers["content-type"].first?.lowercased() ?? "application/json"
    if type.contains("json") {
      do {
        return try JSON(parsing: request.body)
      } catch {
        throw .unreadable(problem: String(describing: error))
      }
    }
    guard let text = String(validating: request.body, as: UTF8.self) else {
      throw .unreadable(problem: "it is neither JSON nor text in UTF-8.")
    }
    return .string(text)
  }
}
