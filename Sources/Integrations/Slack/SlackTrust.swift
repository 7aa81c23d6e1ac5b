import JSON
import Jobs

/// Who did something in Slack, and how far that one is trusted, by the lists in the source's file.
///
/// `SlackRule.all` says for every shape who is judged. The first that holds:
/// 1. Errand itself, or a bot: `bot`. One that is not certainly of one's own workspaces only where a job takes
///    `outside` as well.
/// 2. Listed in `owners`: `owner`. Listed in `members`: `member`.
/// 3. With a list `members`, all others are `outside`.
/// 4. A guest, or somebody of another workspace than those in `workspaces`, or without that list than the one that
///    the app is in: `outside`. An app that other workspaces may install needs the list, and so does one in shared
///    channels: some interactions do not say which workspace is the app's.
/// 5. Somebody of whom no workspace is known, in a channel that several organisations share: `outside`.
/// 6. `member`. Of an app that is installed for a whole organisation: whoever is of that organisation.
///
/// Ids of organisations, E…, may stand in `workspaces` too, for the people whose workspace is known to be of one.
struct SlackTrust: Sendable {
  private let workspaces: Set<String>?
  private let owners: Set<String>
  private let members: Set<String>?

  init(settings: JSON) {
    func list(_ name: String) -> Set<String>? {
      settings[name]?.arrayValue.map { Set($0.compactMap(\.stringValue)) }
    }
    workspaces = list("workspaces")
    owners = list("owners") ?? []
    members = list("members")
  }

  func actor(type: String, _ body: JSON) -> Actor {
    let rule = SlackRule.of(type: type)
    let origin = SlackOrigin(rule: rule, body: body, workspaces: workspaces)
    // A bot's message names no user.
    let people = rule.people.filter { body.text(atFirst: $0.ids) != nil }
    let names = people.compactMap { body.text(atFirst: $0.ids) }
    if let bot = SlackTrust.bot(among: names, body) {
      let isOwn = names.contains(where: SlackTrust.own(body).contains)
      let judged = people.isEmpty ? Array(rule.people.prefix(1)) : people
      let isOurs = judged.allSatisfy { origin.isOurs($0) == true } && !judged.isEmpty
      return Actor(name: bot, lane: .bot, alsoLane: isOwn || isOurs ? nil : .outside)
    }
    guard let name = names.first else { return Actor(name: "somebody", lane: .outside) }
    let lanes = zip(names, people).map { lane($0, isOurs: origin.isOurs($1) == true) }
    return Actor(name: name, lane: [.outside, .member].first(where: lanes.contains) ?? .owner)
  }

  private func lane(_ user: String, isOurs: Bool) -> Lane {
    if owners.contains(user) { return .owner }
    if let members { return members.contains(user) ? .member : .outside }
    return isOurs ? .member : .outside
  }

  // MARK: Bots

  /// The app's own users. One that is no bot is a person who installed it.
  static func own(_ body: JSON) -> [String] {
    body["authorizations"]?.arrayValue?.compactMap {
      $0["is_bot"] == false ? nil : $0["user_id"]?.stringValue
    } ?? []
  }

  /// The name of the bot that did it; nil when it was none.
  private static func bot(among people: [String], _ body: JSON) -> String? {
    let event = body["event"]
    let message = event?["message"]
    let texts = [event, message].compactMap(\.self)
    let isBot =
      texts.contains { $0["bot_id"]?.stringValue != nil || $0["bot_profile"]?.objectValue != nil }
      || event?["subtype"] == "bot_message" || message?["subtype"] == "bot_message"
      || event?["user"]?["is_bot"] == true || body["user"]?["is_bot"] == true
      || people.contains(where: own(body).contains)
    guard isBot else { return nil }
    return people.first ?? texts.lazy.compactMap { $0["bot_id"]?.stringValue }.first ?? "a bot"
  }
}
