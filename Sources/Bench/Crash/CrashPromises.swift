import Glibc
import JSON
import Primitives
import StandIns

/// What must hold after any number of crashes. Each check answers with the promises that are broken.
enum CrashPromises {
  private static let terminal: Set<String> = [
    "succeeded", "unsatisfied", "failed", "cancelled", "timed_out", "capped",
  ]

  /// Everything acknowledged has exactly one firing, with the run that its sender was told.
  static func webhooks(_ told: [(id: String, run: String?)], _ firings: [JSON], _ runs: [JSON]) -> [String] {
    var problems: [String] = []
    let known = Set(runs.compactMap { $0["id"]?.stringValue })
    var runOf: [String: String] = [:]
    for (id, run) in told {
      guard let run else {
        problems.append("Webhook \(id) was acknowledged without a run.")
        continue
      }
      if !known.contains(run) {
        problems.append("Webhook \(id) was promised run \(run), which is not there.")
      }
      if let other = runOf[id], other != run {
        problems.append("Webhook \(id) was answered with run \(other) first and run \(run) later.")
      }
      runOf[id] = run
    }
    let webhookRuns = firings.filter { $0["kind"] == "webhook" }.compactMap { $0["run_id"]?.stringValue }
    if Set(webhookRuns).count != webhookRuns.count { problems.append("Two webhook firings share a run.") }
    if Set(runOf.values).count != runOf.count { problems.append("Two webhooks were promised one run.") }
    return problems
  }

  /// Every nominal time has exactly one firing with a decision, and none is left out between first and last.
  static func schedule(_ firings: [JSON], since start: Timestamp) -> [String] {
    var problems: [String] = []
    var times: [Int64: Int] = [:]
    for firing in firings {
      let name = firing["id"]?.stringValue ?? "?"
      if firing["decision"] == .null { problems.append("Firing \(name) has no decision.") }
      if firing["decision"] == "failed_to_start" {
        problems.append("Firing \(name) failed to start: \(firing["reason"]?.stringValue ?? "")")
      }
      guard firing["kind"] == "schedule" else { continue }
      guard let time = firing["nominal_at"]?.stringValue.flatMap({ Timestamp($0) }) else { continue }
      times[time.seconds, default: 0] += 1
    }
    for (time, count) in times where count != 1 {
      problems.append("\(Timestamp(seconds: time)) has \(count) firings.")
    }
    guard let first = times.keys.min(), let last = times.keys.max() else {
      return problems + ["The schedule never fired."]
    }
    for time in stride(from: first, through: last, by: 2) where times[time] == nil {
      problems.append("\(Timestamp(seconds: time)) has no firing.")
    }
    return problems
  }

  /// Every run has ended, and each has its deliveries.
  static func runs(_ runs: [JSON], _ firings: [JSON], _ deliveries: [JSON]) -> [String] {
    var problems: [String] = []
    let byRun = Dictionary(grouping: deliveries) { $0["run_id"]?.stringValue ?? "" }
    for run in runs {
      let id = run["id"]?.stringValue ?? "?"
      let state = run["state"]?.stringValue ?? "?"
      if !terminal.contains(state) { problems.append("Run \(id) has not ended: \(state).") }
      if state != "succeeded" {
        problems.append("Run \(id) ended as \(state): \(run["reason"]?.stringValue ?? "")")
      }
      let count = byRun[id]?.count ?? 0
      let due = run["job"] == "trace" ? 2 : 1
      if count != due { problems.append("Run \(id) has \(count) deliveries instead of \(due).") }
    }
    let started = firings.filter { $0["decision"] == "started" }.compactMap { $0["run_id"]?.stringValue }
    if Set(started) != Set(runs.compactMap { $0["id"]?.stringValue }) || Set(started).count != started.count {
      problems.append("Started firings and runs do not match one to one.")
    }
    return problems
  }

