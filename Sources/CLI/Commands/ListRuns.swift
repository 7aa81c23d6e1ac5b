import ArgumentParser
import JSON
import Jobs
import Primitives

/// `errand runs`
struct ListRuns: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List runs, the newest first; or follow them as they come.",
    discussion: """
      EXAMPLES:
        errand runs
        errand runs --job daily-brief --state failed
        errand runs --since 2h
        errand runs --since 2026-11-12 --until 2026-11-13
        errand runs --follow            each run that is new or changes
        errand runs --json | jq -r '.data[].id'
      """)

  @Option(help: "Only runs of this job.")
  var job: String?
  @Option(
    help: ArgumentHelp(
      "Only runs in this state: queued, running, waiting, succeeded, unsatisfied, failed, cancelled, timed_out or capped."
    ))
  var state: String?
  @Option(
    help: ArgumentHelp(
      "Only runs that were made since: 2h, 1d, 2026-11-12 or 2026-11-12T07:00.", valueName: "time"))
  var since: String?
  @Option(help: ArgumentHelp("Only runs that were made before; as --since.", valueName: "time"))
  var until: String?
  @Flag(
    name: [.customShort("f"), .long],
    help: "Go on with what happens; with --json, one document on each line.")
  var follow = false
  @OptionGroup var list: ListOptions
  @OptionGroup var server: ServerOptions

  func validate() throws {
    let states = ["queued", "running", "waiting"] + Callback.endStates
    try Choice("state", states).check(state)
    let now = Time.system.now()
    let since = try since.map { try Moment($0, of: "since", now: now).time }
    let until = try until.map { try Moment($0, of: "until", now: now).time }
    if let since, let until, until <= since {
      throw ValidationError("--until must be later than --since.")
    }
    if until != nil, follow { throw ValidationError("--follow goes on for ever, so it takes no --until.") }
  }

  func run() async throws {
    let server = try server.server()
    let now = Time.system.now()
    let filter: [(String, String?)] = [
      ("job", job),
      ("created_at[gte]", try since.map { try Moment($0, of: "since", now: now).time.description }),
      ("created_at[lt]", try until.map { try Moment($0, of: "until", now: now).time.description }),
    ]
    if follow {
      try await follow(server, filter)
      return
    }
    let answer = try await server.get(
      ["v1", "runs"], filter + [("state", state), ("limit", String(list.limit))])
    show(answer, now: now)
  }

  private func show(_ answer: JSON, now: Timestamp) {
    let isNarrowed = state != nil || since != nil || until != nil
    ListOutput.show(
      answer, as: list,
      [
        Table.Column(title: "RUN"), Table.Column(title: "JOB", shrinks: true), Table.Column(title: "STATE"),
        Table.Column(title: "FIRED"), Table.Column(title: "TOOK", isRight: true),
        Table.Column(title: "WHY", shrinks: true),
      ], things: "runs",
      nothing: isNarrowed
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

  /// First what there is, the oldest first, so that what comes goes on below it.
  private func follow(_ server: Server, _ filter: [(String, String?)]) async throws {
    let (json, state) = (list.json, state)
    let tell: @Sendable (JSON) -> Void = { run in
      Say.output(json ? run.text : ListRuns.line(run, on: .output))
    }
    let follower = RunsFollower(
      server: server, filter: filter, state: state, tell: tell,
      notice: { Say.notice(Terminal.errors.paint($0, .quiet)) })
    let limit = list.limit
    do {
      try await Interrupts.end { try await follower.follow(showing: limit) }
    } catch Complaint.interrupted {
      throw ExitCode(ExitCodes.interrupted.rawValue)
    }
  }

  /// `09:15:42  run_…  daily-brief  succeeded  in 12 s  The outcome was reached.`
  static func line(_ run: JSON, on terminal: Terminal) -> String {
    func text(_ key: String) -> String { (run[key]?.stringValue ?? "").onOneLine }
    let changed = ["ended_at", "started_at", "created_at"].lazy
      .compactMap { run[$0]?.stringValue.flatMap { Timestamp($0) } }.first
    var parts = [
      terminal.paint(changed.map(TimeWords.clock) ?? "–", .quiet), text("id"), text("job"),
      terminal.paint(text("state").replacing("_", with: " "), Paint.ofState(text("state"))),
    ]
    if let took = TimeWords.between(run["started_at"]?.stringValue, run["ended_at"]?.stringValue) {
      parts.append("in \(took)")
    }
    parts.append(text("reason"))
    return parts.filter { !$0.isEmpty }.joined(separator: "  ")
  }
}
