import Foundation
import Integrations
import IntegrationsSupport
import JSON
import Jobs
import Primitives
import TestSupport
import Testing

@testable import Hooks

/// Job files with patterns, as `validate` and `hooks test` see them.
@Suite struct HookPreviewTests {
  private static let kinds = Integrations.kinds

  private static func folder(match: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = [
      "agents/worker.yaml": "name: worker\nmodel: rehearsed\n",
      "environments/bench.yaml": "name: bench\nconfig: {type: cloud}\n",
      "sources/github.yaml": "kind: github\nsecret: ${env:NOT_SET_ANYWHERE}\n",
      "patch/prompt.md": "Fix {{trigger.body.issue.title}} for {{trigger.actor.lane}}.\n",
      "patch/job.yaml": """
      name: patch
      agent: worker
      environment: bench
      triggers:
        - webhook: github
          match: \(match)
          key: "{{trigger.body.repository.full_name}}#{{trigger.body.issue.number}}"
      input: {message: prompt.md}

      """,
    ]
    for (name, text) in files {
      let url = URL(fileURLWithPath: "\(folder.path)/\(name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    return folder
  }

  private static func preview(_ sample: String, match: String) throws -> HookPreview {
    let folder = try folder(match: match)
    let (jobs, sources) = try JobFolder.load(folder.path, kinds: kinds).preview(kinds: kinds)
    return try HookPreview(
      Sample.request(sample), source: try #require(sources.first), among: Integrations.sources, jobs: jobs,
      now: Sample.time,
      secrets: Secrets(environment: [:]))
  }

  @Test func `what would start is shown with its prompt and key, without the secret`() throws {
    let preview = try Self.preview("github-issues-opened.json", match: "{type: [issues.opened]}")
    let line = try #require(preview.lines.first)
    #expect(line.starts)
    #expect(line.key == "example-corp/billing-api#4521")
    #expect(line.prompt?.contains("Invoice PDF drops the second decimal in the total") == true)
    #expect(preview.json["jobs"]?[0]?["starts"] == true)
  }

  @Test func `what would not start says the first field that failed`() throws {
    let preview = try Self.preview(
      "github-issues-opened.json", match: "{type: [issues.opened], body: {issue: {state: [closed]}}}")
    #expect(preview.lines.map(\.starts) == [false])
    #expect(preview.lines[0].reason == #"body.issue.state: "open" is not "closed""#)
  }

  @Test func `a handshake starts nothing`() throws {
    let preview = try Self.preview("github-ping.json", match: "{type: [ping]}")
    #expect(preview.reading == nil)
    #expect(preview.lines.isEmpty)
  }

  @Test func `a wrong pattern is told with its line and column`() throws {
    let folder = try Self.folder(match: "{type: [{prefx: a}], bdy: {x: [1]}}")
    #expect {
      try JobFolder.load(folder.path, kinds: Self.kinds)
    } throws: { error in
      guard case JobsError.invalid(let problems) = error else { return false }
      return problems.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.path)" } == [
        "6:21 triggers[0].match.type[0].prefx", "6:33 triggers[0].match.bdy",
      ]
    }
  }
}
