/// Where in what Slack sends stands who did it, which workspaces that one is of, and which the app is in: one
/// line for each shape. The first line that names a type counts.
///
/// In a channel that several organisations share, `team_id` and `team` say where something happened, so they say
/// little: the app's own workspace stands in `authorizations`, `context_team_id` or `view.app_installed_team_id`.
struct SlackRule: Sendable {
  struct Person: Sendable {
    /// The id of the one who is judged: the first that is there.
    var ids: [String]
    /// That one's own workspace or organisation. All that are there must be one's own.
    var teams: [String] = []
    /// Where it happened, which counts when none of `teams` is there.
    var around: [String] = []
  }

  /// Types, or beginnings of types with `*`.
  var types: [String]
  /// Of several people the least trusted counts; none is nobody.
  var people: [Person]
  /// The workspace that the app is in: the first that is there. If none is, `place`, unless it may be shared.
  var home: [String]
  /// Where it happened: the first that is there. It counts for people of whom nothing else is known.
  var place: [String]

  private static let eventHome = ["authorizations.0.team_id", "context_team_id"]
  /// The message with the button is the app's own. A link that the app unfurls is somebody else's: see `SlackOrigin`.
  private static let messageHome = ["message.bot_profile.team_id", "message.team", "original_message.team"]
  private static let viewHome = ["view.app_installed_team_id"]
  private static let user = Person(ids: ["user.id"], teams: ["user.team_id"])

  /// https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/reference/events
  static let all = [
    SlackRule(
      types: ["slash_command"], people: [Person(ids: ["user_id"], teams: ["team_id"])], home: [],
      place: ["team_id"]),
    SlackRule(
      types: ["block_actions", "block_suggestion", "interactive_message"], people: [user],
      home: viewHome + messageHome, place: ["team.id"]),
    SlackRule(types: ["view_submission", "view_closed"], people: [user], home: viewHome, place: ["team.id"]),
    SlackRule(
      types: ["message_action", "shortcut", "dialog_*", "workflow_step_edit"], people: [user], home: [],
      place: ["team.id"]),

    // Whoever wrote the message, and whoever changed it.
    SlackRule(
      types: ["message.message_changed"],
      people: [
        Person(
          ids: ["event.message.user"],
          teams: [
            "event.message.user_team", "event.message.source_team", "event.message.user_profile.team",
            "event.message.bot_profile.team_id",
          ], around: ["event.message.team"]),
        Person(
          ids: ["event.message.edited.user"],
          teams: [
            "event.message.edited.user_team", "event.message.edited.source_team", "event.message.edited.team",
          ]),
      ], home: eventHome, place: ["team_id"]),
    // They do not say who deleted, or who replied.
    SlackRule(
      types: ["message.message_deleted", "message.message_replied"], people: [], home: eventHome,
      place: ["team_id"]),
    SlackRule(
      types: ["assistant_thread_*"], people: [Person(ids: ["event.assistant_thread.user_id"])],
      home: eventHome, place: ["team_id"]),
    SlackRule(
      types: ["*"],
      people: [
        Person(
          ids: ["event.user", "event.user.id", "event.user_id", "event.actor_id"],
          teams: [
            "event.user_team", "event.source_team", "event.user.team_id", "event.user_profile.team",
            "event.bot_profile.team_id",
          ], around: ["event.team"])
      ], home: eventHome, place: ["team_id"]),
  ]

  /// Which organisation a workspace is of: pairs of places that say so.
  static let organisations = [
    ("team_id", "enterprise_id"), ("context_team_id", "context_enterprise_id"),
    ("authorizations.0.team_id", "authorizations.0.enterprise_id"), ("user.team_id", "user.enterprise_id"),
    ("team.id", "team.enterprise_id"),
    ("event.user.team_id", "event.user.enterprise_user.enterprise_id"),
  ]

  static func of(type: String) -> SlackRule {
    all.first { rule in
      rule.types.contains { $0.hasSuffix("*") ? type.hasPrefix($0.dropLast()) : type == $0 }
    } ?? SlackRule(types: [], people: [], home: [], place: [])
  }
}
