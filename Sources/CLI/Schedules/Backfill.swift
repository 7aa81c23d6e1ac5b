import ArgumentParser
import JSON
import Jobs
import Primitives

/// `errand backfill`
struct Backfill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill", abstract: "Make up for the past times of a job's schedule.",
    discussion: """
      Starts a run for each time from one moment to another that has none yet; asked again, it starts nothing. By \
      default one after another; --overlap allow_all runs them side by side.

      EXAMPLES:
        errand backfill brief --from 2026-11-01T00:00:00Z --to 2026-11-07T00:00:00Z
        errand backfill brief --from "$START" --to "$END" --overlap allow_all
      """)

  @OptionGroup var choice: ScheduleChoice
  @Option(help: ArgumentHelp("The first time, with its offset from UTC.", valueName: "time"))
  var from: String
  @Option(help: ArgumentHelp("The last time, with its offset from UTC.", valueName: "time"))
  var to: String
  @Option(
    help:
      "How the runs meet: buffer_all (the default), allow_all, skip, buffer_one, cancel_other or terminate_other."
  )
  var overlap: String?
  @Flag(help: "Print the API's JSON, one document for each schedule, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func validate() throws { try Choice("overlap", Overlap.allCases.map(\.rawValue)).check(overlap) }

  func run() async throws {
    let server = try server.server()
    var body: JSON.Object = ["from": .string(from), "to": .string(to)]
    if let overlap { body["overlap"] = .string(overlap) }
    for schedule in try await choice.schedules(on: server) {
      let id = schedule["id"]?.stringValue ?? ""
      let answer = try await server.post(["v1", "schedules", id, "backfill"], .object(body))
      if json {
        Say.output(answer.shownText)
        continue
      }
      for firing in answer["data"]?.arrayValue ?? [] {
        let was = firing["was_there"]?.boolValue == true ? "was there already: " : ""
        let what = (firing["run_id"]?.stringValue ?? firing["reason"]?.stringValue ?? "").onOneLine
        let line =
          "\(firing["nominal_at"]?.stringValue ?? "")  \(was)\(firing["decision"]?.stringValue ?? "waits")  \(what)"
        Say.output(line)
      }
    }
  }
}
