import ArgumentParser
import JSON
import Primitives

/// `errand jobs`
struct ListJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List the jobs that are applied, one on each line.",
    discussion: """
      `errand schedules JOB` tells more of when a job starts, `errand show JOB` what it is, `errand why JOB` why nothing \
      of it runs.

      EXAMPLES:
        errand jobs
        errand jobs --all               with those that are archived
        errand jobs --json | jq '.data[] | {name, next_at, last: .last_run.state}'
      """)

  @Flag(help: "Also those that are archived.")
  var all = false
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let answer = try await server.server().get(
      ["v1", "jobs"], [("include_archived", all ? "true" : nil)])
    if json {
      Say.output(answer.shownText)
      return
    }
    let now = Time.system.now()
    var options = ListOptions()
    options.limit = 1000
    options.json = false
    ListOutput.show(
      answer, as: options, ListJobs.columns, things: "jobs",
      nothing: "There are no jobs. Apply some with `errand apply Jobs`."
    ) { ListJobs.cells($0, now: now) }
    for obstacle in (answer["data"]?.arrayValue ?? []).compactMap({ $0["obstacle"]?.stringValue }) {
      Say.notice(Terminal.errors.paint(obstacle.onOneLine, .bad))
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

  static let columns = [
    Table.Column(title: "JOB"), Table.Column(title: "LAST"), Table.Column(title: "WHEN"),
    Table.Column(title: "NEXT"), Table.Column(title: "STARTED BY", shrinks: true),
    Table.Column(title: "DESCRIPTION", shrinks: true),
  ]

  static func cells(_ job: JSON, now: Timestamp) -> [Table.Cell] {
    let last = job["last_run"]?.objectValue.map(JSON.object)
    let when = last?["ended_at"]?.stringValue ?? last?["created_at"]?.stringValue
    return [
      ListOutput.text(job, "name"),
      last.map { ListOutput.state($0, "state") } ?? Table.Cell("–"),
      Table.Cell(TimeWords.relative(when, to: now)), next(job, now: now),
      Table.Cell((job["triggers"]?.arrayValue ?? []).map(ListJobs.words).joined(separator: ", ")),
      Table.Cell(job["description"]?.stringValue ?? ""),
    ]
  }

  /// When it starts next, or else why it does not by itself.
  private static func next(_ job: JSON, now: Timestamp) -> Table.Cell {
    if job["archived_at"]?.isNull == false { return Table.Cell("archived", .quiet) }
    if let faults = job["faults"]?.arrayValue, !faults.isEmpty {
      let isAway = faults.allSatisfy { $0["thing"] == "folder" }
      return Table.Cell(isAway ? "folder is missing" : "file is broken", .bad)
    }
    if job["obstacle"]?.isNull == false { return Table.Cell("cannot start", .bad) }
    if job["paused"]?.boolValue == true { return Table.Cell("paused", .waiting) }
    if let next = job["next_at"]?.stringValue {
      return Table.Cell(TimeWords.soon(next, to: now, in: job["timezone"]?.stringValue))
    }
    let triggers = job["triggers"]?.arrayValue ?? []
    if triggers.isEmpty { return Table.Cell("by hand", .quiet) }
    return triggers.contains { $0["webhook"] != nil }
      ? Table.Cell("on a webhook", .quiet) : Table.Cell("never", .bad)
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
