import JSON
import Primitives

/// Tells of runs as they are made and as their states change, until it is stopped.
///
/// Looks again and again: a run that nobody watches costs nothing, and a look is one page of a list, with one request
/// for each run that is under way and has left that page.
struct RunsFollower: Sendable {
  static let interval = Duration.seconds(2)
  /// After the server has not answered, so that a restart is waited for.
  static let patience = Duration.seconds(10)
  static let page = 100
  /// As many that are under way are asked for one by one.
  static let openLimit = 20

  let server: Server
  /// Which runs are looked at.
  let filter: [(String, String?)]
  /// Only runs that are in this state, or come into it, are told of; nil for all.
  let state: String?
  var time = Time.system
  let tell: @Sendable (JSON) -> Void
  let notice: @Sendable (String) -> Void

  /// What is known of the runs that were seen.
  private struct Seen {
    var states: [String: String] = [:]
    /// Those that may still change.
    var open: Set<String> = []
  }

  /// - Parameter limit: how many of those that are there are told at first.
  func follow(showing limit: Int) async throws {
    var seen = Seen()
    let listed = try await page()
    for run in listed { note(run, in: &seen) }
    let told = listed.filter { state == nil || $0["state"]?.stringValue == state }
    for run in told.prefix(limit).reversed() { tell(run) }
    var isLost = false
    while true {
      try await time.sleep(isLost ? RunsFollower.patience : RunsFollower.interval)
      do {
        try await look(&seen)
        if isLost { notice("The server answers again.") }
        isLost = false
      } catch let complaint as Complaint where [.unreachable, .tryAgain].contains(complaint.exitCode) {
        if !isLost {
          notice("\(complaint) It is asked again every \(RunsFollower.patience.components.seconds) s.")
        }
        isLost = true
      }
    }
  }

  private func page() async throws -> [JSON] {
    try await server.get(["v1", "runs"], filter + [("limit", String(RunsFollower.page))])["data"]?.arrayValue
      ?? []
  }

  private func look(_ seen: inout Seen) async throws {
    let listed = try await page()
    let ids = Set(listed.compactMap { $0["id"]?.stringValue })
    var runs: [JSON] = []
    for id in seen.open.subtracting(ids).sorted().suffix(RunsFollower.openLimit) {
      runs.append(try await server.get(["v1", "runs", id]))
    }
    for run in runs + listed.reversed() {
      let before = seen.states[run["id"]?.stringValue ?? ""]
      let now = run["state"]?.stringValue
      note(run, in: &seen)
      if before != now, state == nil || state == now { tell(run) }
    }
    // What has ended and left the page is never looked at again.
    seen.states = seen.states.filter { ids.contains($0.key) || seen.open.contains($0.key) }
  }

  private func note(_ run: JSON, in seen: inout Seen) {
    guard let id = run["id"]?.stringValue, let state = run["state"]?.stringValue else { return }
    seen.states[id] = state
    if run["ended_at"]?.isNull == false { seen.open.remove(id) } else { seen.open.insert(id) }
  }
}
