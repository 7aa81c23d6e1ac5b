import Foundation
import JSON
import Jobs
import Testing

@testable import Hooks

@Suite struct GitHubSourceTests {
  private static func source(_ settings: JSON.Object = [:]) throws -> GitHubSource {
    try GitHubSource(
      settings: .object(
        JSON.Object(uniqueKeysWithValues: [("secret", .string(Sample.githubSecret))]).merging(settings)))
  }

  private static func read(_ request: HookRequest, _ settings: JSON.Object = [:]) throws -> Reading {
    guard case .occurrence(let reading) = try source(settings).read(request) else {
      throw HookRefusal.unreadable(problem: "It was a handshake.")
    }
    return reading
  }

  @Test(arguments: [
    ("github-issues-opened.json", "issues.opened", "dev-one-example", Lane.member),
    ("github-issue-comment.json", "issue_comment.created", "dev-two-example", .member),
    ("github-check-run-failed.json", "check_run.completed", "dev-one-example", .outside),
    ("github-pull-request-review.json", "pull_request_review.submitted", "dev-two-example", .member),
  ])
  func `a sample is verified and read`(name: String, type: String, login: String, lane: Lane) throws {
    let request = try Sample.request(name)
    #expect(throws: Never.self) { try Self.source().verify(request, now: Sample.time) }
    let reading = try Self.read(request)
    #expect(reading.type == type)
    #expect(reading.actor == Actor(name: login, lane: lane))
    #expect(reading.dedupeKey.hasPrefix("480000001/0b6f7a10-b6f2-11f0-8a52-2f1c6b0d9e0"))
    #expect(reading.headers["x-github-event"] != nil)
    #expect(reading.headers["x-hub-signature-256"] == nil)
    #expect(try reading.body == Sample.json(name))
  }

  @Test func `a ping is answered and is nothing that happened`() throws {
    let purpose = try Self.source().read(Sample.request("github-ping.json"))
    #expect(purpose == .handshake(.json(["ping": "received"])))
  }

  @Test func `a form's payload is the same as JSON`() throws {
    let json = try Sample.bytes("github-issues-opened.json")
    let text = String(decoding: json, as: UTF8.self)
    let escaped = try #require(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
    let reading = try Self.read(
      GitHubRequest.make(
        "issues", Array("payload=\(escaped)".utf8), type: "application/x-www-form-urlencoded; charset=utf-8"))
    #expect(reading.type == "issues.opened")
    #expect(try reading.body == JSON(parsing: json))
  }

  @Test func `an event at two hooks is two, and the same one again is one`() throws {
    let body = Array("{}".utf8)
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: "1")).dedupeKey == "1/g")
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: "2")).dedupeKey == "2/g")
    #expect(try Self.read(GitHubRequest.make("push", body, delivery: "g", hook: nil)).dedupeKey == "-/g")
  }

  @Test(arguments: [
    (#"{"action": "opened"}"#, "issues.opened"), ("{}", "issues"), (#"{"action": 5}"#, "issues"),
    (#"{"action": "a b\u0000"}"#, "issues"), (#"{"action": ""}"#, "issues"),
  ])
  func `a type is the event with its action`(body: String, type: String) throws {
    #expect(try Self.read(GitHubRequest.make("issues", Array(body.utf8))).type == type)
  }

  @Test(arguments: [
    ("", "issues", "d"), ("[]", "issues", "d"), (#"{"a": 1, "a": 2}"#, "issues", "d"),
    ("{\"a\": \"\u{1}\"}", "issues", "d"), (String(repeating: #"{"a":"#, count: 5000), "issues", "d"),
    ("{}", "", "d"), ("{}", "issues\n", "d"), ("{}", "issues", ""),
    ("{}", "issues", String(repeating: "d", count: 65)), ("\u{FEFF}{}", "issues", "d"),
  ])
  func `a strange request is refused`(body: String, event: String, delivery: String) {
    #expect {
      _ = try Self.read(GitHubRequest.make(event, Array(body.utf8), delivery: delivery))
    } throws: { error in
      (error as? HookRefusal)?.code == "unreadable"
    }
  }

  private static func text(_ association: String, action: String = "created", body: String = "Hi.") -> JSON {
    [
      "action": .string(action), "sender": ["login": "ann", "type": "User"],
      "comment": ["author_association": .string(association), "body": .string(body)],
      "issue": ["author_association": "OWNER", "body": "<!-- errand:run:run_1 -->"],
    ]
  }

  @Test(
    arguments: [
      (text("OWNER"), Lane.owner), (text("MEMBER"), .member), (text("COLLABORATOR"), .member),
      (text("CONTRIBUTOR"), .outside), (text("FIRST_TIMER"), .outside), (text("NONE"), .outside),
      (text("SOMETHING_NEW"), .outside), (text("owner"), .outside),
      (text("NONE", action: "labeled"), .member),
      (text("OWNER", body: "Done.\n<!-- errand:run:run_1 -->"), .bot),
      (text("OWNER", action: "deleted", body: "<!-- errand:run:run_1 -->"), .owner),
      (
        [
          "action": "opened", "sender": ["login": "x", "type": "Bot"],
          "issue": ["author_association": "OWNER"],
        ],
        .bot
      ),
      (["action": "labeled", "sender": ["login": "dependabot[bot]"], "issue": [:]], .bot),
      (
        ["action": "opened", "sender": ["login": "Errand-User"], "issue": ["author_association": "OWNER"]],
        .bot
      ),
      (pushed(by: "ann"), .bot), (pushed(by: "bob"), .owner),
      (["sender": ["login": "ann"], "repository": ["owner": ["login": "Ann"]]], .owner),
      (["sender": ["login": "ann"], "repository": ["owner": ["login": "bob"]]], .outside), ([:], .outside),
    ] as [(JSON, Lane)])
  func `who did it is trusted as far as GitHub says`(body: JSON, lane: Lane) throws {
    let reading = try Self.read(
      GitHubRequest.make("issue_comment", body.bytes), ["identity": ["errand-user"]])
    #expect(reading.actor.lane == lane)
  }

  /// To a pull request that Errand opened with Ann's token.
  private static func pushed(by login: String) -> JSON {
    [
      "action": "synchronize", "sender": ["login": .string(login)],
      "pull_request": [
        "user": ["login": "ann"], "author_association": "OWNER", "body": "<!-- errand:dlv_1 -->",
      ],
    ]
  }

  @Test func `pushing takes write access`() throws {
    let body: JSON = ["sender": ["login": "ann"], "repository": ["owner": ["login": "corp"]]]
    #expect(try Self.read(GitHubRequest.make("push", body.bytes)).actor.lane == .member)
    #expect(try Self.read(GitHubRequest.make("star", body.bytes)).actor.lane == .outside)
  }
}
