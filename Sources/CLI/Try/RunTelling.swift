import JSON
import Primitives

/// Tells one run of the story while it happens: the agent's calls, every evaluation, every delivery.
struct RunTelling: Sendable {
  /// How long its deliveries may take after it has ended.
  static let patience = Duration.seconds(20)

  let server: Server
  let narrator: Narrator
  /// Whether it goes as one that was told before, so that its main points will do.
  var isFamiliar = false
  /// What the other side says of a delivery; nil when it says nothing.
  var note: @Sendable (JSON) -> String? = { _ in nil }

  /// - Returns: the run with its evaluations and deliveries, when nothing more will happen to it.
  func tell(_ id: String) async throws -> JSON {
    let first = try await run(id)
    let teller = Lock(EventTeller())
    let evaluated = Lock(0)
    let session = first["session_id"]?.stringValue ?? ""
    let follower = SessionFollower(server, session: session, patience: .milliseconds(500)) { event in
      try await tell(event, of: id, teller.withLock { $0.lines(event) }, evaluated)
    }
    try await follower.follow(until: { try await run(id)["ended_at"]?.isNull == false })
    let ended = try await delivered(id)
    tellEnd(ended)
    return ended
  }

  private func tell(
    _ event: JSON, of run: String, _ lines: [EventLine], _ evaluated: Lock<Int>
  ) async throws {
    switch event["type"]?.stringValue {
    case "session.status_running", "session.status_idle": break
    case "user.message": tellTask(event)
    case "span.outcome_evaluation_end":
      try await tellChecks(run, evaluated)
      for line in lines { narrator.tell(line.label, line.text, line.paint, wraps: line.isSpoken) }
      if event["result"]?.stringValue == "needs_revision" {
        narrator.tell("feedback", "goes back to the agent")
      }
    default:
      for line in lines where !(isFamiliar && line.label.isEmpty) {
        narrator.tell(
          line.label, line.text, line.paint, wraps: line.isSpoken, isQuiet: line.label.isEmpty)
      }
    }
  }

  private func run(_ id: String) async throws -> JSON {
    try await server.get(["v1", "runs", id])
  }

  /// A task in one line; the feedback between two iterations is one too.
  private func tellTask(_ message: JSON) {
    let lines = EventTeller.text(of: message).safeLines.map(\.trimmed).filter { !$0.isEmpty }
    // The notice about text from outside is for the agent.
    let first = lines.first { !$0.hasPrefix("Text between <") } ?? ""
    narrator.tell("task", "\(first)  (\(EventTeller.count(lines.count, "line")))", .strong)
  }

  /// What the checks and the grader said in the evaluation that has just ended. The rows say more than the log.
  private func tellChecks(_ id: String, _ evaluated: Lock<Int>) async throws {
    let evaluations = try await run(id)["evaluations"]?.arrayValue ?? []
    let told = evaluated.withLock { told in
      defer { told = evaluations.count }
      return told
    }
    for evaluation in evaluations.dropFirst(told) {
      for check in evaluation["checks"]?.arrayValue ?? [] {
        let passed = check["passed"]?.boolValue == true
        let exit = passed ? "passed" : "failed with exit \(check["exit_code"]?.intValue ?? 1)"
        narrator.tell(
          "check", "\(passed ? "✓" : "✗") “\((check["name"]?.stringValue ?? "").onOneLine)” \(exit)",
          passed ? .good : .bad)
      }
      tellCriteria(evaluation["criteria"]?.arrayValue ?? [])
    }
  }

  private func tellCriteria(_ criteria: [JSON]) {
    let isMet: (JSON) -> Bool = { $0["met"]?.boolValue == true }
    if isFamiliar, !criteria.isEmpty, criteria.allSatisfy(isMet) {
      narrator.tell("grader", "✓ all \(criteria.count) criteria are met", .good)
      return
    }
    for criterion in criteria {
      let words = [criterion["criterion"], criterion["evidence"]].compactMap { $0?.stringValue?.onOneLine }
      let met = isMet(criterion)
      narrator.tell(
        "grader", "\(met ? "✓" : "✗") \(words.joined(separator: ": "))", met ? .good : .bad, wraps: true)
    }
  }

  /// Waits until each delivery was taken or failed once.
  private func delivered(_ id: String) async throws -> JSON {
    let deadline = ContinuousClock.now + RunTelling.patience
    var told: Set<String> = []
    while true {
      let run = try await run(id)
      let deliveries = run["deliveries"]?.arrayValue ?? []
      for delivery in deliveries where delivery["attempts"]?.intValue ?? 0 > 0 {
        let id = delivery["id"]?.stringValue ?? ""
        if told.insert(id).inserted { tellDelivery(delivery) }
      }
      if told.count == deliveries.count || ContinuousClock.now > deadline { return run }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private func tellDelivery(_ delivery: JSON) {
    let state = delivery["state"]?.stringValue ?? ""
    let kind = delivery["kind"]?.stringValue ?? ""
    let took = TimeWords.between(delivery["created_at"]?.stringValue, delivery["settled_at"]?.stringValue)
    var words = "to \(kind)\(took.map { " in \($0)" } ?? ""): "
    words += DeliveryWords.after(delivery, now: Time.system.now())
    if let note = note(delivery) { words += "; \(note)" }
    narrator.tell(state, words, Paint.ofState(state), wraps: true)
  }

  private func tellEnd(_ run: JSON) {
    let state = run["state"]?.stringValue ?? ""
    let created = run["created_at"]?.stringValue
    let started = run["started_at"]?.stringValue
    let ended = run["ended_at"]?.stringValue
    var steps: [String] = []
    if let waited = TimeWords.between(created, started) { steps.append("queued \(waited)") }
    if let worked = TimeWords.between(started, ended) { steps.append("worked \(worked)") }
    let settled = (run["deliveries"]?.arrayValue ?? []).compactMap { $0["settled_at"]?.stringValue }.max()
    if let delivered = TimeWords.between(ended, settled) { steps.append("delivered in \(delivered)") }
    let sentence = steps.joined(separator: ", ")
    narrator.tell("run", "\(state): \(sentence)", Paint.ofState(state))
  }
}
