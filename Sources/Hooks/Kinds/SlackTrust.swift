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
///    the app is in: `outside`. An app that other workspaces may install needs the list.
/// 5. Somebody of whom no workspace is known, in a channel that several organisations share: `outside`.
/// 6. `member`. Of an app that is installed for a whole organisation: whoever is of that organisation.
///
/// Ids of organisations, E…, may stand in `workspaces` too.
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
    let people = rule.people.compactMap { SlackTrust.first($0, in: body) }
    let isOurs = isOurs(rule, body)
    if let bot = SlackTrust.bot(among: people, body) {
      let isOwn = people.contains(where: SlackTrust.own(body).contains)
      return Actor(name: bot, lane: .bot, alsoLane: isOwn || isOurs == true ? nil : .outside)
    }
    guard let name = people.first else { return Actor(name: "somebody", lane: .outside) }
    let lanes = people.map { lane($0, isOurs: isOurs == true) }
    return Actor(name: name, lane: [.outside, .member].first(where: lanes.contains) ?? .owner)
  }

  private func lane(_ user: String, isOurs: Bool) -> Lane {
    if owners.contains(user) { return .owner }
    if let members { return members.contains(user) ? .member : .outside }
    return isOurs ? .member : .outside
  }

  // MARK: Whose workspace

  /// Whether who did it is of one's own workspaces; nil when nothing says so.
  private func isOurs(_ rule: SlackRule, _ body: JSON) -> Bool? {
    if SlackTrust.isGuest(body) { return false }
    let home = SlackTrust.first(rule.home, in: body)
    let place = SlackTrust.first(rule.place, in: body)
    let teams = rule.teams.compactMap { SlackTrust.text($0, in: body) }
    let organisation = SlackTrust.organisation(body)
    func isOwn(_ team: String) -> Bool {
      if let workspaces {
        return workspaces.contains(team) || (organisation.map(workspaces.contains) ?? false)
      }
      // Installed for all workspaces of an organisation, of which none is the app's.
      if body["authorizations"]?[0]?["is_enterprise_install"] == true {
        return organisation != nil || team == body["context_team_id"]?.stringValue
      }
      return team == home
    }
    if !teams.isEmpty { return teams.allSatisfy(isOwn) }
    if body["is_ext_shared_channel"] == true { return nil }
    return (place ?? organisation).map(isOwn)
  }

  /// The organisation that the app is installed for, when all of what came is of that one.
  private static func organisation(_ body: JSON) -> String? {
    if body["is_ext_shared_channel"] == true { return nil }
    let installed = body["authorizations"]?[0]
    if installed?["is_enterprise_install"] == true {
      let own = installed?["enterprise_id"]?.stringValue
      return own == body["enterprise_id"]?.stringValue ? own : nil
    }
    // Interactions do not say whose organisation theirs is, so only the list `workspaces` can.
    guard installed == nil, body["is_enterprise_install"] == true || body["is_enterprise_install"] == "true"
    else {
      return nil
    }
    return body["enterprise"]?["id"]?.stringValue ?? body["enterprise_id"]?.stringValue
  }

  private static func isGuest(_ body: JSON) -> Bool {
    let marks = ["is_restricted", "is_ultra_restricted", "is_stranger"]
    let people = [
      body["user"], body["event"]?["user"], body["event"]?["user_profile"],
      body["event"]?["message"]?["user_profile"],
    ]
    return people.contains { person in marks.contains { person?[$0] == true } }
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

  // MARK: Places

  private static func first(_ places: [String], in body: JSON) -> String? {
    places.lazy.compactMap { text($0, in: body) }.first
  }

  /// The text at a place such as `authorizations.0.team_id`.
  private static func text(_ place: String, in body: JSON) -> String? {
    let found = place.split(separator: ".").reduce(body as JSON?) { value, word in
      Int(word).map { value?[$0] } ?? value?[String(word)]
    }
    guard let text = found?.stringValue, !text.isEmpty else { return nil }
    return text
  }
}
