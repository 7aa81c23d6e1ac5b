import JSON
import Primitives
import StandIns

/// What the stories of one `errand try` play on: a real server, and stand-ins for everybody that it speaks to.
struct Stage: Sendable {
  /// How long a trigger may take to start its run, and a result to arrive.
  static let patience = Duration.seconds(20)

  let folder: TryFolder
  let server: Server
  let narrator: Narrator
  let props: Props

  var secrets: Props.Secrets { props.secrets }
  var receiver: CallbackReceiver { props.receiver }
  var slack: SlackStandIn { props.slack }
  var gitHub: GitHubStandIn { props.gitHub }

  /// Applies the copied job files as they are now.
  /// - Returns: what has changed.
  @discardableResult
  func apply() async throws -> [String] {
    let report = try await Apply.send(folder.jobs, prune: true, to: server)
    return (report["things"]?.arrayValue ?? []).filter { $0["change"]?.stringValue != "unchanged" }.map {
      "\($0["thing"]?.stringValue ?? "") \($0["name"]?.stringValue ?? "")"
    }
  }

  /// The same, told.
  func applyAndTell() async throws {
    let changes = try await apply()
    narrator.tell("applied", changes.isEmpty ? "nothing new" : changes.joined(separator: ", "), wraps: true)
  }

  /// The newest runs of a job.
  func runs(of job: String) async throws -> [JSON] {
    try await server.get(["v1", "runs"], [("job", job)])["data"]?.arrayValue ?? []
  }

  /// Asks again and again, until there is an answer.
  /// - Parameter what: what is missing if there is none, as a sentence.
  func wait<Answer>(
    _ what: @autoclosure () -> String, for answer: () async throws -> Answer?
  ) async throws -> Answer {
    let deadline = ContinuousClock.now + Stage.patience
    while ContinuousClock.now < deadline {
      if let found = try await answer() { return found }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Complaint.setUp(
      "\(what()) within \(TimeWords.duration(Stage.patience)). The server's log is \(folder.log).")
  }

  /// Everything that anybody can read about a run: itself, its deliveries, its log, and what the server said.
  func readable(of run: String) async throws -> [(place: String, text: String)] {
    let shown = try await server.get(["v1", "runs", run])
    var places = [("the run", shown.text)]
    for attempt in shown["attempts"]?.arrayValue ?? [] {
      guard let session = attempt["session_id"]?.stringValue else { continue }
      let events = try await server.get(["v1", "sessions", session, "events"], [("limit", "1000")])
      places.append(("the session's log", events.text))
    }
    places.append(("the list of deliveries", try await server.get(["v1", "deliveries"]).text))
    places.append(("the server's log", String(decoding: try InputFile.read(folder.log), as: UTF8.self)))
    return places
  }
}
