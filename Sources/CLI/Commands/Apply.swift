import ArgumentParser
import JSON
import Jobs
import Service

/// `errand apply`
struct Apply: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Bring the server's jobs to what the files in a folder say.",
    discussion: """
      All of it, or nothing: one problem anywhere changes nothing. Runs that have started keep what they started with.

      EXAMPLES:
        errand apply Jobs
        errand apply Jobs/daily-brief
        errand apply Jobs --prune
      """)

  @Argument(help: "A folder of jobs, or of one job.")
  var path: String
  @Flag(help: "Archive the jobs that came from files and are not among these any more.")
  var prune = false
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let report = try await Apply.send(path, prune: prune, to: try server.server())
    if json {
      Say.output(report.prettyText)
      return
    }
    var table = Table([
      Table.Column(title: "CHANGE"), Table.Column(title: "WHAT"), Table.Column(title: "NAME"),
    ])
    for change in report["things"]?.arrayValue ?? [] {
      table.add([
        ListOutput.state(change, "change"), ListOutput.text(change, "thing"), ListOutput.text(change, "name"),
      ])
    }
    Say.output(table.lines(on: .output).joined(separator: "\n"))
  }

  /// - Returns: the server's report.
  static func send(_ path: String, prune: Bool, to server: Server) async throws -> JSON {
    let loaded = try JobFolder.load(path, kinds: ErrandService.kinds)
    Warnings.show(loaded.warnings)
    var bundle = loaded.json
    if prune { bundle["prune"] = true }
    return try await server.post(["v1", "jobs"], bundle)
  }
}
