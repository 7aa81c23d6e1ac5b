import ArgumentParser
import JSON

/// `errand jobs`
struct ListJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List the jobs that are applied.",
    discussion: """
      EXAMPLES:
        errand jobs
        errand jobs --json | jq '.data[] | {name, triggers}'
      """)

  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let answer = try await server.server().get(["v1", "jobs"])
    var options = ListOptions()
    options.limit = 1000
    options.json = json
    ListOutput.show(
      answer, as: options,
      [
        Table.Column(title: "JOB"), Table.Column(title: "STARTED BY", shrinks: true),
        Table.Column(title: "DESCRIPTION", shrinks: true),
      ], things: "jobs", nothing: "There are no jobs. Apply some with `errand apply Jobs`."
    ) { job in
      [
        ListOutput.text(job, "name"),
        Table.Cell((job["triggers"]?.arrayValue ?? []).map(ListJobs.words).joined(separator: ", ")),
        Table.Cell(job["description"]?.stringValue ?? ""),
      ]
    }
    if json { return }
    for obstacle in (answer["data"]?.arrayValue ?? []).compactMap({ $0["obstacle"]?.stringValue }) {
      Say.notice(Terminal.errors.paint(obstacle, .bad))
    }
    let faults =
      (answer["data"]?.arrayValue ?? []).flatMap { job in
        (job["faults"]?.arrayValue ?? []).map { (job["name"]?.stringValue, $0) }
      } + (answer["faults"]?.arrayValue ?? []).map { ($0["name"]?.stringValue, $0) }
    for (job, fault) in faults { Say.notice(Terminal.errors.paint(ListJobs.words(fault, of: job), .bad)) }
  }

  /// What is wrong with a file on the server's disk.
  static func words(_ fault: JSON, of job: String?) -> String {
    let name = job ?? fault["path"]?.stringValue ?? ""
    return
      "\(name): \(fault["problems"]?[0]?.stringValue ?? "its file is broken") — `errand why \(name)` says more."
      .onOneLine
  }

  static func words(_ trigger: JSON) -> String {
    if let source = trigger["webhook"]?.stringValue { return "webhook \(source)" }
    if let period = trigger["every"]?.stringValue { return "every \(period)" }
    if let moments = trigger["at"]?.arrayValue {
      let first = "at \(TimeWords.full(moments.first?.stringValue, in: trigger["timezone"]?.stringValue))"
      return moments.count > 1 ? "\(first) and \(moments.count - 1) more" : first
    }
    return "schedule \(trigger["schedule"]?.stringValue ?? "") \(trigger["timezone"]?.stringValue ?? "UTC")"
  }
}
