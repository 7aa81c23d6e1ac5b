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
      Each applies in a name, by default “apply”, and --prune archives what was applied in the same name; jobs that a \
      server reads from folders of its own (serve --jobs) are never among them.
      Agents, environments and sources whose files are gone stay, also with --prune; `errand agents archive` and \
      `errand environments archive` end them.

      EXAMPLES:
        errand apply Jobs
        errand apply Jobs/daily-brief
        errand apply Jobs --prune
        errand apply team/jobs --prune --as team
      """)

  @Argument(help: "A folder of jobs, or of one job.")
  var path: String
  @Flag(help: "Archive the jobs that came from files and are not among these any more.")
  var prune = false
  @Flag(help: "With --prune: archive all jobs that came from files if there is none among these.")
  var force = false
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "In whose name, for several that apply folders of their own to one server. (default: apply)",
      valueName: "name"))
  var keeper: String?
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let report = try await Apply.send(
      path, prune: prune, force: force, as: keeper, to: try server.server())
    Warnings.show((report["warnings"]?.arrayValue ?? []).compactMap(\.stringValue))
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
  static func send(
    _ path: String, prune: Bool, force: Bool = false, as keeper: String? = nil, to server: Server
  ) async throws -> JSON {
    let loaded = try Warnings.load(path)
    var bundle = loaded.json
    bundle["folder"] = .string(JobFolder.root(of: path))
    if let keeper { bundle["keeper"] = .string(keeper) }
    if prune {
      if loaded.jobs.isEmpty, !force {
        try await checkNothingIsPruned(
          path, keepers: [keeper ?? Jobs.applied, JobFolder.root(of: path)], on: server)
      }
      bundle["prune"] = true
    }
    return try await server.post(["v1", "jobs"], bundle)
  }

  /// A folder without any job may be the wrong one.
  private static func checkNothingIsPruned(
    _ path: String, keepers: [String], on server: Server
  ) async throws {
    let jobs = try await server.get(["v1", "jobs"])["data"]?.arrayValue ?? []
    let pruned = jobs.filter { job in
      job["origin"]?.stringValue == Origin.file.rawValue
        && job["kept_by"]?.stringValue.map(keepers.contains) ?? true
    }.compactMap { $0["name"]?.stringValue }
    if !pruned.isEmpty { throw Complaint.prunesAll(path: path, jobs: pruned) }
  }
}
