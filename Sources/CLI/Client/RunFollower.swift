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
    let queue = QueueTeller(server: server, run: self.run, tell: tell)
    while true {
      let session = run["session_id"]?.stringValue ?? ""
      try await SessionFollower(
        server, session: session,
        show: LogLines(
          tellsAll: tellsAll, textLimit: textLimit, zone: run["timezone"]?.stringValue, tell: tell
        ).show
      )
      .follow(
        until: {
          let now = try await server.get(["v1", "runs", self.run])
          try await queue.look(at: now)
          return now["ended_at"]?.isNull == false || now["session_id"]?.stringValue != session
        }, notice: { Say.notice(Terminal.errors.paint($0, .quiet)) })
      run = try await server.get(["v1", "runs", self.run])
      if run["ended_at"]?.isNull == false { break }
      if let reason = run["reason"]?.stringValue {
        tell(TimeWords.local(reason.onOneLine, in: run["timezone"]?.stringValue))
      }
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
    if let reason = run["reason"]?.stringValue {
      words += ": \(TimeWords.local(reason.onOneLine, in: run["timezone"]?.stringValue))"
    }
    return words
  }
}

/// Tells why a run is queued, once for each reason. The moment in which every run is queued goes by untold.
private final class QueueTeller: Sendable {
  private let server: Server
  private let run: String
  private let tell: @Sendable (String) -> Void
  private let told = Lock<(looks: Int, sentence: String?)>((0, nil))

  init(server: Server, run: String, tell: @escaping @Sendable (String) -> Void) {
    self.server = server
    self.run = run
    self.tell = tell
  }

  /// - Parameter run: as the server shows it now.
  func look(at run: JSON) async throws {
    guard run["state"]?.stringValue == "queued" else { return told.withLock { $0 = (0, nil) } }
    let looks = told.withLock { told in
      told.looks += 1
      return told.looks
    }
    guard looks > 1 else { return }
    let why = try await server.get(["v1", "why", self.run])
    guard why["state"]?.stringValue == "queued", let sentence = why["sentence"]?.stringValue else { return }
    let isNew = told.withLock { told in
      defer { told.sentence = sentence }
      return told.sentence != sentence
    }
    if isNew { tell("queued: \(sentence.onOneLine)") }
  }
}
