import ArgumentParser
import Foundation
import JSON
import Service
import TestSupport
import Testing

@testable import CLI
@testable import Jobs

/// What the README says is so, and what the references beside the jobs and in Deploy say.
@Suite struct ReadmeTests {
  private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// What stands beside the example jobs: every field of the files.
  private func reference() throws -> String { try text("Jobs/README.md") }

  @Test func `its job file is valid`() throws {
    let parts = try text("README.md").components(separatedBy: "```")
    let job = try #require(parts.first { $0.hasPrefix("yaml\n") }).dropFirst("yaml\n".count)
    let folder = try TemporaryFolder()
    let jobs = "\(folder.path)/Jobs"
    try FileManager.default.copyItem(atPath: root.appending(path: "Jobs").path, toPath: jobs)
    try String(job).write(toFile: "\(jobs)/daily-brief/job.yaml", atomically: true, encoding: .utf8)
    #expect(throws: Never.self) { try JobFolder.load("\(jobs)/daily-brief", kinds: ErrandService.kinds) }
  }

  @Test func `its reference has every field of a job file`() throws {
    let reference = try reference()
    let shapes = ErrandService.kinds.sources + ErrandService.kinds.callbacks
    let fields =
      JobReader.keys + JobReader.scheduleKeys + JobReader.webhookKeys + shapes.map(\.name)
      + shapes.flatMap { $0.fields.map(\.name) } + Lane.allCases.map(\.rawValue)
      + Overlap.allCases.map(\.rawValue) + RepeatPolicy.allCases.map(\.rawValue)
    for field in fields {
      #expect(
        ["`\(field)`", "`\(field):", "`\(field).", ".\(field)`"].contains { reference.contains($0) },
        "\(field)")
    }
  }

  @Test func `its tables have every field of agents, environments and what callbacks carry`() throws {
    let reference = try reference()
    func fields(_ schema: JSON) -> Set<String> {
      var names = Set<String>()
      for (name, value) in schema["properties"]?.objectValue ?? [:] {
        names.formUnion(fields(value).union([name]))
      }
      for key in ["items", "additionalProperties"] {
        if let value = schema[key] { names.formUnion(fields(value)) }
      }
      for value in schema["anyOf"]?.arrayValue ?? [] { names.formUnion(fields(value)) }
      return names
    }
    // What only sources and places of web tools have inside is in their schema.
    let inside: Set = [
      "client_tool_results", "server_tool_results", "user_input", "tools", "city", "region", "country",
      "timezone",
      "properties", "required", "metadata", "default_config",
    ]
    for kind in [FileSchema.agent, .environment, .result] {
      for field in fields(kind.document).subtracting(inside) {
        #expect(
          ["`\(field)`", "`\(field):", "`\(field).", ".\(field)`", "{\(field):", ", \(field)"].contains {
            reference.contains($0)
          }, "\(field)")
      }
    }
  }

  @Test func `the parts of files in its reference are valid`() throws {
    let reference = try reference()
    let blocks = reference.components(separatedBy: "```yaml\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
    let base = "name: sample\nagent: writer\nenvironment: bench\n"
    for block in blocks {
      let folder = try TemporaryFolder()
      var files = [
        "agents/writer.yaml": "model: m\n", "environments/bench.yaml": "description: d\n",
        "sources/github.yaml": "kind: github\nsecret: ${env:S}\nrepositories: [octo/ferry]\n",
        "sample/prompt.md": "Do it.\n",
        "sample/holidays.ics":
          "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR\n",
        "sample/job.yaml": base + "input: {message: prompt.md}\n",
      ]
      if block.hasPrefix("# sources/github.yaml") {
        files["sources/github.yaml"] = block
      } else if block.hasPrefix("model:") {
        files["agents/writer.yaml"] = block
      } else if block.hasPrefix("config:") {
        files["environments/bench.yaml"] = block
      } else if block.hasPrefix("turns:") {
        files["sample/rehearsal.yaml"] = block
      } else if block.hasPrefix("input:") {
        files["sample/job.yaml"] = base + block + "  message: prompt.md\n"
      } else {
        files["sample/job.yaml"]? += block
      }
      for (name, text) in files {
        let url = URL(filePath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
      do {
        let loaded = try JobFolder.load(folder.path, kinds: ErrandService.kinds)
        #expect(loaded.warnings.isEmpty)
      } catch {
        Issue.record("\(block)\n\(error)")
      }
    }
    #expect(blocks.count == 8)
  }

  @Test(arguments: ExitCodes.allCases)
  func `its exit codes are those of the program`(code: ExitCodes) throws {
    let meaning = code.meaning.replacingOccurrences(of: "--wait", with: "`--wait`")
    #expect(try text("Deploy/README.md").contains("| \(code.rawValue) | \(meaning) |"))
  }

  @Test func `its table of serve has every option`() throws {
    let table = try text("Deploy/README.md")
    let options = Set(Serve.helpMessage().matches(of: #/--[a-z][a-z-]+/#).map { String($0.output) })
    #expect(options.count > 10)
    for option in options.subtracting(["--help", "--version"]) {
      #expect(["`\(option)`", "`\(option) "].contains { table.contains($0) }, "\(option)")
    }
  }

  @Test func `the program's own help names every command with examples`() {
    for group in Errand.configuration.groupedSubcommands {
      for command in group.subcommands {
        let discussion = command.configuration.discussion
        #expect(discussion.contains("EXAMPLES:"), "\(command)")
        #expect(
          discussion.split(separator: "\n").allSatisfy { !$0.hasPrefix("  errand") || $0.count <= 80 },
          "\(command)")
      }
    }
  }
}
