import ArgumentParser
import JSON

/// `errand cancel`
struct CancelRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Stop a run, or call off a firing that waits.",
    discussion: """
      A run ends as cancelled once its agent has stopped.

      EXAMPLES:
        errand cancel run_01kq3v5m9x
        errand cancel run_01kq3v5m9x --reason "wrong input"
        errand cancel drun_01kq3v5m9x
      """)

  @Argument(help: "The id of a run, or of a held firing; or its end.")
  var id: String
  @Option(help: "Why; it becomes the run's reason.")
  var reason: String?
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .run, .firing)
    let kind = ThingKind(id: id)
    guard [.run, .firing].contains(kind) else {
      throw Complaint.wrongThing(id: id, kind: kind, wanted: "a run or a held firing")
    }
    let body: JSON =
      reason.map { ["reason": .string($0)] } ?? ["reason": "It was cancelled with `errand cancel`."]
    let things = kind == .firing ? "firings" : "runs"
    let run = try await server.post(["v1", things, id, "cancel"], body)
    if json {
      Say.output(run.shownText)
    } else if things == "firings" {
      Say.output("\(id) is called off.")
    } else if run["ended_at"]?.isNull == false {
      Say.output("\(id) is cancelled.")
    } else {
      Say.output("\(id) is being cancelled; its agent stops first.")
    }
  }
}
