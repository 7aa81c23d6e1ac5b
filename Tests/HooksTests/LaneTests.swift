import Foundation
import IntegrationsSupport
import JSON
import PathSupport
import Primitives
import Runs
import Store
import TestSupport
import Testing

@testable import Hooks

/// From a sender's request to the ledger: what matches, who may, and what is written of the rest.
@Suite(.timeLimit(.minutes(5))) struct LaneTests {
  private static let environment = [
    "DESK_SECRET": Path.secret, "GITHUB_SECRET": Sample.githubSecret, "SLACK_SECRET": Sample.slackSecret,
  ]
  private static let sources: [JSON] = [
    ["name": "github", "kind": "github", "secret": "${env:GITHUB_SECRET}"],
    ["name": "slack", "kind": "slack", "secret": "${env:SLACK_SECRET}", "workspaces": ["T1", "T0EXAMPLE1"]],
  ]
  private static let bugs: JSON = [
    "webhook": "github",
    "match": [
      "type": ["issues.opened", "issues.labeled"], "body": ["issue": ["labels": ["name": ["bug"]]]],
    ],
  ]

  private static func comment(_ association: String, _ body: String, login: String = "ann") -> [UInt8] {
    let json: JSON = [
      "action": "created", "sender": ["login": .string(login), "type": "User"],
      "comment": ["author_association": .string(association), "body": .string(body)],
    ]
    return json.bytes
  }

  @Test func `GitHub's issue starts the jobs it fits, and tells the others why not`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(
        JobDefinition("patch", message: "{{trigger.body.issue.title}}", triggers: [Self.bugs]),
        JobDefinition(
          "docs",
          triggers: [["webhook": "github", "match": ["body": ["issue": ["labels": ["name": ["docs"]]]]]]]),
        JobDefinition("all", triggers: [["webhook": "github"]]), JobDefinition("deaf"), sources: Self.sources)
      let request = try Sample.request("github-issues-opened.json")
      let answer = try await path.take("github", request)
      #expect(answer.firings.map(\.job).sorted() == ["all", "docs", "patch"])
      let docs = answer.of("docs")
      #expect(docs?.decision == "filtered")
      #expect(docs?.reason == #"body.issue.labels.name: none of "bug", "errand" is "docs""#)
      #expect(answer.firings.filter { $0.decision == "started" }.map(\.job).sorted() == ["all", "patch"])
      let again = try await path.take("github", request)
      #expect(again.isRepeat)
      #expect(again.firings.count == 3)
      #expect(try await path.count("runs") == 2)
    }
  }

  @Test func `a ping is answered and leaves nothing behind`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "github"]]), sources: Self.sources)
      let reply = try await path.hooks.receive("github", Sample.request("github-ping.json"))
      #expect(reply.status == 200)
      #expect(reply.answer == nil)
      #expect(try await path.count("receipts") == 0)
      var forged = try Sample.request("github-ping.json")
      forged.body.append(0x20)
      await #expect(throws: HookRefusal.self) { try await path.hooks.receive("github", forged) }
    }
  }

  @Test func `a job takes the lanes that it names`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(
        JobDefinition("usual", triggers: [["webhook": "github"]]),
        JobDefinition("open", triggers: [["webhook": "github", "lanes": ["outside"]]]), sources: Self.sources)
      let request = GitHubRequest.make("issue_comment", Self.comment("NONE", "Hi"))
      let answer = try await path.take("github", request)
      #expect(answer.of("open")?.decision == "started")
      let usual = answer.of("usual")
      #expect(usual?.decision == "filtered")
      #expect(usual?.reason == #"actor.lane: "ann" is outside, and the job takes owner, member only"#)
    }
  }

  @Test func `a loop of Errand answering itself stops at one`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(
        JobDefinition(triggers: [["webhook": "github", "match": ["type": ["issue_comment.created"]]]]),
        sources: Self.sources)
      let asked = GitHubRequest.make("issue_comment", Self.comment("OWNER", "Errand, do it."), delivery: "1")
      #expect(try await path.take("github", asked).firings.map(\.decision) == ["started"])
      // With the token of a person who owns the repository, only the mark tells that it was Errand.
      let own = Self.comment("OWNER", "Done.\n\n<!-- errand:run:run_1 -->")
      for delivery in 2...4 {
        let reply = GitHubRequest.make("issue_comment", own, delivery: "\(delivery)")
        let firing = try #require(try await path.take("github", reply).firings.first)
        #expect(firing.decision == "filtered")
        #expect(firing.reason == #"actor.lane: "ann" is bot, and the job takes owner, member only"#)
      }
      #expect(try await path.count("runs") == 1)
    }
  }

  @Test func `a generic source's file says whose it is`() async throws {
    try await withPath(environment: Self.environment) { path in
      let source: JSON = [
        "name": "form", "kind": "generic", "secret": "${env:DESK_SECRET}", "lane": "outside",
      ]
      try await path.apply(JobDefinition(triggers: [["webhook": "form"]]), sources: [source])
      let request = try HooksTests.signed(path, Array("{}".utf8))
      #expect(try await path.take("form", request).firings.map(\.decision) == ["filtered"])
    }
  }

  @Test func `a message that comes as two events starts a job once`() async throws {
    try await withPath(at: "2026-09-21T14:13:20Z", environment: Self.environment) { path in
      try await path.apply(
        JobDefinition("both", message: "{{trigger.text}}", triggers: [["webhook": "slack"]]),
        JobDefinition("mentions", triggers: [["webhook": "slack", "match": ["type": ["app_mention"]]]]),
        sources: Self.sources)
      let event: JSON.Object = ["channel": "C1", "ts": "1.2", "user": "U1", "text": "<@U0ERRANDBT> Do it."]
      let message = SlackRequest.event(.object(event.merging(["type": "message"])), id: "Ev1")
      let first = try await path.take("slack", message)
      #expect(first.firings.map(\.decision) == ["started", "filtered"])
      let mention = SlackRequest.event(.object(event.merging(["type": "app_mention"])), id: "Ev2")
      let second = try await path.take("slack", mention)
      #expect(second.firings.map(\.job) == ["both", "mentions"])
      #expect(second.firings.map(\.decision) == ["skipped", "started"])
      #expect(second.firings[0].reason == "The same thing came before, as receipt \(first.receipt).")
    }
  }

  @Test func `a slash command is acknowledged in words`() async throws {
    try await withPath(at: "2026-09-21T14:13:20Z", environment: Self.environment) { path in
      try await path.apply(
        JobDefinition(
          "chat-task", message: "{{trigger.text}} for {{trigger.actor.name}}, {{trigger.actor.lane}}",
          triggers: [["webhook": "slack", "match": ["body": ["command": ["/errand"]]]]]),
        sources: Self.sources)
      let reply = try await path.hooks.receive("slack", Sample.request("slack-slash-command.txt"))
      #expect(
        try JSON(parsing: reply.body) == ["response_type": "ephemeral", "text": "Started chat-task."])
      let run = try await path.run(try #require(reply.answer?.firings.first?.run))
      #expect(run.snapshot.message.contains("triage example-corp/billing-api#4521 --budget 2€"))
    }
  }

  @Test func `of a crowd of jobs the nearest are told of, the others are counted`() async throws {
    try await withPath(environment: Self.environment) { path in
      let crowd = (0..<30).map { number in
        JobDefinition(
          "job-\(number)",
          triggers: [
            ["webhook": "github", "match": ["body": ["repository": ["name": [.string("r\(number)")]]]]]
          ])
      }
      for job in crowd { try await path.apply(job, sources: Self.sources) }
      let near: JSON = [
        "body": [
          "repository": ["name": ["r29"]], "issue": ["labels": ["name": [["anything-but": ["docs"]]]]],
        ]
      ]
      try await path.apply(
        JobDefinition("zz-near", triggers: [["webhook": "github", "match": near]]), sources: Self.sources)
      let body: JSON = [
        "action": "opened", "sender": ["login": "ann"], "repository": ["name": "r29"],
        "issue": ["author_association": "OWNER", "labels": [["name": "docs"]]],
      ]
      let answer = try await path.take("github", GitHubRequest.make("issues", body.bytes))
      #expect(answer.firings.first?.job == "job-29")
      #expect(answer.firings.count == 1 + Hooks.refusalLimit)
      #expect(answer.unlisted == 30 - Hooks.refusalLimit)
      let told = answer.of("zz-near")
      #expect(told?.reason == #"body.issue.labels.name: none of "docs" is something other than "docs""#)
      // What was not written can still be found out.
      let listed = Set(answer.firings.map(\.job))
      let unlisted = try #require((0..<30).map { "job-\($0)" }.first { !listed.contains($0) })
      let job = try await path.job(unlisted)
      let reason = try await path.database.read { tx in
        try path.hooks.reason(tx, receipt: answer.receipt, job: job)
      }
      #expect(reason?.hasPrefix(#"body.repository.name: "r29" is not "r"#) == true)
      let started = try await path.job("job-29")
      let none = try await path.database.read { tx in
        try path.hooks.reason(tx, receipt: answer.receipt, job: started)
      }
      #expect(none == nil)
    }
  }

  @Test func `what is applied counts from the next request, in every process`() async throws {
    try await withPath(environment: Self.environment) { path in
      let other = try await Path(sharing: path, environment: Self.environment)
      try await path.apply(JobDefinition("patch", triggers: [Self.bugs]), sources: Self.sources)
      let body = try Sample.bytes("github-issues-opened.json")
      func decision(_ path: Path, _ delivery: String) async throws -> String? {
        // The same bytes would be the same delivery.
        let body = body + Array(repeating: 0x20, count: Int(delivery) ?? 0)
        let request = GitHubRequest.make("issues", body, delivery: delivery)
        return try await path.take("github", request).firings.first?.decision
      }
      #expect(try await decision(path, "1") == "started")
      #expect(try await decision(other, "2") == "started")
      var trigger = Self.bugs
      trigger["match"] = ["type": ["push"]]
      try await path.apply(JobDefinition("patch", triggers: [trigger]), sources: Self.sources)
      #expect(try await decision(other, "3") == "filtered")
      #expect(try await decision(path, "4") == "filtered")
      // A new secret is taken, and the old one is not.
      let changed: JSON = ["name": "github", "kind": "github", "secret": "${env:SLACK_SECRET}"]
      try await path.apply(sources: [changed])
      let new = GitHubRequest.make("issues", body, delivery: "5", secret: Sample.slackSecret)
      #expect(try await other.take("github", new).firings.count == 1)
      await #expect(throws: HookRefusal.self) { try await decision(path, "6") }
      await other.database.close()
    }
  }

  @Test func `a secret in a file may change at any time`() async throws {
    try await withPath { path in
      let file = "\(path.folder.path)/secret"
      func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }
      try write(Sample.githubSecret + "\n")
      let source: JSON = ["name": "github", "kind": "github", "secret": .string("${file:\(file)}")]
      try await path.apply(JobDefinition(triggers: [["webhook": "github"]]), sources: [source])
      let body = Self.comment("OWNER", "Hi")
      let old = GitHubRequest.make("issue_comment", body)
      _ = try await path.take("github", old)
      try write("another secret")
      await #expect(throws: HookRefusal.self) { try await path.take("github", old) }
      let new = GitHubRequest.make("issue_comment", body + [0x20], delivery: "2", secret: "another secret")
      #expect(try await !path.take("github", new).isRepeat)
    }
  }
}
