import ArgumentParser
import Foundation
import Jobs
import Service
import TestSupport
import Testing

@testable import CLI

/// What the README says is so.
@Suite struct ReadmeTests {
  private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func readme() throws -> String {
    try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
  }

  @Test func `its job file is valid`() throws {
    let parts = try readme().components(separatedBy: "```")
    let job = try #require(parts.first { $0.hasPrefix("yaml\n") }).dropFirst("yaml\n".count)
    let folder = try TemporaryFolder()
    let jobs = "\(folder.path)/Jobs"
    try FileManager.default.copyItem(atPath: root.appending(path: "Jobs").path, toPath: jobs)
    try String(job).write(toFile: "\(jobs)/daily-brief/job.yaml", atomically: true, encoding: .utf8)
    #expect(throws: Never.self) { try JobFolder.load("\(jobs)/daily-brief", kinds: ErrandService.kinds) }
  }

  @Test(arguments: ExitCodes.allCases)
  func `its exit codes are those of the program`(code: ExitCodes) throws {
    let meaning = code.meaning.replacingOccurrences(of: "--wait", with: "`--wait`")
    #expect(try readme().contains("| \(code.rawValue) | \(meaning) |"))
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
