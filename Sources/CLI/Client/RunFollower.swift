import JSON
import Primitives

/// Tells what happens in a run until it has ended: its sessions one after the other, one for each attempt.
struct RunFollower: Sendable {
  let server: Server
  let run: String
  let tellsAll: Bool
  /// How many lines of a text are told.
  let textLimit: Int
  let tell: @Sendable (String) -> Void

  init(
    _ server: Server, run: String, tellsAll: Bool = false, textLimit: Int = 40,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.textLimit = textLimit
    self.server = server
    self.run = run
    self.tellsAll = tellsAll
    self.tell = tell
  }

  /// Returns when the run has ended and everything was told.
  func follow() async throws {
    var run = try await server.get(["v1", "runs", run])
    while true {
      let session = run["session_id"]?.stringValue ?? ""
      try await SessionFollower(
        server, session: session, show: LogLines(tellsAll: tellsAll, textLimit: textLimit, tell: tell).show
      )
      .follow(
        until: {
          let now = try await server.get(["v1", "runs", self.run])
          return now["ended_at"]?.isNull == false || now["session_id"]?.stringValue != session
        }, notice: { Say.notice(Terminal.errors.paint($0, .quiet)) })
      run = try await server.get(["v1", "runs", self.run])
      if run["ended_at"]?.isNull == false { break }
      if let reason = run["reason"]?.stringValue { tell(reason.onOneLine) }
    }
    tell(RunFollower.ending(run, on: .output))
  }

  /// `run_… succeeded in 1 min 48 s: The outcome was reached.`
  static func ending(_ run: JSON, on terminal: Terminal) -> String {
    let state = run["state"]?.stringValue ?? ""
    var words = "\(run["id"]?.stringValue ?? "") "
    words += terminal.paint(state.replacing("_", with: " "), Paint.ofState(state))
    if let took = TimeWords.between(run["created_at"]?.stringValue, run["ended_at"]?.stringValue) {
      words += " in \(took)"
    }
    if let reason = run["reason"]?.stringValue { words += ": \(reason.onOneLine)" }
    return words
  }
}
