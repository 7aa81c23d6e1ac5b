import ArgumentParser
import Catalog
import JSON
import Jobs
import Service

/// `errand apply`
struct Apply: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Bring the server's jobs to what the files in a folder say.",
    discussion: """
      All of it, or nothing: one problem anywhere changes nothing. Runs that have started keep what they started with.
      Agents, environments and sources whose files are gone stay, also with --prune; `errand agents archive` and \
      `errand environments archive` end them.

      EXAMPLES:
        errand apply Jobs
        errand apply Jobs/daily-brief
        errand apply Jobs --prune
      """)

  @Argument(help: "A folder of jobs, or of one job.")
  var path: String
  @Flag(help: "Archive the jobs that came from files and are not among these any more.")
  var prune = false
  @Flag(help: "With --prune: archive all jobs that came from files if there is none among these.")
  var force = false
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let report = try await Apply.send(path, prune: prune, force: force, to: try server.server())
    if json {
      Say.output(report.shownText)
      return
    }
    var table = Table([
      Table.Column(title: "CHANGE"), Table.Column(title: "WHAT"), Table.Column(title: "NAME"),
      Table.Column(title: "VERSION", isRight: true), Table.Column(title: "ID"),
    ])
    for change in report["things"]?.arrayValue ?? [] {
      table.add([
        ListOutput.state(change, "change"), ListOutput.text(change, "thing"), ListOutput.text(change, "name"),
        Table.Cell(change["version"]?.intValue.map(String.init) ?? "–"), ListOutput.text(change, "id"),
      ])
    }
    Say.output(table.lines(on: .output).joined(separator: "\n"))
  }

  /// - Returns: the server's report.
  static func send(_ path: String, prune: Bool, force: Bool = false, to server: Server) async throws -> JSON {
    let loaded = try JobFolder.load(path, kinds: ErrandService.kinds)
    Warnings.show(loaded.warnings)
    var bundle = loaded.json
    if prune {
      if loaded.jobs.isEmpty, !force { try await checkNothingIsPruned(path, on: server) }
      bundle["prune"] = true
    }
    return try await server.post(["v1", "jobs"], bundle)
  }

  /// A folder without any job may be the wrong one.
  private static func checkNothingIsPruned(_ path: String, on server: Server) async throws {
    let jobs = try await server.get(["v1", "jobs"])["data"]?.arrayValue ?? []
    let pruned = jobs.filter { $0["origin"]?.stringValue == Origin.file.rawValue }
      .compactMap { $0["name"]?.stringValue }
    if !pruned.isEmpty { throw Complaint.prunesAll(path: path, jobs: pruned) }
  }
}
