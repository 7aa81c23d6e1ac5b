import Catalog
import Hooks
import JSON
import Jobs
import Primitives
import Reading
import Signatures

/// Slack: slash commands, the Events API, and shortcuts, buttons and dialogs.
/// https://docs.slack.dev/apis/events-api/, https://docs.slack.dev/interactivity/implementing-slash-commands
///
/// A type is `slash_command`, an event's type with its subtype (`app_mention`, `message.file_share`), or an
/// interaction's (`block_actions`, `message_action` …).
struct SlackSource: SourceKind {
  static let name = "slack"
  static let proof = HookProof.headers(
    ProofHeaders("X-Slack-Signature", "X-Slack-Request-Timestamp", time: "X-Slack-Request-Timestamp"))
  static let neededHeaders = ["Content-Type"]
  static let shape = KindShape(
    name: name,
    fields: secretFields + [
      FieldShape(
        "workspaces", .texts, about: "Ids of workspaces, T…, and organisations, E…, whose people are members."
      ),
      FieldShape("owners", .texts, about: "Ids of people, U…, who are owners."),
      FieldShape("members", .texts, about: "Ids of people, U…, who are members."),
    ],
    warn: { settings in
      settings["workspaces"] == nil && settings["members"] == nil
        ? [
          Problem(
            .root,
            "Without a list `workspaces` the people of the workspace that the app is in are members, as far as Slack "
              + "says which one that is. An app that other workspaces may install, or that is in shared channels, "
              + "needs the list: ids of your workspaces or organisations, such as \"T0123ABCD\".")
        ] : []
    })

  static let keptHeaders = [
    "content-type", "user-agent", "x-slack-request-timestamp", "x-slack-retry-num", "x-slack-retry-reason",
  ]

  let scheme: any SignatureScheme
  private let trust: SlackTrust

  init(settings: JSON) throws {
    scheme = try SlackSignature(secrets: Self.secrets(settings))
    trust = SlackTrust(settings: settings)
  }

  func read(_ request: HookRequest) throws(HookRefusal) -> HookPurpose {
    let headers = request.kept(SlackSource.keptHeaders)
    guard try HookBody.isForm(request) else {
      return try event(HookBody.object(request.body), headers)
    }
    let form = try HookBody.form(request.body)
    if form["ssl_check"] == "1" { return .handshake(HookReply(status: 200)) }
    if let payload = form["payload"] { return try interaction(HookBody.object(Array(payload.utf8)), headers) }
    return try command(form, headers)
  }

  // MARK: What came

  private func command(_ form: [String: String], _ headers: JSON.Object) throws(HookRefusal) -> HookPurpose {
    guard form["command"] != nil, let key = Reading.key(form["trigger_id"]) else {
      throw .unreadable(problem: "the form is neither a slash command nor an interaction.")
    }
    let fields = form.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
    let body = JSON.object(JSON.Object(uniqueKeysWithValues: fields))
    return .occurrence(
      Reading(
        dedupeKey: "trigger/\(key)", type: "slash_command",
        actor: trust.actor(type: "slash_command", body),
        text: SlackMarkup.plain(form["text"] ?? ""), body: body, headers: headers))
  }

  private func interaction(_ body: JSON, _ headers: JSON.Object) throws(HookRefusal) -> HookPurpose {
    guard let type = Reading.key(body["type"]?.stringValue) else {
      throw .unreadable(problem: "the payload has no type.")
    }
    let text = body["message"]?["text"] ?? body["actions"]?[0]?["value"]
    return .occurrence(
      Reading(
        dedupeKey: SlackSource.key(of: type, body, headers), type: type, actor: trust.actor(type: type, body),
        text: text?.stringValue.map { SlackMarkup.plain($0) }, body: body, headers: headers))
  }

  /// What begins with a person's act carries a `trigger_id`, dialogs of the old kind an `action_ts`. A closed view
  /// and the look for options have neither; Slack sends none of them twice, so the same is what is the same
  /// throughout, and a view closes once.
  private static func key(of type: String, _ body: JSON, _ headers: JSON.Object) -> String {
    if let key = Reading.key(body["trigger_id"]?.stringValue ?? body["action_ts"]?.stringValue) {
      return "trigger/\(key)"
    }
    // The time is signed. It tells two looks for the same words apart.
    let time = type == "view_closed" ? "" : headers["x-slack-request-timestamp"]?.stringValue ?? ""
    return "\(type.prefix(60))/\(Digest.of(Array(time.utf8) + body.canonicalBytes))"
  }

  private func event(_ body: JSON, _ headers: JSON.Object) throws(HookRefusal) -> HookPurpose {
    if body["type"] == "url_verification" {
      guard let challenge = body["challenge"]?.stringValue else {
        throw .unreadable(problem: "the url_verification has no challenge.")
      }
      return .handshake(.json(["challenge": .string(challenge)]))
    }
    // So many events came in one minute that Slack left some out. It is about no event, and has no id.
    if body["type"] == "app_rate_limited", body["event"] == nil {
      return .occurrence(
        Reading(
          dedupeKey: "app_rate_limited/\(Digest.of(body.canonicalBytes))", type: "app_rate_limited",
          actor: trust.actor(type: "app_rate_limited", body), body: body, headers: headers))
    }
    guard let event = body["event"], var type = Reading.key(event["type"]?.stringValue),
      let key = Reading.key(body["event_id"]?.stringValue)
    else { throw .unreadable(problem: "the JSON has no event with a type, or no event_id.") }
    var subject: String?
    if ["app_mention", "message"].contains(type), let channel = Reading.key(event["channel"]?.stringValue),
      let time = Reading.key(event["ts"]?.stringValue)
    {
      // A message that mentions the app comes as two events, when the app subscribes to both.
      subject = "message/\(channel)/\(time)"
    }
    if let subtype = Reading.key(event["subtype"]?.stringValue) { type += ".\(subtype)" }
    let own = SlackTrust.own(body)
    return .occurrence(
      Reading(
        dedupeKey: "event/\(key)", subject: subject, type: type,
        actor: trust.actor(type: type, body),
        text: event["text"]?.stringValue.map { SlackMarkup.plain($0, addressedTo: own) }, body: body,
        headers: headers))
  }

  // MARK: What is said

  /// So much of an answer is shown; a colleague reads no more in a chat.
  private static let replyLimit = 2000

  /// Whoever typed a command reads what came of it; everything else wants a quick 200 only.
  func reply(to reading: Reading, _ answer: HookAnswer) -> HookReply {
    guard reading.type == "slash_command" else { return HookReply(status: 200) }
    return .json([
      "response_type": "ephemeral",
      "text": .string(SlackMarkup.escaped(SlackSource.words(answer), limit: SlackSource.replyLimit)),
    ])
  }

  private static func words(_ answer: HookAnswer) -> String {
    var started: [String] = []
    var others: [String] = []
    for fired in answer.firings {
      switch fired.decision {
      case "started": started.append("Started \(fired.job).")
      case "joined": started.append("Told the run of \(fired.job) that is at work already.")
      case "held": started.append("\(fired.job) will start later: \(fired.reason ?? "it is held back.")")
      default: others.append("\(fired.job): \(fired.reason ?? fired.decision)")
      }
    }
    if !started.isEmpty { return started.joined(separator: "\n") }
    if others.isEmpty { return "No job listens here, so nothing was started." }
    let rest = others.count > 5 ? "\n… and \(others.count - 5) others." : ""
    return "Nothing was started.\n" + others.prefix(5).joined(separator: "\n") + rest
  }
}
