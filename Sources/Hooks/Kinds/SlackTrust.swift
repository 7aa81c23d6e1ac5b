import JSON
import Jobs

/// Who wrote in Slack, and how far that one is trusted, by the lists in the source's file.
///
/// The first that holds:
/// 1. A bot, or Errand itself: `bot`.
/// 2. Listed in `owners`: `owner`. Listed in `members`: `member`.
/// 3. With a list `members`, all others are `outside`.
/// 4. Of a workspace listed in `workspaces`, or without that list of the workspace that the app is in: `member`.
///    An app that other workspaces may install needs the list.
/// 5. All else, guests of shared channels above all: `outside`.
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

  /// - Parameters:
  ///   - team: the workspace that the person belongs to.
  ///   - home: the one that the app is in.
  func actor(user: String?, team: String?, home: String?) -> Actor {
    guard let user else { return Actor(name: "somebody", lane: .outside) }
    return Actor(name: user, lane: lane(user: user, team: team, home: home))
  }

  private func lane(user: String, team: String?, home: String?) -> Lane {
    guard let team, let home else { return .outside }
    let isHome = workspaces.map { $0.contains(team) } ?? (team == home)
    if owners.contains(user) { return .owner }
    if let members { return members.contains(user) ? .member : .outside }
    return isHome ? .member : .outside
  }

  /// - Parameter own: the app's own users.
  func actor(of event: JSON, in body: JSON, own: [String]) -> Actor {
    let message = event["message"] ?? event
    let user = event["user"]?.stringValue ?? message["user"]?.stringValue
    let isBot =
      [event, message].contains { $0["bot_id"]?.stringValue != nil || $0["bot_profile"]?.objectValue != nil }
      || event["subtype"] == "bot_message" || user.map(own.contains) == true
    if isBot {
      let name = user ?? event["bot_id"]?.stringValue ?? message["bot_id"]?.stringValue ?? "a bot"
      return Actor(name: name, lane: .bot)
    }
    let home = body["team_id"]?.stringValue
    let team = event["user_team"] ?? event["source_team"] ?? event["team"]
    return actor(user: user, team: team?.stringValue ?? home, home: home)
  }
}
