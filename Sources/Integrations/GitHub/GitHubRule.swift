/// Whom Errand trusts how far when GitHub tells of something: one line for each event.
///
/// The name of the event stands in a header that GitHub does not sign, so a line also says how the event's body
/// is known: by its top-level `marks`. A body that is another event's is refused, and one that no line knows
/// starts nothing for more than `outside`.
struct GitHubRule: Sendable {
  enum Judged: Sendable, Equatable {
    /// Whoever did it, by the texts at these places; of several the least trusted counts. Whoever wrote the text
    /// is trusted by its `author_association`, which speaks of them and of nobody else. Somebody else is never more
    /// than a `member`: on a text that somebody trusted wrote, or by an act that takes rights, such as a label. A
    /// label in the author's own name says nothing: the forms of a repository give labels to whatever anybody opens.
    case authors([String])
    /// Only those with write access can set it off: `member`, and the repository's own user is `owner`.
    case writers
    /// Anybody can, or nobody knows who did: `outside`, and the repository's own user is `owner`.
    case anybody
  }

  var event: String
  /// Members that the body of every such event has.
  var marks: Set<String>
  /// Members by which other events are known, and which this one may have too.
  var mayHave: Set<String> = []
  var judged: Judged
  /// Actions that take triage or write rights of everybody but the text's author.
  var takesRights: Set<String> = []
  /// Actions that come of themselves when somebody pushes to a pull request's branch, which in a fork takes none of
  /// the repository's rights.
  var comesOfPush: Set<String> = []
  /// Whether nothing in the body tells one time from another, so that two of them may be the same byte for byte.
  var isTimeless = false

  private init(
    _ event: String, _ marks: Set<String>, mayHave: Set<String> = [], _ judged: Judged,
    takesRights: Set<String> = [], comesOfPush: Set<String> = [], timeless: Bool = false
  ) {
    (self.event, self.marks, self.mayHave, self.judged) = (event, marks, mayHave, judged)
    (self.takesRights, self.comesOfPush, isTimeless) = (takesRights, comesOfPush, timeless)
  }

  /// What those with triage or write rights do to issues, pull requests and discussions of others.
  private static let care: Set<String> = [
    "assigned", "closed", "converted_to_draft", "deleted", "demilestoned", "edited", "labeled", "locked",
    "milestoned", "pinned", "reopened", "transferred", "unassigned", "unlabeled", "unlocked", "unpinned",
  ]

