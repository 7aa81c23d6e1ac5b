import Foundation
import JSON
import Processes
import TestSupport
import Testing

@testable import CLI

/// `errand hooks`, as it is run.
@Suite struct HookCommandTests {
  private static var program: String {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "errand").path
  }

  private func errand(_ arguments: String..., input: String = "") async throws -> Command.Output {
    let environment = ["LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? ""]
    return try await Command(
      [Self.program, "hooks"] + arguments, environment: environment, input: .bytes(Array(input.utf8)),
      limit: .seconds(30)
    ).run()
  }

  private static func hookCase(_ signature: String) -> String {
    let json: JSON = [
      "id": "a", "scheme": "github-sha256", "secret": "It's a Secret to Everybody",
      "headers": ["X-Hub-Signature-256": .string(signature)], "body_base64": "SGVsbG8sIFdvcmxkIQ==",
      "now_unix": 1,
    ]
    return json.text
  }

  @Test func `every case has its answer, in order`() async throws {
    let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    let lines = (0..<500).map { $0 % 3 == 0 ? Self.hookCase("sha256=00") : Self.hookCase(right) }
    // The last line has no end, as some editors leave it.
    let output = try await errand(
      "verify", "--batch", input: (["", "no case"] + lines).joined(separator: "\n"))
    #expect(output.exit == .code(0))
    let answers = try output.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(
      answers.map { $0["verdict"]?.stringValue }
        == ["reject"] + (0..<500).map { $0 % 3 == 0 ? "reject" : "accept" })
    #expect(answers.allSatisfy { $0["reason"]?.stringValue?.isEmpty == false })
  }

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = [
      "jobs/agents/worker.yaml": "name: worker\nmodel: rehearsed\n",
      "jobs/environments/bench.yaml": "name: bench\nconfig: {type: cloud}\n",
      "jobs/sources/github.yaml": "kind: github\nsecret: ${env:NOT_SET}\n",
      "jobs/fix/prompt.md": "Fix {{trigger.body.title}}.\n",
      "jobs/fix/job.yaml": """
      name: fix
      agent: worker
      environment: bench
      triggers: [{webhook: github, match: {type: [issues.opened]}, lanes: [outside]}]
      input: {message: prompt.md}
      """,
      "event.json": #"{"action": "opened", "title": "\u001b[31mthe door"}"#,
      "event.headers": "POST /hooks/github HTTP/1.1\nX-GitHub-Event: issues\nX-GitHub-Delivery: d\n",
    ]
    for (name, text) in files {
      let url = URL(filePath: "\(folder.path)/\(name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    return folder
  }

  @Test func `a recorded webhook shows what it would start`() async throws {
    let folder = try Self.folder()
    let arguments = [
      "test", "\(folder.path)/event.json", "--source", "github", "--jobs", "\(folder.path)/jobs",
    ]
    let shown = try await errand(
      arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
    #expect(shown.exit == .code(0))
    #expect(shown.text.hasPrefix("issues.opened from somebody, lane outside\n\nstarts  fix\n  prompt:\n"))
    #expect(shown.text.contains("the door"))
    #expect(!shown.text.contains("\u{1B}"))
    let other = try await errand(
      arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], "--header",
      "X-GitHub-Event: star")
    #expect(
      other.text == """
        star.opened from somebody, lane outside

        does not start  fix
          type: "star.opened" is not "issues.opened"

        """)
  }

  @Test func `what is missing is said`() async throws {
    let folder = try Self.folder()
    let jobs = "\(folder.path)/jobs"
    let file = "\(folder.path)/event.json"
    let source = try await errand("test", file, "--source", "githab", "--jobs", jobs)
    #expect(source.errorText == "error: There is no source \"githab\". Did you mean \"github\"?\n")
    let gone = try await errand("test", "\(folder.path)/no.json", "--source", "github", "--jobs", jobs)
    #expect(gone.exit == .code(66))
    let header = try await errand("test", file, "--source", "github", "--jobs", jobs, "--header", "nonsense")
    #expect(header.exit == .code(64))
    #expect(header.errorText == "error: --header: “nonsense” is not of the form “Name: value”.\n")
    try FileManager.default.removeItem(atPath: "\(folder.path)/event.headers")
    let bare = try await errand("test", file, "--source", "github", "--jobs", jobs)
    #expect(bare.exit == .code(65))
    #expect(
      bare.errorText == """
        error: \(file) comes without the headers X-GitHub-Event and X-GitHub-Delivery, which a source of kind github \
        reads. Give --header 'X-GitHub-Event: …', or write it into a file of the same name that ends in .headers.

        """)
    try "POST /hooks/github HTTP/1.1\n\nX-GitHub-Event: issues\nwhat is this\n".write(
      toFile: "\(folder.path)/event.headers", atomically: true, encoding: .utf8)
    let garbage = try await errand("test", file, "--source", "github", "--jobs", jobs)
    #expect(garbage.exit == .code(65))
    #expect(
      garbage.errorText
        == "error: \(folder.path)/event.headers:4: “what is this” is not of the form “Name: value”.\n")
  }
}
