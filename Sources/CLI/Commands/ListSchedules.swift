import ArgumentParser
import JSON
import Primitives

/// `errand schedules`
struct ListSchedules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules", abstract: "List when jobs are due next.",
    discussion: """
      EXAMPLES:
        errand schedules
        errand schedules --json | jq -r '.data[] | [.job, .next_at] | @tsv'
      """)

  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let answer = try await server.server().get(["v1", "schedules"])
    var options = ListOptions()
    options.limit = 1000
    options.json = json
    let now = Time.system.now()
    ListOutput.show(
      answer, as: options,
      [
        Table.Column(title: "JOB"), Table.Column(title: "SCHEDULE"), Table.Column(title: "ZONE"),
        Table.Column(title: "NEXT"), Table.Column(title: "AT (HERE)"),
      ], things: "schedules", nothing: "No job has a schedule."
    ) { schedule in
      let next = schedule["next_at"]?.stringValue
      return [
        ListOutput.text(schedule, "job"), ListOutput.text(schedule, "expression"),
        ListOutput.text(schedule, "timezone"),
        Table.Cell(next == nil ? "never" : TimeWords.relative(next, to: now)),
        Table.Cell(TimeWords.full(next)),
      ]
    }
  }
}
