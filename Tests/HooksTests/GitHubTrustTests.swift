import Catalog
import JSON
import Jobs
import Testing

@testable import Hooks

/// Who may start what by GitHub: every shape of an event, and who is judged by it.
@Suite struct GitHubTrustTests {
  private static let ann: JSON = ["login": "ann", "id": 1, "type": "User"]
  private static let bob: JSON = ["login": "bob", "id": 2, "type": "User"]
  private static let repository: JSON = ["full_name": "corp/ferry", "owner": ["login": "corp"]]

  private static func actor(
    _ event: String, _ body: JSON, _ settings: JSON.Object = [:]
  ) throws -> Actor {
    let source = try GitHubSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.githubSecret))]).merging(settings)))
    guard case .occurrence(let reading) = try source.read(GitHubRequest.make(event, body.bytes)) else {
      throw HookRefusal.unreadable(problem: "It was a handshake.")
    }
    return reading.actor
  }

  /// What somebody wrote.
  private static func text(_ association: String, by author: JSON = ann, body: String = "Hi.") -> JSON {
    ["user": author, "author_association": .string(association), "body": .string(body)]
  }

  private static func event(_ action: String, from sender: JSON = ann, _ members: JSON.Object) -> JSON {
    var event: JSON.Object = ["action": .string(action), "sender": sender, "repository": repository]
    event.merge(members)
    return .object(event)
  }

  // MARK: Texts

  /// The events that bring a text, with the members around it.
  private static let texts: [(event: String, place: String, around: JSON.Object)] = [
    ("issues", "issue", [:]), ("issue_comment", "comment", ["issue": text("OWNER")]),
    ("pull_request", "pull_request", ["number": 1]),
    ("pull_request_review", "review", ["pull_request": text("OWNER")]),
    ("pull_request_review_comment", "comment", ["pull_request": text("OWNER")]),
    ("discussion", "discussion", [:]), ("discussion_comment", "comment", ["discussion": text("OWNER")]),
    ("commit_comment", "comment", [:]),
  ]

  private static let associations: [(String, Lane)] = [
    ("OWNER", .owner), ("MEMBER", .member), ("COLLABORATOR", .member), ("CONTRIBUTOR", .outside),
    ("FIRST_TIMER", .outside), ("FIRST_TIME_CONTRIBUTOR", .outside), ("MANNEQUIN", .outside),
    ("NONE", .outside),
    ("SOMETHING_NEW", .outside), ("owner", .outside),
  ]

  @Test(arguments: texts.map(\.event), associations)
  func `a text's author is judged by the association`(event: String, association: (String, Lane)) throws {
    let (_, place, around) = try #require(Self.texts.first { $0.event == event })
    for action in ["opened", "created", "edited", "closed", "reopened", "deleted", "assigned", "field_added"]
    {
      var members = around
      members[place] = Self.text(association.0)
      let lane = try Self.actor(event, Self.event(action, members)).lane
      #expect(lane == association.1, "\(event).\(action)")
    }
  }

  private static let acts = [
    "opened", "edited", "closed", "reopened", "assigned", "unassigned", "labeled", "unlabeled", "milestoned",
    "demilestoned", "locked", "unlocked", "pinned", "typed", "untyped", "field_added", "synchronize",
    "ready_for_review", "converted_to_draft", "review_requested", "auto_merge_enabled", "enqueued",
    "transferred",
    "answered", "category_changed", "something_new",
  ]

  @Test(arguments: ["issues", "pull_request", "discussion"], acts)
  func `whatever a stranger does in their own name is a stranger's`(event: String, action: String) throws {
    let place = try #require(Self.texts.first { $0.event == event }).place
    let body = Self.event(action, [place: Self.text("NONE"), "label": ["name": "bug"]])
    #expect(try Self.actor(event, body).lane == .outside)
  }

  @Test(arguments: ["issues", "pull_request", "discussion"])
  func `a label by somebody else says that somebody of the team has looked`(event: String) throws {
    let place = try #require(Self.texts.first { $0.event == event }).place
    let label: JSON = ["name": "bug"]
    func lane(author: JSON, sender: JSON) throws -> Lane {
      try Self.actor(
        event, Self.event("labeled", from: sender, [place: Self.text("NONE", by: author), "label": label])
      ).lane
    }
    #expect(try lane(author: Self.ann, sender: Self.bob) == .member)
    #expect(try lane(author: Self.ann, sender: Self.ann) == .outside)
    #expect(try lane(author: ["login": "Ann"], sender: ["login": "ANN"]) == .outside)
    // The same account under a new name.
    #expect(try lane(author: Self.ann, sender: ["login": "anna", "id": 1]) == .outside)
    // Nobody says who wrote it.
    #expect(try lane(author: nil, sender: Self.bob) == .outside)
  }

  @Test func `of several texts the least trusted counts`() throws {
    let thread = Self.event(
      "resolved",
      [
        "pull_request": Self.text("OWNER"),
        "thread": ["comments": [Self.text("MEMBER"), Self.text("NONE", by: Self.bob)]],
      ])
    #expect(try Self.actor("pull_request_review_thread", thread).lane == .outside)
    let tree = Self.event(
      "sub_issue_added", ["parent_issue": Self.text("OWNER"), "sub_issue": Self.text("MEMBER")])
    #expect(try Self.actor("sub_issues", tree).lane == .member)
  }

  // MARK: The rest

  private static let writers: [(String, JSON.Object)] = [
    (
      "push",
      ["ref": "refs/heads/main", "before": "0", "after": "1", "pusher": ["name": "ann"], "commits": []]
    ),
    ("create", ["ref": "v1", "ref_type": "tag", "master_branch": "main", "pusher_type": "user"]),
    ("delete", ["ref": "v1", "ref_type": "tag", "pusher_type": "user"]), ("release", ["release": [:]]),
    ("deployment", ["deployment": [:], "workflow": nil, "workflow_run": nil]),
    ("repository_dispatch", ["branch": "main", "client_payload": [:]]),
    ("workflow_dispatch", ["inputs": nil, "ref": "refs/heads/main", "workflow": "a.yml"]),
  ]

  @Test(arguments: writers.map(\.0))
  func `what takes write access is a member's, and the repository's own user's`(event: String) throws {
    let members = try #require(Self.writers.first { $0.0 == event }).1
    #expect(try Self.actor(event, Self.event("created", members)).lane == .member)
    let own: JSON = ["login": "Corp", "type": "User"]
    #expect(try Self.actor(event, Self.event("created", from: own, members)).lane == .owner)
    // The header alone proves nothing.
    #expect(try Self.actor(event, Self.event("created", [:])).lane == .outside)
  }

  @Test(arguments: GitHubRule.all.filter { $0.judged == .anybody }.map(\.event))
  func `anything else is a stranger's`(event: String) throws {
    let rule = try #require(GitHubRule.all.first { $0.event == event })
    var members: JSON.Object = [:]
    for mark in rule.marks where !["repository", "organization"].contains(mark) { members[mark] = [:] }
    #expect(try Self.actor(event, Self.event("created", members)).lane == .outside)
  }

  @Test func `an event that nobody knows is a stranger's`() throws {
    let owner: JSON = ["login": "corp", "type": "User"]
    #expect(try Self.actor("something_new", Self.event("made", from: owner, [:])).lane == .outside)
    #expect(
      try Self.actor("something_new", Self.event("made", ["issue": Self.text("OWNER")])).lane == .outside)
  }

  @Test func `every event that files may name has its rule`() {
    let known = Set(GitHubRule.all.map(\.event))
    let named = Set(GitHubSource.eventTypes.map { String($0.prefix { $0 != "." }) })
    #expect(named.subtracting(known).isEmpty)
  }

  // MARK: The header that is not signed

  private static let events = GitHubRule.all.map(\.event)

  @Test(arguments: events)
  func `an issue's body under another event's name is refused`(event: String) throws {
    if event == "issues" { return }
    let body = Self.event("opened", ["issue": Self.text("OWNER")])
    #expect {
      try Self.actor(event, body)
    } throws: { error in
      "\(error)".contains("X-GitHub-Event says \(event), but the body is that of issues.")
    }
  }

  @Test(arguments: [
    ("issues", ["issue", "comment"], "issue_comment"), ("pull_request", ["pull_request", "comment"], nil),
    ("pull_request", ["pull_request", "review"], "pull_request_review"),
    ("commit_comment", ["issue", "comment"], "issue_comment"),
    ("discussion", ["discussion", "comment"], "discussion_comment"), ("push", ["pages"], "gollum"),
    ("deployment", ["workflow_job", "deployment"], "workflow_job"), ("watch", ["forkee"], "fork"),
    ("ping", ["issue"], "issues"), ("release", ["issue"], "issues"),
  ])
  func `a body counts for what it is`(event: String, members: [String], other: String?) throws {
    let marks = JSON.Object(uniqueKeysWithValues: members.map { ($0, Self.text("OWNER")) })
    #expect {
      try Self.actor(event, Self.event("created", marks))
    } throws: { error in
      "\(error)".contains("but the body is that of \(other ?? "pull_request_review_comment")")
    }
  }

  // MARK: Programs

  @Test func `Errand's own accounts are bots`() throws {
    let body = Self.event("opened", ["issue": Self.text("OWNER")])
    let actor = try Self.actor("issues", body, ["identity": ["Ann"]])
    #expect(actor == Actor(name: "ann", lane: .bot))
  }

  @Test(
    arguments: [
      ("NONE", [:], Lane.outside), ("CONTRIBUTOR", [:], .outside), ("MEMBER", [:], nil), ("OWNER", [:], nil),
      ("NONE", ["bots": ["Renamer[bot]"]], nil),
    ] as [(String, JSON.Object, Lane?)])
  func `a program that nobody vouches for passes no more than a stranger`(
    association: String, settings: JSON.Object, also: Lane?
  ) throws {
    let robots: [JSON] = [
      ["login": "renamer[bot]", "id": 3], ["login": "renamer[bot]", "id": 3, "type": "Bot"],
    ]
    for robot in robots {
      let body = Self.event("opened", from: robot, ["issue": Self.text(association, by: robot)])
      #expect(
        try Self.actor("issues", body, settings) == Actor(name: "renamer[bot]", lane: .bot, alsoLane: also))
    }
  }

  @Test func `a job must take both lanes of one whom nobody vouches for`() {
    let stranger = Actor(name: "x[bot]", lane: .bot, alsoLane: .outside)
    #expect(!stranger.isWelcome(in: [.owner, .member, .bot]))
    #expect(!stranger.isWelcome(in: [.owner, .member, .outside]))
    #expect(stranger.isWelcome(in: [.bot, .outside]))
  }

  private static let mark = "Done.\n<!-- errand:run:run_1 -->"

  @Test(
    arguments: [
      ("opened", "OWNER", ann, Actor(name: "ann", lane: .bot)),
      ("edited", "MEMBER", ann, Actor(name: "ann", lane: .bot)),
      // Anybody can copy the mark.
      ("opened", "NONE", ann, Actor(name: "ann", lane: .outside, alsoLane: .bot)),
      ("edited", "CONTRIBUTOR", ann, Actor(name: "ann", lane: .outside, alsoLane: .bot)),
      // It stays in the text; these bring none.
      ("closed", "OWNER", ann, Actor(name: "ann", lane: .owner)),
      ("synchronize", "OWNER", ann, Actor(name: "ann", lane: .bot)),
      ("synchronize", "OWNER", bob, Actor(name: "bob", lane: .owner)),
    ] as [(String, String, JSON, Actor)])
  func `Errand's mark is believed from the team alone`(
    action: String, association: String, sender: JSON, actor: Actor
  ) throws {
    let text = Self.text(association, body: Self.mark)
    #expect(try Self.actor("pull_request", Self.event(action, from: sender, ["pull_request": text])) == actor)
  }

  // MARK: From where

  @Test(
    arguments: [
      (["repositories": ["corp/ferry"]], true), (["repositories": ["Corp/Ferry"]], true),
      (["repositories": ["corp/*"]], true), (["repositories": ["corp/ferry2"]], false),
      (["repositories": ["other/*"]], false), (["repositories": []], false), (["installations": [55]], true),
      (["installations": ["55"]], true), (["installations": [56]], false),
      (["installations": [56], "repositories": ["corp/ferry"]], true),
    ] as [(JSON.Object, Bool)])
  func `webhooks are taken from listed repositories and installations`(lists: JSON.Object, isTaken: Bool)
    throws
  {
    let body = Self.event("opened", ["issue": Self.text("OWNER"), "installation": ["id": 55]])
    if isTaken {
      #expect(try Self.actor("issues", body, lists).lane == .owner)
    } else {
      #expect {
        try Self.actor("issues", body, lists)
      } throws: { error in
        (error as? HookRefusal)?.status == 403
          && "\(error)".hasPrefix("It comes from the repository corp/ferry, installation 55, which")
      }
    }
  }

  @Test func `an organisation's own events are taken for its repositories`() throws {
    let body: JSON = ["action": "member_added", "sender": Self.ann, "organization": ["login": "corp"]]
    #expect(try Self.actor("organization", body, ["repositories": ["corp/*"]]).lane == .outside)
    #expect(throws: HookRefusal.self) {
      try Self.actor("organization", body, ["repositories": ["corp/ferry"]])
    }
  }

  @Test func `a source without a list is worth a word, and a wrong list is an error`() {
    let shape = GitHubSource.shape
    #expect(shape.warn(["secret": "x"]).first?.message.contains("list yours under `repositories`") == true)
    #expect(shape.warn(["repositories": ["octo/ferry"]]).isEmpty)
    #expect(shape.warn(["installations": [1]]).isEmpty)
    #expect(shape.check(["repositories": ["octo/ferry", "octo", "/x", "a/b/c", "${env:REPO}"]]).count == 3)
  }
}
