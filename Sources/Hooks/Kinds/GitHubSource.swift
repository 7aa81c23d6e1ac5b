package import JSON
package import Jobs
package import Primitives
package import Signatures

/// GitHub: webhooks of a repository, an organisation or an App.
/// https://docs.github.com/en/webhooks/webhook-events-and-payloads
///
/// A type is the name of the webhook's event, with the action when it has one: `issues.opened`, `push`.
package struct GitHubSource: SourceKind {
  package static let name = "github"
  package static let proof = HookProof.headers(
    ProofHeaders("X-Hub-Signature-256"))
  package static let neededHeaders = ["X-GitHub-Event", "X-GitHub-Delivery"]
  package static let shape = KindShape(
    name: name,
    fields: [
      FieldShape("secret", .secret, isRequired: true), FieldShape("previous_secret", .secret),
      // The logins under which Errand itself writes: that of its token's user, when it is not an App's.
      FieldShape("identity", .texts),
    ])

  private static let keptHeaders = [
    "content-type", "user-agent", "x-github-event", "x-github-delivery", "x-github-hook-id",
    "x-github-hook-installation-target-type", "x-github-hook-installation-target-id",
  ]

  private let scheme: GitHubSignature
  private let trust: GitHubTrust

  package init(settings: JSON) throws {
    let secrets = [settings["secret"], settings["previous_secret"]].compactMap { $0?.stringValue }
    scheme = try GitHubSignature(secrets: secrets)
    trust = GitHubTrust(identity: settings["identity"]?.arrayValue?.compactMap(\.stringValue) ?? [])
  }

  package func verify(_ request: HookRequest, now: Timestamp) throws(SignatureRefusal) {
    try scheme.verify(headers: request.headers, body: request.body, now: now)
  }

  package func read(_ request: HookRequest) throws(HookRefusal) -> HookPurpose {
    let event = try GitHubSource.word(request, "X-GitHub-Event")
    // It comes when a webhook is made, to see whether anybody listens.
    if event == "ping" { return .handshake(.json(["ping": "received"])) }
    let delivery = try GitHubSource.word(request, "X-GitHub-Delivery")
    // One event has the same GUID at every hook that hears of it.
    let hook =
      request.headers["X-GitHub-Hook-ID"].isEmpty ? "-" : try GitHubSource.word(request, "X-GitHub-Hook-ID")
    let body = try GitHubSource.body(request)
    var type = event
    if let action = body["action"]?.stringValue, Reading.key(action) != nil { type += ".\(action)" }
    return .occurrence(
      Reading(
        dedupeKey: "\(hook)/\(delivery)", type: type, actor: trust.actor(event: event, body), body: body,
        headers: request.kept(GitHubSource.keptHeaders)))
  }

  /// A header that says one short word.
  private static func word(_ request: HookRequest, _ name: String) throws(HookRefusal) -> String {
    let values = request.headers[name]
    guard values.count == 1, let word = Reading.key(values[0]), word.utf8.count <= 64 else {
      throw .unreadable(
        problem: values.isEmpty
          ? "the header \(name) is missing." : "the header \(name) is not one short word.")
    }
    return word
  }

  private static func body(_ request: HookRequest) throws(HookRefusal) -> JSON {
    guard HookBody.mediaType(request) == "application/x-www-form-urlencoded" else {
      return try HookBody.object(request.body)
    }
    guard let payload = try HookBody.form(request.body)["payload"] else {
      throw .unreadable(problem: "the form has no field “payload”. Set the webhook's content type to JSON.")
    }
    return try HookBody.object(Array(payload.utf8))
  }
}
