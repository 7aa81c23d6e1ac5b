package import Jobs
package import Primitives
import Queue
package import Store

/// What decides why nothing of a job runs, or what does. Triggers tell their own part.
package struct JobFacts: Sendable, Equatable {
  /// What a schedule has to say.
  package struct Schedule: Sendable, Equatable {
    /// Its times in a few words.
    package var times: String
    package var nextAt: Timestamp?
    package var timezone: String?
    /// By whom, since when and why it is paused; nil when it is not.
    package var paused: String?
    /// Whether it has started as often as it may.
    package var isUsedUp: Bool

    package init(
      times: String, nextAt: Timestamp?, timezone: String? = nil, paused: String? = nil,
      isUsedUp: Bool = false
    ) {
      self.times = times
      self.nextAt = nextAt
      self.timezone = timezone
      self.paused = paused
      self.isUsedUp = isUsedUp
    }
  }

  /// What a source of webhooks has to say.
  package struct Source: Sendable, Equatable {
    package var name: String
    /// When the last webhook came that proved itself; nil when none ever did.
    package var lastReceipt: Timestamp?
    /// How many were refused lately, by reason, the most frequent first.
    package var refusals: [(reason: String, count: Int)] = []
    /// How far back the refusals are counted.
    package var span: Duration

    package init(
      name: String, lastReceipt: Timestamp?, refusals: [(reason: String, count: Int)], span: Duration
    ) {
      self.name = name
      self.lastReceipt = lastReceipt
      self.refusals = refusals
      self.span = span
    }

    package static func == (left: Source, right: Source) -> Bool {
      left.name == right.name && left.lastReceipt == right.lastReceipt && left.span == right.span
        && left.refusals.elementsEqual(right.refusals, by: ==)
    }
  }

  package var id: String
  package var name: String
  package var archivedAt: Timestamp?
  package var schedules: [Schedule]
  package var sources: [Source]
  /// What is wrong with its files on the disk, so that it goes on as it was applied last.
  package var faults: [String] = []
  package var updatedAt: Timestamp
  /// What keeps it from starting anything.
  var obstacle: RunsError?
  /// The latest firing and what became of it.
  var last: Firing?
  var lastState: Run.State?
  /// Runs that have not ended, the oldest first, at most a few.
  var open: [Line.Open] = []
  var held = 0

  package init(_ job: Job, schedules: [Schedule], sources: [Source]) {
    id = job.id
    name = job.name
    archivedAt = job.archivedAt
    updatedAt = job.updatedAt
    self.schedules = schedules
    self.sources = sources
  }

  func why() -> Why {
    Why(subject: "job", id: id, state: state, sentence: sentence)
  }

  private var state: String {
    if archivedAt != nil { return "archived" }
    if obstacle != nil { return "blocked" }
    return open.isEmpty && held == 0 ? "idle" : "active"
  }

  private var sentence: String {
    faults.isEmpty ? plainSentence : "\(plainSentence) \(faultSentence)"
  }

  private var faultSentence: String {
    let text = faults.joined(separator: "; ")
    return
      "\(text.prefix(1).uppercased())\(text.dropFirst()) It goes on as it was applied at \(updatedAt.inSentence)."
  }

  private var plainSentence: String {
    if let archivedAt {
      return
        "Nothing starts because \(name) was archived at \(archivedAt.inSentence); apply its file again to bring it back."
    }
    if let obstacle {
      let rest = open.isEmpty ? "" : " What has started goes on: \(open.map { $0.run }.named())."
      return obstacle.description + rest
    }
    var parts: [String] = []
    if !open.isEmpty { parts.append(open.map { "\($0.run) is \($0.state.rawValue)" }.named()) }
    if held > 0 {
      parts.append("\(held) firing\(held == 1 ? " waits" : "s wait") for \(held == 1 ? "its" : "their") turn")
    }
    if open.isEmpty && held == 0 { parts.append(history) }
    parts += schedules.map(JobFacts.words)
    parts += sources.map(JobFacts.words)
    if schedules.isEmpty && sources.isEmpty {
      parts.append("it has no trigger, so only `errand run` starts it")
    }
    let text = parts.joined(separator: "; ")
    // An id at the start is left as it is, to be copied.
    if !open.isEmpty { return text + "." }
    return text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  /// What happened last, for a job of which nothing runs.
  private var history: String {
    guard let last else { return "nothing of \(name) has ever fired" }
    let what =
      switch last.decision {
      case .started, .joined: "\(last.run ?? "a run")\(lastState.map { ", which is \($0.rawValue)" } ?? "")"
      case let decision?: "\(decision.rawValue), because: \((last.reason ?? "").withoutPeriod)"
      case nil: "being decided"
      }
    let verb = last.decision == .started ? "started " : last.decision == .joined ? "joined " : "was "
    let time = (last.nominalAt ?? last.createdAt).inSentence
    // What is made up for fires long after its time.
    let when = last.kind == "backfill" ? "\(last.createdAt.inSentence) to make up for \(time)" : time
    return "nothing of \(name) runs; its last firing, at \(when), \(verb)\(what)"
  }

  private static func words(_ schedule: Schedule) -> String {
    if let paused = schedule.paused {
      return "its schedule \(schedule.times) is paused \(paused.withoutPeriod)"
    }
    if schedule.isUsedUp { return "its schedule \(schedule.times) has started as often as it may" }
    guard let next = schedule.nextAt else { return "its schedule \(schedule.times) names no further time" }
    return "its schedule \(schedule.times) fires next at \(next.inSentence(in: schedule.timezone))"
  }

  private static func words(_ source: Source) -> String {
    let came =
      source.lastReceipt.map { "no webhook has arrived at source \(source.name) since \($0.inSentence)" }
      ?? "no webhook has ever arrived at source \(source.name)"
    if source.refusals.isEmpty { return came }
    let count = source.refusals.reduce(0) { $0 + $1.count }
    let reasons = source.refusals.map { source.refusals.count == 1 ? $0.reason : "\($0.count) \($0.reason)" }
    return came + " (\(count) refused in the last \(DurationText.text(source.span)): \(reasons.named()))"
  }
}

extension String {
  var withoutPeriod: String { hasSuffix(".") ? String(dropLast()) : self }
}

extension Runs {
  /// Why a job has or has not started something.
  package func why(_ tx: Transaction, job facts: JobFacts) throws -> Why {
    var facts = facts
    let job = try jobs.job(tx, id: facts.id)
    facts.obstacle = try obstacle(tx, to: job)
    // One that a clock made which was ahead has an id of the future, and would be the last until then.
    let now = ID.make("drun", at: time.now() + Queue.tolerance, randomness)
    facts.last = try firings(tx, job: facts.name, before: now, limit: 5).first {
      try isKnown(tx, $0, as: job)
    }
    if let run = try facts.last?.run.flatMap({ try find(tx, $0) }) { facts.lastState = run.state }
    facts.open = try [Run.State.running, .waiting, .queued].flatMap { state in
      try runs(tx, job: facts.name, state: state, limit: 5)
        .filter { $0.job == facts.id }.map {
          Line.Open(run: $0.id, state: $0.state, isEnding: $0.ending != nil)
        }
    }
    let held = try tx.row("SELECT COUNT(*) AS held FROM held WHERE job_id = $1", facts.id)
    facts.held = try held?["held"] ?? 0
    return facts.why()
  }
}