  /// https://docs.github.com/en/webhooks/webhook-events-and-payloads, as of November 2026.
  static let all = [
    // Texts that somebody wrote.
    GitHubRule(
      "issues", ["issue"], mayHave: ["label", "milestone", "type"], .authors(["issue"]),
      takesRights: care.union(["field_added", "field_removed", "typed", "untyped"])),
    GitHubRule(
      "issue_comment", ["comment"], mayHave: ["issue"], .authors(["comment"]),
      takesRights: ["deleted", "edited", "pinned", "unpinned"]),
    GitHubRule(
      "pull_request", ["pull_request"], mayHave: ["label", "milestone", "before", "after"],
      .authors(["pull_request"]),
      takesRights: care.union([
        "auto_merge_enabled", "enqueued", "ready_for_review", "review_request_removed",
      ]),
      comesOfPush: ["auto_merge_disabled", "closed", "dequeued", "review_requested", "synchronize"]),
    // A push dismisses reviews in the name of whoever pushes.
    GitHubRule(
      "pull_request_review", ["review"], mayHave: ["pull_request"], .authors(["review"]),
      takesRights: ["edited"], comesOfPush: ["dismissed"]),
    GitHubRule(
      "pull_request_review_comment", ["comment"], mayHave: ["pull_request"], .authors(["comment"]),
      takesRights: ["deleted", "edited"]),
    // The author of the pull request needs no rights to resolve what others wrote.
    GitHubRule(
      "pull_request_review_thread", ["thread"], mayHave: ["pull_request"],
      .authors(["pull_request", "thread.comments"])),
    GitHubRule(
      "discussion", ["discussion"], mayHave: ["label"], .authors(["discussion"]),
      takesRights: care.union(["answered", "category_changed", "unanswered"])),
    GitHubRule(
      "discussion_comment", ["comment"], mayHave: ["discussion"], .authors(["comment"]),
      takesRights: ["deleted", "edited"]),
    GitHubRule("commit_comment", ["comment"], .authors(["comment"])),
    // One of the two may be of another repository, where its author is trusted by somebody else.
    GitHubRule("sub_issues", ["sub_issue", "parent_issue"], .authors(["sub_issue", "parent_issue"])),
    GitHubRule(
      "issue_dependencies", ["blocked_issue", "blocking_issue"],
      .authors(["blocked_issue", "blocking_issue"])),

    // What takes write access. That goes for programs too: one that nobody listed is `bot` here.
    GitHubRule("push", ["ref", "before", "after", "pusher", "commits"], .writers),
    GitHubRule("create", ["ref", "ref_type", "master_branch", "pusher_type"], .writers),
    GitHubRule("delete", ["ref", "ref_type", "pusher_type"], .writers),
    GitHubRule("release", ["release"], .writers),
    GitHubRule("deployment", ["deployment"], mayHave: ["workflow", "workflow_run"], .writers),
    GitHubRule("repository_dispatch", ["client_payload", "branch"], .writers, timeless: true),
    GitHubRule("workflow_dispatch", ["inputs", "ref", "workflow"], .writers, timeless: true),

    // The rest. What GitHub ran for a fork is a stranger's, whoever started it: see `GitHubFork`.
    GitHubRule("branch_protection_configuration", [], .anybody, timeless: true),
    GitHubRule("branch_protection_rule", ["rule"], .anybody),
    GitHubRule("check_run", ["check_run"], .anybody), GitHubRule("check_suite", ["check_suite"], .anybody),
    GitHubRule("code_scanning_alert", ["alert", "commit_oid", "ref"], .anybody),
    GitHubRule("custom_property", ["definition"], .anybody, timeless: true),
    GitHubRule("custom_property_values", ["new_property_values"], .anybody, timeless: true),
    GitHubRule("dependabot_alert", ["alert"], .anybody), GitHubRule("deploy_key", ["key"], .anybody),
    GitHubRule(
      "deployment_protection_rule", ["deployment", "deployment_callback_url"], .anybody),
    GitHubRule(
      "deployment_review", ["workflow_run", "since"],
      mayHave: [
        "workflow_job_run", "workflow_job_runs", "deployment", "environment", "comment", "approver",
        "reviewers", "requestor",
      ], .anybody),
    GitHubRule(
      "deployment_status", ["deployment_status", "deployment"],
      mayHave: ["check_run", "workflow", "workflow_run"], .anybody),
    GitHubRule("fork", ["forkee"], .anybody),
    GitHubRule("github_app_authorization", [], .anybody, timeless: true),
    GitHubRule("gollum", ["pages"], .anybody),
    GitHubRule("installation", ["installation"], .anybody),
    GitHubRule("installation_repositories", ["installation", "repositories_added"], .anybody),
    GitHubRule("installation_target", ["account", "target_type"], .anybody),
    GitHubRule("label", ["label"], .anybody),
    GitHubRule("marketplace_purchase", ["marketplace_purchase"], .anybody),
    GitHubRule("member", ["member"], .anybody, timeless: true),
    GitHubRule("membership", ["member", "team", "scope"], .anybody, timeless: true),
    GitHubRule("merge_group", ["merge_group"], .anybody), GitHubRule("meta", ["hook", "hook_id"], .anybody),
    GitHubRule("milestone", ["milestone"], .anybody),
    GitHubRule("org_block", ["blocked_user"], .anybody, timeless: true),
    GitHubRule("organization", ["organization"], mayHave: ["membership"], .anybody, timeless: true),
    GitHubRule("package", ["package"], .anybody), GitHubRule("page_build", ["build", "id"], .anybody),
    GitHubRule("personal_access_token_request", ["personal_access_token_request"], .anybody),
    GitHubRule("project", ["project"], .anybody), GitHubRule("project_card", ["project_card"], .anybody),
    GitHubRule("project_column", ["project_column"], .anybody),
    GitHubRule("projects_v2", ["projects_v2"], .anybody),
    GitHubRule("projects_v2_item", ["projects_v2_item"], .anybody),
    GitHubRule("projects_v2_status_update", ["projects_v2_status_update"], .anybody),
    GitHubRule("public", ["repository"], .anybody, timeless: true),
    GitHubRule("registry_package", ["registry_package"], .anybody),
    GitHubRule("repository", ["repository"], .anybody, timeless: true),
    GitHubRule("repository_advisory", ["repository_advisory"], .anybody),
    GitHubRule("repository_import", ["status"], .anybody, timeless: true),
    GitHubRule("repository_ruleset", ["repository_ruleset"], .anybody),
    GitHubRule("repository_vulnerability_alert", ["alert"], .anybody),
    GitHubRule("secret_scanning_alert", ["alert"], .anybody),
    GitHubRule("secret_scanning_alert_location", ["alert", "location"], .anybody),
    GitHubRule("secret_scanning_scan", ["type", "source"], .anybody),
    GitHubRule("security_advisory", ["security_advisory"], .anybody),
    GitHubRule("security_and_analysis", ["changes", "repository"], .anybody, timeless: true),
    GitHubRule("sponsorship", ["sponsorship"], .anybody),
    GitHubRule("star", ["starred_at"], .anybody, timeless: true),
    GitHubRule("status", ["sha", "context", "state"], .anybody),
    GitHubRule("team", ["team"], .anybody, timeless: true),
    GitHubRule("team_add", ["team"], .anybody, timeless: true),
    GitHubRule("watch", ["repository"], .anybody, timeless: true),
    GitHubRule("workflow_job", ["workflow_job"], mayHave: ["deployment"], .anybody),
    GitHubRule("workflow_run", ["workflow_run", "workflow"], .anybody),
  ]

