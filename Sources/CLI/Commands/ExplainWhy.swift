import ArgumentParser
import JSON

/// `errand why`
struct ExplainWhy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say in one sentence why something did, or did not, happen.",
    discussion: """
      The answer comes from what was recorded, and names the cause.

      EXAMPLES:
        errand why run_01kq3v5m9x         why it is queued, waits or ended
        errand why drun_01kq3v5m9x        why a firing started nothing
        errand why daily-brief            why nothing of a job runs
        errand why daily-brief --at 2026-11-12T07:00
        errand why dlv_01kq3v5m9x         why a result has not arrived
        errand why rcpt_01kq3v5m9x        what a webhook led to
        errand why sesn_01kq3v5m9x        which run a session or a file belongs to
      """)

  @Argument(help: "The id of anything, the end of one, or a job's name.")
  var id: String
  @Option(
    help: ArgumentHelp(
      "Why a job's schedules did, or did not, start it then; without an offset the schedule's own clocks.",
      valueName: "time"))
  var at: String?
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, orJob: true)
    let why = try await server.get(["v1", "why", id], [("at", at)])
    let sentence = (why["sentence"]?.stringValue ?? "").onOneLine
    Say.output(json ? why.shownText : TimeWords.local(sentence, in: why["timezone"]?.stringValue))
  }
}
