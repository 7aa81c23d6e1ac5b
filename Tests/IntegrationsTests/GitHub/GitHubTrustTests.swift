import Catalog
import Hooks
import IntegrationsSupport
import JSON
import Jobs
import Reading
import Signatures
import Testing

@testable import Integrations

/// Who may start what by GitHub: every shape of an event, and who is judged by it.
@Suite struct GitHubTrustTests {
  private static let ann: JSON = ["login": "ann", "id": 1, "type": "User"]
  private static let bob: JSON = ["login": "bob", "id": 2, "type": "User"]
  private static let repository: JSON = ["full_name": "corp/ferry", "owner": ["login": "corp"]]

  private static func actor(
    _ event: String, _ body: JSON, _ settings: JSON.Object = [:], marks: OwnMarks? = nil
  ) throws -> Actor {
    var source = try GitHubSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.githubSecret))]).merging(settings)))
    if let marks { source.know(marks) }
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

  // MARK: Somebody else

  @Test(arguments: texts.map(\.event), ["OWNER", "MEMBER", "COLLABORATOR"])
  func `whoever acts on a trusted one's text is a member at most`(event: String, association: String) throws {
    let (_, place, around) = try #require(Self.texts.first { $0.event == event })
    let actions = GitHubSource.eventTypes.filter { $0.hasPrefix("\(event).") }.map {
      String($0.dropFirst(event.count + 1))
    }
    for action in actions + ["something_new"] {
      var members = around
      members[place] = Self.text(association)
      let lane = try Self.actor(event, Self.event(action, from: Self.bob, members)).lane
      // Those come with a push, and nothing says to where.
      let isPush = ["pull_request.synchronize", "pull_request_review.dismissed"].contains(
        "\(event).\(action)")
      // What nobody knows yet may be open to everybody.
      let isNew = action == "something_new"
      #expect(lane == (isPush || isNew ? .outside : .member), "\(event).\(action)")
    }
  }

  @Test(
    arguments: [
      ("issues", "closed", .member), ("issues", "field_added", .member), ("issues", "opened", .outside),
      ("issues", "something_new", .outside), ("issue_comment", "pinned", .member),
      ("issue_comment", "edited", .member), ("issue_comment", "created", .outside),
      ("discussion", "answered", .member), ("discussion", "created", .outside),
      ("pull_request", "labeled", .member), ("pull_request", "enqueued", .member),
      // Whoever may push to the branch of a fork can set these off.
      ("pull_request", "synchronize", .outside), ("pull_request", "closed", .outside),
      ("pull_request", "review_requested", .outside), ("pull_request_review", "submitted", .outside),
    ] as [(String, String, Lane)])
  func `on a stranger's text somebody else is a member by acts that take rights`(
    event: String, action: String, lane: Lane
  ) throws {
    let (_, place, around) = try #require(Self.texts.first { $0.event == event })
    var members = around
    members[place] = Self.text("NONE")
    #expect(try Self.actor(event, Self.event(action, from: Self.bob, members)).lane == lane)
  }

  private static func pull(_ association: String, by author: JSON = ann, from fork: JSON?) -> JSON {
    var pull = text(association, by: author)
    pull["head"] = ["repo": fork ?? .null]
    pull["base"] = ["repo": repository]
    return pull
  }

  @Test(
    arguments: [
      (repository, "OWNER", bob, .member), (repository, "NONE", bob, .member),
      (repository, "OWNER", ann, .owner), (["full_name": "bob/ferry"], "OWNER", bob, .outside),
      (["full_name": "bob/ferry"], "NONE", bob, .outside), (["full_name": "ann/ferry"], "OWNER", ann, .owner),
      (["full_name": "ann/ferry"], "NONE", ann, .outside), (nil, "OWNER", bob, .outside),
    ] as [(JSON?, String, JSON, Lane)])
  func `a push by somebody else counts by where it goes`(
    head: JSON?, association: String, sender: JSON, lane: Lane
  ) throws {
    let pull = Self.pull(association, from: head)
    let push = Self.event("synchronize", from: sender, ["pull_request": pull, "before": "0", "after": "1"])
    #expect(try Self.actor("pull_request", push).lane == lane)
  }

  @Test(arguments: ["closed", "review_requested", "dequeued", "auto_merge_disabled"])
  func `in a fork of somebody else's, a trusted author's pull request is a stranger's to push to`(
    action: String
  ) throws {
    func lane(_ owner: JSON) throws -> Lane {
      let fork: JSON = ["id": 77, "full_name": "x/ferry", "owner": owner]
      return try Self.actor(
        "pull_request",
        Self.event(action, from: Self.bob, ["pull_request": Self.pull("MEMBER", from: fork)])
      ).lane
    }
    #expect(try lane(Self.bob) == .outside)
    #expect(try lane(["login": "eve", "id": 9]) == .outside)
    #expect(try lane(Self.ann) == .member)
  }

  @Test(
    arguments: [
      // The pull request's author, by a push.
      (ann, "NONE", ["full_name": "ann/ferry"], .outside), (ann, "MEMBER", repository, .member),
      (ann, "OWNER", repository, .member), (["login": "eve", "id": 9], "NONE", repository, .member),
      (["login": "eve", "id": 9], "NONE", ["full_name": "ann/ferry"], .outside),
      (["login": "eve", "id": 9], "OWNER", nil, .outside), (bob, "NONE", ["full_name": "ann/ferry"], .owner),
    ] as [(JSON, String, JSON?, Lane)])
  func `a review falls by whoever pushes`(sender: JSON, association: String, head: JSON?, lane: Lane) throws {
    let body = Self.event(
      "dismissed", from: sender,
      ["review": Self.text("OWNER", by: Self.bob), "pull_request": Self.pull(association, from: head)])
    #expect(try Self.actor("pull_request_review", body).lane == lane)
  }

  @Test func `who resolves a thread is judged by all of its texts`() throws {
    func lane(_ sender: JSON, _ pull: JSON, _ comments: [JSON]) throws -> Lane {
      let thread: JSON = ["comments": .array(comments)]
      return try Self.actor(
        "pull_request_review_thread",
        Self.event("resolved", from: sender, ["pull_request": pull, "thread": thread])
      ).lane
    }
    #expect(try lane(Self.bob, Self.text("OWNER"), [Self.text("OWNER")]) == .member)
    #expect(try lane(Self.ann, Self.text("OWNER"), []) == .owner)
    #expect(try lane(Self.ann, Self.text("NONE"), [Self.text("MEMBER", by: Self.bob)]) == .outside)
    #expect(try lane(Self.bob, Self.text("NONE"), [Self.text("MEMBER", by: Self.bob)]) == .outside)
  }

  @Test(arguments: [
    ("sub_issues", "sub_issue", "parent_issue"), ("issue_dependencies", "blocked_issue", "blocking_issue"),
  ])
  func `another repository's associations say nothing here`(event: String, one: String, other: String) throws
  {
    func lane(_ more: JSON.Object, _ text: JSON = Self.text("OWNER")) throws -> Lane {
      let sides: JSON.Object = JSON.Object(uniqueKeysWithValues: [(one, text), (other, Self.text("OWNER"))])
      return try Self.actor(event, Self.event("added", sides.merging(more))).lane
    }
    #expect(try lane([:]) == .owner)
    #expect(try lane(["\(one)_repo": Self.repository, "\(other)_repo": nil]) == .owner)
    #expect(try lane(["\(one)_repo": ["full_name": "ann/own"]]) == .outside)
    #expect(try lane(["\(other)_repo": ["full_name": "ann/own"]]) == .outside)
    #expect(try lane(["\(other)_repo": [:]]) == .outside)
    var elsewhere = Self.text("OWNER")
    elsewhere["repository_url"] = "https://api.github.com/repos/ann/own"
    #expect(try lane([:], elsewhere) == .outside)
  }

  @Test(arguments: [JSON?.none, .some(.null), .some([:]), .some(["id": 1])])
  func `where nobody is named, nobody is trusted`(sender: JSON?) throws {
    for (event, members) in Self.writers + [("issues", ["issue": Self.text("OWNER")]), ("watch", [:])] {
      var body = Self.event("created", members)
      body["sender"] = sender
      #expect(
        try Self.actor(event, body, ["identity": ["somebody"]]) == Actor(name: "somebody", lane: .outside))
    }
  }

  // MARK: Forks

  private static let runs: [(String, JSON.Object)] = [
    ("deployment", ["deployment": ["ref": "refs/pull/7/merge"]]),
    ("deployment", ["deployment": [:], "workflow_run": ["head_repository": ["full_name": "eve/ferry"]]]),
    ("deployment_status", ["deployment_status": [:], "deployment": ["ref": "refs/pull/7/head"]]),
    (
      "workflow_run",
      ["workflow": [:], "workflow_run": ["event": "push", "head_repository": ["full_name": "eve/ferry"]]]
    ),
    (
      "workflow_run",
      ["workflow": [:], "workflow_run": ["event": "pull_request_target", "head_repository": nil]]
    ),
    ("workflow_run", ["workflow": [:], "workflow_run": ["event": "pull_request"]]),
    ("workflow_job", ["workflow_job": ["head_branch": nil]]),
    (
      "check_run",
      [
        "check_run": [
          "pull_requests": [["head": ["repo": ["id": 2]], "base": ["repo": ["id": 1]]]],
          "check_suite": ["head_branch": "x"],
        ]
      ]
    ),
    ("check_run", ["check_run": ["check_suite": ["head_branch": nil, "pull_requests": []]]]),
    ("check_suite", ["check_suite": ["head_branch": nil, "pull_requests": []]]),
    ("code_scanning_alert", ["alert": [:], "commit_oid": "0", "ref": "refs/pull/7/merge"]),
  ]

  @Test(arguments: runs)
  func `what runs for a fork is a stranger's, whoever started it`(event: String, members: JSON.Object) throws
  {
    let own: JSON = ["login": "corp", "type": "User"]
    #expect(try Self.actor(event, Self.event("completed", from: own, members)).lane == .outside)
    let robot: JSON = ["login": "github-actions[bot]", "id": 3, "type": "Bot"]
    #expect(try Self.actor(event, Self.event("completed", from: robot, members)).alsoLane == .outside)
  }

  @Test func `what runs for the repository itself is its own user's`() throws {
    let own: JSON = ["login": "corp", "type": "User"]
    let run: JSON = ["event": "pull_request", "head_branch": "x", "head_repository": Self.repository]
    let pull: JSON = ["head": ["repo": ["id": 1]], "base": ["repo": ["id": 1]]]
    let bodies: [(String, JSON.Object)] = [
      ("workflow_run", ["workflow": [:], "workflow_run": run]),
      ("deployment", ["deployment": ["ref": "main"], "workflow_run": run]),
      ("check_suite", ["check_suite": ["head_branch": "x", "pull_requests": [pull]]]),
    ]
    for (event, members) in bodies {
      #expect(try Self.actor(event, Self.event("completed", from: own, members)).lane == .owner)
    }
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

  @Test func `a review of a deployment has a comment, and a null says nothing`() throws {
    let review = Self.event(
      "approved",
      [
        "workflow_run": [:], "workflow_job_runs": [], "since": "x", "comment": "Fine.", "approver": Self.ann,
        "reviewers": [],
      ])
    #expect(try Self.actor("deployment_review", review).lane == .outside)
    let closed = Self.event("closed", ["issue": Self.text("OWNER"), "comment": nil])
    #expect(try Self.actor("issues", closed).lane == .owner)
  }

  // MARK: Programs

  @Test func `a program that acts on what others wrote passes no more than a stranger`() throws {
    let robot: JSON = ["login": "github-actions[bot]", "id": 3, "type": "Bot"]
    for association in ["NONE", "OWNER"] {
      for (event, place) in [("issues", "issue"), ("pull_request", "pull_request")] {
        for action in ["labeled", "assigned", "closed"] {
          let body = Self.event(action, from: robot, [place: Self.text(association)])
          let also = try Self.actor(event, body).alsoLane
          #expect(also == .outside, "\(event).\(action)")
          #expect(try Self.actor(event, body, ["bots": ["GitHub-Actions[bot]"]]).alsoLane == nil)
        }
      }
    }
    // What takes write access takes it of programs too.
    let release = Self.event("published", from: robot, ["release": [:]])
    #expect(
      try Self.actor("release", release) == Actor(name: "github-actions[bot]", lane: .bot, alsoLane: nil))
  }

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
      // Anybody can write such a thing: it is text like any other.
      ("opened", "NONE", ann, Actor(name: "ann", lane: .outside)),
      ("edited", "CONTRIBUTOR", ann, Actor(name: "ann", lane: .outside)),
      // It stays in the text; these bring none.
      ("closed", "OWNER", ann, Actor(name: "ann", lane: .owner)),
      ("synchronize", "OWNER", ann, Actor(name: "ann", lane: .bot)),
      // Somebody else's act is not the mark's.
      ("edited", "OWNER", bob, Actor(name: "bob", lane: .member)),
      ("closed", "OWNER", bob, Actor(name: "bob", lane: .member)),
      ("synchronize", "OWNER", bob, Actor(name: "bob", lane: .outside)),
    ] as [(String, String, JSON, Actor)])
  func `Errand's mark is believed from the team alone`(
    action: String, association: String, sender: JSON, actor: Actor
  ) throws {
    let text = Self.text(association, body: Self.mark)
    #expect(try Self.actor("pull_request", Self.event(action, from: sender, ["pull_request": text])) == actor)
  }

  private static let marks = OwnMarks(key: [UInt8](repeating: 7, count: 32))
  private static let said = "Done.\n\n"
  private static let own = said + marks.mark("dlv_1", at: "corp/ferry", after: said)

  /// Texts, and whether the mark in each was made for it.
  private static let marked: [(String, Bool)] = {
    let elsewhere = marks.mark("dlv_1", at: "corp/other", after: said)
    let ofBranch = marks.mark("dlv_1", at: "corp/ferry main", after: "")
    let byAnother = OwnMarks(key: [UInt8](repeating: 8, count: 32)).mark(
      "dlv_1", at: "corp/ferry", after: said)
    let tidied = own.replacing("\n", with: "\r\n") + "\r\n"
    let others = [
      "Spam. \(own)", "\(own) Spam.", own.replacing("Done", with: "Spam"), own.replacing(said, with: ""),
      own.replacing("dlv_1", with: "dlv_2"), said + elsewhere, said + ofBranch, said + byAnother,
      "\(said)<!-- errand:dlv_1 -->", said + OwnMarks.blank("dlv_1"), "\(said)<!-- errand:",
    ]
    return [(own, true), (tidied, true)] + others.map { ($0, false) }
  }()

  @Test(arguments: marked)
  func `an outsider's mark is one where this server made it for that very text`(text: String, isOwn: Bool)
    throws
  {
    let comment = Self.text("NONE", body: text)
    let body = Self.event("created", ["comment": comment, "issue": Self.text("OWNER")])
    let actor = try Self.actor("issue_comment", body, marks: Self.marks)
    #expect(actor == Actor(name: "ann", lane: .outside, alsoLane: isOwn ? .bot : nil))
    // Nothing of it makes more of a stranger, and without the server's key none is one.
    #expect(try Self.actor("issue_comment", body) == Actor(name: "ann", lane: .outside))
  }

  @Test(arguments: [
    ("corp/ferry", "errand/42", true), ("ann/ferry", "errand/42", false), ("corp/ferry", "mine", false),
  ])
  func `the mark of a pull request holds for its branch, whatever became of its text`(
    from: String, branch: String, isOwn: Bool
  ) throws {
    let mark = Self.marks.mark("dlv_1", at: "corp/ferry errand/42", after: "")
    var pull = Self.text("NONE", body: "Edited by somebody.\n\n\(mark)")
    pull["head"] = ["ref": .string(branch), "repo": ["full_name": .string(from)]]
    pull["base"] = ["ref": "main", "repo": ["full_name": "corp/ferry"]]
    let actor = try Self.actor(
      "pull_request", Self.event("opened", ["pull_request": pull]), marks: Self.marks)
    #expect(actor == Actor(name: "ann", lane: .outside, alsoLane: isOwn ? .bot : nil))
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
