import ArgumentParser
import JSON
import Primitives

/// `errand firings`
struct ListFirings: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "firings", abstract: "List what fired, and what was decided about it.",
    discussion: """
      A firing that started nothing is here with its reason. FOR is the time of the schedule that it stands for, by the \
      clocks of the job's zone.

      EXAMPLES:
        errand firings --job daily-brief
        errand firings --decision missed
        errand firings --json --limit 200
      """)

  @Option(help: "Only firings of this job.")
  var job: String?
  @Option(
    help:
      "Only this decision: started, joined, skipped, filtered, missed, superseded, failed_to_start; or held, for none yet."
  )
  var decision: String?
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func validate() throws {
    let decisions = [
      "started", "joined", "skipped", "filtered", "missed", "superseded", "failed_to_start", "held",
    ]
    try Choice("decision", decisions).check(decision)
  }

  func run() async throws {
    let answer = try await server.server().get(
      ["v1", "firings"], [("job", job), ("decision", decision), ("limit", String(list.limit))])
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "FIRING"), Table.Column(title: "FIRED"), Table.Column(title: "FOR"),
        Table.Column(title: "JOB", shrinks: true), Table.Column(title: "BY"),
        Table.Column(title: "DECISION"), Table.Column(title: "REASON", shrinks: true),
      ], things: "firings", nothing: decision == nil ? "Nothing has fired." : "There are no such firings."
    ) { firing in
      [
        ListOutput.text(firing, "id"),
        Table.Cell(TimeWords.relative(firing["created_at"]?.stringValue, to: now)),
        Table.Cell(
          TimeWords.minute(firing["nominal_at"]?.stringValue, in: firing["timezone"]?.stringValue)),
        ListOutput.text(firing, "job"), ListOutput.text(firing, "kind"),
        ListOutput.state(firing, "decision"), Table.Cell(firing["reason"]?.stringValue ?? ""),
      ]
    }
  }
}
