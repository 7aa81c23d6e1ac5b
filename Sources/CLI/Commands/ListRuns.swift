import ArgumentParser
import JSON
import Jobs
import Primitives

/// `errand runs`
struct ListRuns: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List runs, the newest first.",
    discussion: """
      EXAMPLES:
        errand runs
        errand runs --job daily-brief --state failed
        errand runs --json | jq -r '.data[].id'
      """)

  @Option(help: "Only runs of this job.")
  var job: String?
  @Option(
    help: ArgumentHelp(
      "Only runs in this state: queued, running, waiting, succeeded, unsatisfied, failed, cancelled, timed_out or capped."
    ))
  var state: String?
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func validate() throws {
    let states = ["queued", "running", "waiting"] + Callback.endStates
    try Choice("state", states).check(state)
  }

  func run() async throws {
    let answer = try await server.server().get(
      ["v1", "runs"], [("job", job), ("state", state), ("limit", String(list.limit))])
    let now = Time.system.now()
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "RUN"), Table.Column(title: "JOB", shrinks: true), Table.Column(title: "STATE"),
        Table.Column(title: "FIRED"), Table.Column(title: "TOOK", isRight: true),
        Table.Column(title: "WHY", shrinks: true),
      ], things: "runs",
      nothing: state != nil
        ? "There are no such runs." : "There are no runs. Start one with `errand run \(job ?? "JOB")`."
    ) { run in
      let took = TimeWords.between(run["started_at"]?.stringValue, run["ended_at"]?.stringValue)
      return [
        ListOutput.text(run, "id"), ListOutput.text(run, "job"), ListOutput.state(run, "state"),
        Table.Cell(TimeWords.relative(run["created_at"]?.stringValue, to: now)), Table.Cell(took ?? "–"),
        Table.Cell(run["reason"]?.stringValue ?? ""),
      ]
    }
  }
}
