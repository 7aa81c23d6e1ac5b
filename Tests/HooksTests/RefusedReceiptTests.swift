import IntegrationsSupport
import JSON
import PathSupport
import Primitives
import Runs
import Signatures
import Store
import TestSupport
import Testing

@testable import Hooks

/// Webhooks that proved themselves and could not be taken.
@Suite(.timeLimit(.minutes(5))) struct RefusedReceiptTests {
  private static let environment = ["DESK_SECRET": Path.secret, "GITHUB_SECRET": Sample.githubSecret]

  private static func source(_ settings: JSON.Object = [:]) -> JSON {
    let source: JSON.Object = ["name": "github", "kind": "github", "secret": "${env:GITHUB_SECRET}"]
    return .object(source.merging(settings))
  }

  private static func issue(_ title: String = "A door") -> [UInt8] {
    let body: JSON = [
      "action": "opened", "sender": ["login": "ann"], "repository": ["full_name": "corp/ferry"],
      "issue": ["author_association": "OWNER", "title": .string(title)],
    ]
    return body.bytes
  }

  @discardableResult
  private static func refusal(_ path: Path, _ source: String, _ request: HookRequest) async -> HookRefusal? {
    do {
      _ = try await path.hooks.receive(source, request)
      return nil
    } catch {
      return error as? HookRefusal
    }
  }

  private static func kept(_ path: Path) async throws -> [ReceiptLine] {
    try await path.database.read { [hooks = path.hooks] tx in
      try hooks.receipts(tx, state: .refused, limit: 1000)
    }
  }

  @Test func `what is refused for where it comes from is kept, and taken once the file lists it`()
    async throws
  {
    try await withPath(environment: Self.environment) { path in
      let job = JobDefinition(message: "{{trigger.body.issue.title}}", triggers: [["webhook": "github"]])
      try await path.apply(job, sources: [Self.source(["repositories": ["corp/other"]])])
      let request = GitHubRequest.make("issues", Self.issue())
      #expect(await Self.refusal(path, "github", request)?.status == 403)
      #expect(await Self.refusal(path, "github", request)?.status == 403)
      let line = try #require(try await Self.kept(path).first)
      #expect(line.repeats == 1)
      #expect(line.code == "unlisted")
      #expect(try await path.count("refused_receipts") == 1)
      #expect(try await path.count("receipts") == 0)
      // Nothing has changed.
      await #expect(throws: HookRefusal.self) { try await path.hooks.replay(line.id) }
      try await path.apply(job, sources: [Self.source(["repositories": ["corp/ferry"]])])
      path.clock.advance(by: .seconds(600))
      let answer = try await path.hooks.replay(line.id)
      #expect(answer.receipt == line.id)
      #expect(answer.firings.map(\.decision) == ["started"])
      let receipt = try await path.database.read { [hooks = path.hooks] tx in try hooks.receipt(tx, line.id) }
      #expect(receipt?.receivedAt == line.receivedAt)
      #expect(receipt?.type == "issues.opened")
      // Once is enough, whoever sends it again.
      #expect(try await path.hooks.replay(line.id).isRepeat)
      #expect(try await path.take("github", request).isRepeat)
      #expect(try await path.count("runs") == 1)
      #expect(try await Self.kept(path).isEmpty)
    }
  }

  @Test func `what came in between is not started again`() async throws {
    try await withPath(environment: Self.environment) { path in
      let job = JobDefinition(triggers: [["webhook": "github"]])
      try await path.apply(job, sources: [Self.source(["repositories": ["corp/other"]])])
      let request = GitHubRequest.make("issues", Self.issue())
      await Self.refusal(path, "github", request)
      let line = try #require(try await Self.kept(path).first)
      try await path.apply(job, sources: [Self.source()])
      let taken = try await path.take("github", request)
      let replayed = try await path.hooks.replay(line.id)
      #expect(replayed.isRepeat)
      #expect(replayed.receipt == taken.receipt)
      #expect(try await path.count("runs") == 1)
    }
  }

  @Test func `a body that can't be read is kept as it came, with its headers`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      let body = Array("not json\u{0}".utf8)
      await Self.refusal(path, "desk", try HooksTests.signed(path, body, and: [("Cookie", "not-to-be-kept")]))
      let line = try #require(try await Self.kept(path).first)
      #expect(line.state == .refused)
      #expect(line.reason?.hasPrefix("The body can't be read: The JSON text is wrong at line 1") == true)
      let row = try #require(
        try await path.database.read { tx in try tx.row("SELECT * FROM refused_receipts") })
      #expect(try row["body"] as [UInt8]? == body)
      let headers: JSON = try row["headers"]
      #expect(Set(headers.objectValue?.keys ?? []) == ["content-type", "webhook-id", "webhook-timestamp"])
    }
  }

  @Test func `what proves nothing is not kept`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      await Self.refusal(path, "desk", HookRequest(headers: [:], body: Array("x".utf8)))
      await Self.refusal(path, "nobody", HookRequest(headers: [:], body: Array("x".utf8)))
      #expect(try await Self.kept(path).isEmpty)
    }
  }

  @Test func `there is a bound for each body, each minute, and all of them`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      func send(_ number: Int, _ length: Int = 1) async throws {
        let body = Array(repeating: UInt8(ascii: "x"), count: length)
        await Self.refusal(path, "desk", try HooksTests.signed(path, body, id: "msg_\(number)"))
      }
      try await send(0, Hooks.keptBodyLimit + 1)
      #expect(try await Self.kept(path).isEmpty)
      for number in 0..<(Hooks.keptPerMinute + 10) { try await send(number) }
      #expect(try await Self.kept(path).count == Hooks.keptPerMinute)
      for number in 100..<(100 + Hooks.keptLimit) {
        path.clock.advance(by: .seconds(4))
        try await send(number)
      }
      #expect(try await Self.kept(path).count == Hooks.keptLimit)
      path.clock.advance(by: Hooks.keptFor + .seconds(60))
      try await send(1000)
      #expect(try await Self.kept(path).count == 1)
    }
  }

  @Test func `only what was refused can be taken again`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "desk"]]))
      let taken = try await path.take("desk", HooksTests.signed(path, Array("{}".utf8)))
      for (id, code) in [(taken.receipt, "not_refused"), ("rcpt_none", "unknown_receipt")] {
        await #expect {
          _ = try await path.hooks.replay(id)
        } throws: { error in
          (error as? HookRefusal)?.code == code
        }
      }
    }
  }

  // MARK: The same bytes again

  @Test func `the same signed body under another delivery's id starts nothing`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "github"]]), sources: [Self.source()])
      let first = try await path.take("github", GitHubRequest.make("issues", Self.issue(), delivery: "1"))
      for (delivery, hook) in [("2", "42"), ("3", nil), ("4", "43")] {
        path.clock.advance(by: .seconds(86_400 * 30))
        let again = try await path.take(
          "github", GitHubRequest.make("issues", Self.issue(), delivery: delivery, hook: hook))
        #expect(again.isRepeat)
        #expect(again.receipt == first.receipt)
      }
      #expect(try await path.count("receipts WHERE repeats = 3") == 1)
      let other = GitHubRequest.make("issues", Self.issue("A gate"), delivery: "5")
      #expect(try await !path.take("github", other).isRepeat)
      #expect(try await path.count("runs") == 2)
    }
  }

  @Test func `what says no time of itself may come again after a while`() async throws {
    try await withPath(environment: Self.environment) { path in
      try await path.apply(JobDefinition(triggers: [["webhook": "github"]]), sources: [Self.source()])
      let body: JSON = ["inputs": nil, "ref": "main", "workflow": "a.yml", "sender": ["login": "ann"]]
      func isRepeat(_ delivery: String) async throws -> Bool {
        try await path.take("github", GitHubRequest.make("workflow_dispatch", body.bytes, delivery: delivery))
          .isRepeat
      }
      #expect(try await !isRepeat("1"))
      path.clock.advance(by: .seconds(599))
      #expect(try await isRepeat("2"))
      path.clock.advance(by: .seconds(2))
      #expect(try await !isRepeat("3"))
    }
  }
}
