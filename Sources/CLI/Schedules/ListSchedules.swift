import ArgumentParser
import JSON
import Primitives

/// `errand schedules list`
struct ListSchedules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List schedules with what comes next and what came last. This is what `errand schedules` does.",
    discussion: """
      EXAMPLES:
        errand schedules daily-brief
        errand schedules --json | jq -r '.data[] | [.job, .next_at] | @tsv'
      """)

  @Argument(help: "Only schedules of this job.")
  var name: String?
  @Option(help: "The same.")
  var job: String?
  @Option(help: "Only those in this state: active, paused or exhausted.")
  var state: String?
  @Option(parsing: .unconditional, help: "How many to show; at most 1000.")
  var limit = 100
  @Flag(help: "Print the API's JSON, one document, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func validate() throws {
    try ListOptions.check(limit)
    if let name, let job, name != job {
      throw ValidationError("The job is \(name) or \(job), not both. Leave --job out.")
    }
    try Choice("state", ["active", "paused", "exhausted"]).check(state)
  }

  func run() async throws {
    let server = try server.server()
    let job = name ?? job
    let answer = try await server.get(
      ["v1", "schedules"], [("job", job), ("state", state), ("limit", String(limit))])
    // Nothing is listed under a name that no job has.
    if let job, answer["data"]?.arrayValue?.isEmpty == true { _ = try await server.get(["v1", "jobs", job]) }
    if json {
      Say.output(answer.shownText)
      return
    }
    let schedules = answer["data"]?.arrayValue ?? []
    if schedules.isEmpty {
      let whose = job.map { "The job \($0)" } ?? "No job"
      Say.notice(
        "\(whose) has \(job == nil ? "a" : "no") schedule\(state.map { " that is \($0)" } ?? "").")
      return
    }
    let now = Time.system.now()
    let blocks = schedules.map { ScheduleWords.lines($0, now: now, on: .output).joined(separator: "\n") }
    Say.output(blocks.joined(separator: "\n\n"))
    if answer["next_page"]?.isNull == false {
      Say.notice(
        Terminal.errors.paint("The first \(schedules.count) schedules; more with --limit 1000.", .quiet))
    }
  }
}
