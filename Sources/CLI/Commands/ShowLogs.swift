import ArgumentParser
import Cron
import JSON
import Primitives

/// `errand logs`
struct ShowLogs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what the agent of a run, or of a session, does.",
    discussion: """
      Following a run ends when the run has ended; following a session ends when it is terminated or deleted. \
      Times are those of the zone of the job's schedule, or else of this machine's.

      EXAMPLES:
        errand logs run_01kq3v5m9x
        errand logs -f run_01kq3v5m9x
        errand logs sesn_01kq3v5m9y --json | jq -r .type
      """)

  @Argument(help: "The id of a run, whose latest attempt is shown, or of a session; or its end.")
  var id: String
  @Flag(name: [.customShort("f"), .long], help: "Go on with what happens.")
  var follow = false
  @Flag(help: "Show bookkeeping too: model requests, thinking, statuses of threads.")
  var all = false
  @Flag(help: "Print the API's events, one JSON document on each line, and nothing else.")
  var json = false
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let server = try server.server()
    let id = try await server.whole(id, .run, .session)
    let kind = ThingKind(id: id)
    guard [.run, .session].contains(kind) else {
      throw Complaint.wrongThing(id: id, kind: kind, wanted: "a run or a session")
    }
    let (follow, all, json) = (follow, all, json)
    do {
      try await Interrupts.end {
        let isRun = id.hasPrefix("run_")
        let run = isRun ? try await server.get(["v1", "runs", id]) : .null
        let zone = run["timezone"]?.stringValue
        if !json { Say.notice(Terminal.errors.paint(ShowLogs.clocks(zone, Time.system.now()), .quiet)) }
        if isRun, follow, !json {
          try await RunFollower(server, run: id, tellsAll: all, tell: Say.output).follow()
          return
        }
        let session = run["session_id"]?.stringValue ?? id
        let lines = LogLines(tellsAll: all, zone: zone, tell: Say.output)
        let follower = SessionFollower(server, session: session) { event in
          if json { Say.output(event.shownLine) } else { lines.show(event) }
        }
        if follow {
          try await follower.follow(
            until: { try await ShowLogs.isOver(server, run: isRun ? id : nil, session: session) },
            notice: { Say.notice(Terminal.errors.paint($0, .quiet)) })
        } else {
          try await follower.list()
          if !json { try await ShowLogs.end(server, run: isRun ? id : nil) }
        }
      }
    } catch Complaint.interrupted {
      throw ExitCode(ExitCodes.interrupted.rawValue)
    }
  }

  /// By which clocks the lines are, said once and beside them, so that what reads them meets lines only.
  static func clocks(_ zone: String?, _ now: Timestamp) -> String {
    "Times are those of \(TimeWords.known(zone)?.name ?? "this machine, \(TimeWords.zone(at: now))")."
  }

  private static func isOver(_ server: Server, run: String?, session: String) async throws -> Bool {
    if let run { return try await server.get(["v1", "runs", run])["ended_at"]?.isNull == false }
    return try await server.get(["v1", "sessions", session])["status"]?.stringValue == "terminated"
  }

  /// Says whether there is more to come.
  private static func end(_ server: Server, run: String?) async throws {
    guard let run else { return }
    let now = try await server.get(["v1", "runs", run])
    if now["ended_at"]?.isNull == false {
      Say.output(RunFollower.ending(now, on: .output))
    } else {
      let state = now["state"]?.stringValue ?? ""
      Say.notice(Terminal.errors.paint("\(run) is \(state); go on with: errand logs -f \(run)", .quiet))
    }
  }
}
