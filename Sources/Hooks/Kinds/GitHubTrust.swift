import JSON
import Jobs

/// Who did what GitHub tells of, and how far that one is trusted.
///
/// The first that holds:
/// 1. A bot, or Errand itself: `bot`.
/// 2. Labels are given by people with triage rights only, so a `labeled` counts as `member`: the label says that
///    somebody of the team has looked at what an outsider wrote.
/// 3. `author_association` of what was written: OWNER is `owner`; MEMBER and COLLABORATOR are `member`; all
///    others, FIRST_TIMER to NONE, are `outside`. It is that of the text's author, who matters more than whoever
///    closed or assigned the issue.
/// 4. Without one: the repository's own user is `owner`, what takes write access is `member`, all else `outside`.
struct GitHubTrust: Sendable {
  /// What takes write access.
  private static let writing: Set<String> = [
    "push", "create", "delete", "release", "deployment", "repository_dispatch", "workflow_dispatch",
  ]
  /// Where texts stand, those first whose author set it off.
  private static let texts = ["comment", "review", "pull_request", "issue", "discussion"]
  /// How everything begins that marks a text as Errand's: an HTML comment, unseen on the page.
  static let ownMark = "<!-- errand:"

  /// In lower case, as GitHub compares them.
  private let identity: Set<String>

  init(identity: [String]) {
    self.identity = Set(identity.map { $0.lowercased() })
  }

  func actor(event: String, _ body: JSON) -> Actor {
    let login = body["sender"]?["login"]?.stringValue ?? "somebody"
    return Actor(name: login, lane: lane(event: event, login: login, body))
  }

  private func lane(event: String, login: String, _ body: JSON) -> Lane {
    let text = GitHubTrust.texts.lazy.compactMap { body[$0]?.objectValue }.first
    let folded = login.lowercased()
    if body["sender"]?["type"] == "Bot" || folded.hasSuffix("[bot]") || identity.contains(folded) {
      return .bot
    }
    if text?["body"]?.stringValue?.contains(GitHubTrust.ownMark) == true {
      // A mark stays in a text; what counts is whether this very event brought the text, or whether the account
      // that Errand wrote it with has pushed to it.
      let action = body["action"]?.stringValue
      let isAuthor = text?["user"]?["login"]?.stringValue?.lowercased() == folded
      if ["opened", "created", "edited", "submitted"].contains(action) { return .bot }
      if action == "synchronize", isAuthor { return .bot }
    }
    if body["action"] == "labeled" { return .member }
    if let association = text?["author_association"]?.stringValue {
      switch association {
      case "OWNER": return .owner
      case "MEMBER", "COLLABORATOR": return .member
      default: return .outside
      }
    }
    if body["repository"]?["owner"]?["login"]?.stringValue?.lowercased() == folded { return .owner }
    return GitHubTrust.writing.contains(event) ? .member : .outside
  }
}