  /// Members that any body may have, whatever its event.
  private static let universal: Set<String> = [
    "action", "sender", "repository", "organization", "installation", "enterprise", "changes", "number",
    "ref",
    "before", "after", "status", "id", "name", "type", "source", "state", "context", "account", "hook",
    "hook_id",
  ]

  private static let byEvent = Dictionary(uniqueKeysWithValues: all.map { ($0.event, $0) })

  /// What the members of a body say of the event that a header names.
  enum Finding: Sendable {
    case fits(GitHubRule)
    /// Neither this event's body nor another's that is known.
    case unknown
    /// The body of this other event.
    case another(String)
  }

  /// - Parameter filled: those of the members that are not null. A null says nothing of another event.
  static func find(_ event: String, members: Set<String>, filled: Set<String>? = nil) -> Finding {
    let filled = filled ?? members
    // A ping's own body never comes this far.
    guard let rule = byEvent[event] ?? (event == "ping" ? GitHubRule("ping", ["zen"], .anybody) : nil) else {
      return .unknown
    }
    let fits = rule.marks.isSubset(of: members)
    let others = all.filter {
      $0.event != event && $0.marks.isSubset(of: filled) && !$0.marks.isSubset(of: universal)
    }
    // What the body has of another event's, and this one's never has.
    let isAnother =
      fits
      ? others.contains { !$0.marks.subtracting(universal).isSubset(of: rule.marks.union(rule.mayHave)) }
      : !others.isEmpty
    // The one that knows most of the body is the likeliest.
    let known = { (other: GitHubRule) in other.marks.union(other.mayHave).intersection(members).count }
    if isAnother, let other = others.max(by: { known($0) < known($1) }) { return .another(other.event) }
    return fits ? .fits(rule) : .unknown
  }
}