  /// Every delivery has arrived, with one content however often it came.
  static func deliveries(
    _ deliveries: [JSON], _ arrivals: [String: Receiver.Arrival], refused: [String]
  ) -> [String] {
    var problems = refused.map { "The receiver refused a callback: \($0)" }
    for delivery in deliveries {
      let id = delivery["id"]?.stringValue ?? "?"
      if delivery["state"] != "delivered" {
        problems.append(
          "Delivery \(id) is \(delivery["state"]?.stringValue ?? "?"): \(delivery["last_error"]?.stringValue ?? "")"
        )
      }
      guard delivery["kind"] == "webhook" else { continue }
      guard let arrival = arrivals[id] else {
        problems.append("Delivery \(id) never arrived.")
        continue
      }
      if arrival.bodies.count != 1 { problems.append("Delivery \(id) arrived with different contents.") }
    }
    return problems
  }

  /// Every bug report that was acknowledged became one pull request, however often anything was repeated.
  static func pullRequests(_ pulls: [GitHubStandIn.PullRequest], of issues: Set<Int>) -> [String] {
    let heads = Dictionary(grouping: pulls, by: \.head).mapValues(\.count)
    return issues.sorted().compactMap { issue in
      let count = heads["errand/\(issue)"] ?? 0
      return count == 1 ? nil : "Issue \(issue) has \(count) pull requests."
    }
  }

  /// A pushed branch has each step once.
  static func patch(_ patch: String, of branch: String) -> [String] {
    let steps = patch.split(separator: "\n").filter { $0.hasPrefix("+") && !$0.hasPrefix("+++") }
    if !steps.contains(where: { $0.hasPrefix("+second") }) {
      return ["Branch \(branch) lacks the second step."]
    }
    return Set(steps).count == steps.count ? [] : ["Branch \(branch) has a step twice: \(steps)"]
  }

  /// Every slash command that was acknowledged got its result, at least once and with one content.
  static func chat(_ answers: [JSON], of command: Int) -> [String] {
    if answers.isEmpty { return ["Slash command \(command) was never answered."] }
    return Set(answers).count == 1 ? [] : ["Slash command \(command) was answered with different contents."]
  }

  /// The log of a session: each tool use has one result, turns open and close in turn, the end comes once.
  static func log(_ events: [JSON], of run: JSON) -> [String] {
    let id = run["id"]?.stringValue ?? "?"
    var problems: [String] = []
    let ids = events.compactMap { $0["id"]?.stringValue }
    if Set(ids).count != ids.count { problems.append("The log of \(id) holds an event twice.") }
    let uses = events.filter { $0["type"] == "agent.tool_use" }.compactMap { $0["id"]?.stringValue }
    let results = events.filter { $0["type"] == "agent.tool_result" }.compactMap {
      $0["tool_use_id"]?.stringValue
    }
    if uses.sorted() != results.sorted() {
      problems.append("The log of \(id) has \(uses.count) tool uses and \(results.count) results.")
    }
    var isOpen = false
    for event in events {
      switch event["type"]?.stringValue {
      case "session.status_running":
        if isOpen { problems.append("The log of \(id) opens a turn twice.") }
        isOpen = true
      case "session.status_idle", "session.status_rescheduled", "session.status_terminated":
        if !isOpen { problems.append("The log of \(id) closes a turn twice.") }
        isOpen = false
      default: break
      }
    }
    if isOpen { problems.append("The log of \(id) ends in the middle of a turn.") }
    return problems
  }

  /// What the agents left: no step twice, so no recorded call was made again and no session had two drivers.
  static func traces(in folder: String) throws -> [String] {
    Folders.files(in: folder).filter { $0.hasSuffix("/trace.txt") }.flatMap { path -> [String] in
      let lines = ErrandProcess.tail(path).split(separator: "\n").map(String.init)
      return Set(lines).count == lines.count ? [] : ["\(path) has a step twice: \(lines)"]
    }
  }
}
