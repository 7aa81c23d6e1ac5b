import Hooks
import JSON
import Jobs
import Primitives
import Reading
import Signatures

/// GitHub: webhooks of a repository, an organisation or an App.
/// https://docs.github.com/en/webhooks/webhook-events-and-payloads
///
/// A type is the name of the webhook's event, with the action when it has one: `issues.opened`, `push`.
struct GitHubSource: SourceKind {
  static let name = "github"
  static let proof = HookProof.headers(
    ProofHeaders("X-Hub-Signature-256"))
  static let neededHeaders = ["X-GitHub-Event", "X-GitHub-Delivery"]
  static let shape = KindShape(
    name: name,
    fields: secretFields + [
      FieldShape(
        "identity", .texts,
        about: "Logins under which Errand itself writes: that of its token's user, when it is not an App's."),
      FieldShape(
        "bots", .texts, about: "Logins of other programs that are trusted as bot, such as dependabot[bot]."),
      FieldShape(
        "repositories", .texts, about: "From where webhooks are taken: OWNER/NAME, or OWNER/* for all of one."
      ),
      FieldShape(
        "installations", .ids, about: "Ids of an App's installations from which webhooks are taken."),
    ],
    check: GitHubOrigin.problems,
    warn: { settings in
      settings["repositories"] == nil && settings["installations"] == nil
        ? [
          Problem(
            .root,
            "The source takes webhooks of every repository that knows the secret. If it is an App's that others may "
              + "install, they are owners of their own repositories: list yours under `repositories`, such as "
              + "\"octo/ferry\" or \"octo/*\", or the App's `installations`.")
        ] : []
    })

  static let keptHeaders = [
    "content-type", "user-agent", "x-github-event", "x-github-delivery", "x-github-hook-id",
    "x-github-hook-installation-target-type", "x-github-hook-installation-target-id",
  ]

  let scheme: any SignatureScheme
  private var trust: GitHubTrust
  private let origin: GitHubOrigin

  /// After so long the same body may be another event, where nothing in it tells the time. GitHub sends nothing
  /// again by itself, and by hand under the same GUID.
  private static let timelessWindow = Duration.seconds(600)

  init(settings: JSON) throws {
    scheme = try GitHubSignature(secrets: Self.secrets(settings))
    func logins(_ name: String) -> [String] { settings[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    trust = GitHubTrust(identity: logins("identity"), bots: logins("bots"))
    origin = GitHubOrigin(settings: settings)
  }

  mutating func know(_ marks: OwnMarks) { trust.marks = marks }

  func read(_ request: HookRequest) throws(HookRefusal) -> HookPurpose {
    let event = try GitHubSource.word(request, "X-GitHub-Event")
    // It comes when a webhook is made, to see whether anybody listens.
    if event == "ping", try GitHubSource.isPing(request) { return .handshake(.json(["ping": "received"])) }
    let delivery = try GitHubSource.word(request, "X-GitHub-Delivery")
    // One event has the same GUID at every hook that hears of it.
    let hook =
      request.headers["X-GitHub-Hook-ID"].isEmpty ? "-" : try GitHubSource.word(request, "X-GitHub-Hook-ID")
    let body = try GitHubSource.body(request)
    let rule = try GitHubSource.rule(of: event, body)
    if let refusal = origin.refusal(of: body) { throw .unlisted(problem: refusal) }
    var type = event
    if let action = body["action"]?.stringValue, Reading.key(action) != nil { type += ".\(action)" }
    return .occurrence(
      Reading(
        dedupeKey: "\(hook)/\(delivery)",
        once: rule?.isTimeless == true ? .within(GitHubSource.timelessWindow) : .ever,
        type: type, actor: trust.actor(rule, body), body: body,
        headers: request.kept(GitHubSource.keptHeaders)))
  }

  /// The header that says so is not signed.
  private static func isPing(_ request: HookRequest) throws(HookRefusal) -> Bool {
    let body = try body(request)
    return body["zen"] != nil || body["hook_id"] != nil
  }

  /// Nil for a body that no rule knows.
  /// - Throws: for one that is another event's than the header says: the header is not signed.
  private static func rule(of event: String, _ body: JSON) throws(HookRefusal) -> GitHubRule? {
    let members = body.objectValue.map { Set($0.keys) } ?? []
    switch GitHubRule.find(event, members: members, filled: members.filter { body[$0] != .null }) {
    case .fits(let rule): return rule
    case .unknown: return nil
    case .another(let other):
      throw .unreadable(
        problem:
          "the header X-GitHub-Event says \(event), but the body is that of \(other). The header is not "
          + "signed, so the body counts.")
    }
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
    guard try HookBody.isForm(request) else { return try HookBody.object(request.body) }
    guard let payload = try HookBody.form(request.body)["payload"] else {
      throw .unreadable(problem: "the form has no field “payload”. Set the webhook's content type to JSON.")
    }
    return try HookBody.object(Array(payload.utf8))
  }
}
