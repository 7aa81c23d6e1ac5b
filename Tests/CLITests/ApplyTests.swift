import Foundation
import JSON
import Processes
import TestSupport
import Testing

@testable import CLI

/// `errand apply` with a real server.
@Suite(.timeLimit(.minutes(5))) struct ApplyTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try write("agents/writer.yaml", "model: m\nsystem: You write.\n")
    try write("environments/bench.yaml", "description: A bench.\n")
  }

  private func write(_ name: String, _ text: String) throws {
    let file = URL(filePath: "\(folder.path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// `created agent writer 1`; the ids are looked at by themselves.
  private func lines(_ output: Command.Output) -> [String] {
    output.text.split(separator: "\n").dropFirst().map { line in
      line.split(separator: " ").dropLast().joined(separator: " ")
    }
  }

  private func writeJob() throws {
    try write("brief/job.yaml", "name: brief\nagent: writer\nenvironment: bench\ninput: {message: p.md}\n")
    try write("brief/p.md", "Write.\n")
  }

  @Test func `a folder of agents and environments alone is applied, and again without a change`() async throws
  {
    try await Served.with { served in
      let first = try await served.errand("apply", folder.path)
      #expect(first.exit == .code(0), "\(first.errorText)")
      #expect(lines(first) == ["created agent writer 1", "created environment bench –"])
      let listed = try await JSON(parsing: served.errand("agents", "--json").text)
      let id = try #require(listed["data"]?[0]?["id"]?.stringValue)
      #expect(first.text.contains(id))
      let again = try await served.errand("apply", folder.path)
      #expect(lines(again) == ["unchanged agent writer 1", "unchanged environment bench –"])
      try write("agents/writer.yaml", "model: m\nsystem: You write well.\n")
      let edited = try await served.errand("apply", folder.path)
      #expect(lines(edited) == ["updated agent writer 2", "unchanged environment bench –"])
      #expect(edited.text.contains(id))
      try write("environments/bench.yaml", "description: Another bench.\n")
      try write("agents/writer.yaml", "model: [\n")
      let broken = try await served.errand("apply", folder.path)
      #expect(broken.exit == .code(65))
      #expect(broken.errorText.contains("agents/writer.yaml:2:1: This is no YAML"), "\(broken.errorText)")
      let agent = try await JSON(parsing: served.errand("agents", "get", id).text)
      #expect(agent["version"] == 2)
      let environments = try await JSON(parsing: served.errand("environments", "--json").text)["data"]
      #expect(environments?.arrayValue?.map { $0["description"] } == ["A bench."])
    }
  }

  @Test func `a folder without a job archives all jobs only by force, and says so`() async throws {
    try await Served.with { served in
      try writeJob()
      #expect(try await served.errand("apply", folder.path).exit == .code(0))
      try FileManager.default.removeItem(atPath: "\(folder.path)/brief")
      let refused = try await served.errand("apply", folder.path, "--prune")
      #expect(refused.exit == .code(64))
      #expect(
        refused.errorText == """
          error: There is no job in \(folder.path), so --prune would archive the only one that came from files: brief.
          hint:  name the folder that the jobs lie in, or give --force

          """)
      #expect(try await served.errand("jobs").text.contains("brief"))
      // What is not pruned needs no force.
      #expect(try await served.errand("apply", folder.path).exit == .code(0))
      let forced = try await served.errand("apply", folder.path, "--prune", "--force")
      #expect(lines(forced).contains("archived job brief –"), "\(forced.text)")
      #expect(try await !served.errand("jobs").text.contains("brief"))
      #expect(try await served.errand("apply", folder.path, "--prune").exit == .code(0))
      // Agents stay: whoever made sessions of them may still need them.
      #expect(try await served.errand("agents").text.contains("writer"))
    }
  }

  @Test func `a picture is uploaded as the picture that its name says`() async throws {
    try await Served.with { served in
      try write("photo.png", "not really")
      let made = try await served.errand("files", "create", "\(folder.path)/photo.png")
      #expect(try JSON(parsing: made.text)["mime_type"] == "image/png")
    }
  }
}
