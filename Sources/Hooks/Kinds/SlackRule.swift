/// Where in what Slack sends stands who did it, which workspaces that one is of, and which the app is in: one
/// line for each shape. The first line that names a type counts.
///
/// In a channel that several organisations share, the outer `team_id` is the workspace where something happened,
/// so it says little: the app's own stands in `authorizations`, `context_team_id` or `view.app_installed_team_id`.
struct SlackRule: Sendable {
  /// Types, or beginnings of types with `*`.
  var types: [String]
  /// Who is judged: the first of each row that is there. Of several people the least trusted; none is nobody.
  var people: [[String]]
  /// Workspaces of the one who is judged. All that are there must be one's own.
  var teams: [String] = []
  /// The workspace that the app is in: the first that is there.
  var home: [String]
  /// Where it happened: the first that is there. It counts for people of whom nothing else is known.
  var place: [String]

  private static let eventHome = ["authorizations.0.team_id", "context_team_id", "team_id"]

  /// https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/reference/events
  static let all = [
    SlackRule(
      types: ["slash_command"], people: [["user_id"]], teams: ["team_id"], home: ["team_id"],
      place: ["team_id"]),
    // The message with the button is the app's own.
    SlackRule(
      types: ["block_actions", "block_suggestion", "interactive_message"], people: [["user.id"]],
      teams: ["user.team_id"],
      home: [
        "view.app_installed_team_id", "message.bot_profile.team_id", "message.team", "original_message.team",
        "team.id",
      ],
      place: ["team.id"]),
    SlackRule(
      types: ["view_submission", "view_closed"], people: [["user.id"]], teams: ["user.team_id"],
      home: ["view.app_installed_team_id", "team.id"], place: ["team.id"]),
    SlackRule(
      types: ["message_action", "shortcut", "dialog_*", "workflow_step_edit"], people: [["user.id"]],
      teams: ["user.team_id"], home: ["team.id"], place: ["team.id"]),

    // Whoever wrote the message, and whoever changed it.
    SlackRule(
      types: ["message.message_changed"], people: [["event.message.user"], ["event.message.edited.user"]],
      teams: [
        "event.message.user_team", "event.message.source_team", "event.message.team",
        "event.message.user_profile.team",
      ], home: eventHome, place: ["team_id"]),
    // They do not say who deleted, or who replied.
    SlackRule(
      types: ["message.message_deleted", "message.message_replied"], people: [], home: eventHome,
      place: ["team_id"]),
    SlackRule(
      types: ["assistant_thread_*"], people: [["event.assistant_thread.user_id"]], home: eventHome,
      place: ["team_id"]),
    SlackRule(
      types: ["*"], people: [["event.user", "event.user.id", "event.user_id", "event.actor_id"]],
      teams: [
        "event.user_team", "event.source_team", "event.team", "event.user.team_id", "event.user_profile.team",
      ], home: eventHome, place: ["team_id"]),
  ]

  static func of(type: String) -> SlackRule {
    all.first { rule in
      rule.types.contains { $0.hasSuffix("*") ? type.hasPrefix($0.dropLast()) : type == $0 }
    } ?? SlackRule(types: [], people: [], home: [], place: [])
  }
}
