import JSON
import Primitives

/// Tells one run of the story while it happens: the agent's calls, every evaluation, every delivery.
struct RunTelling: Sendable {
  /// How long its deliveries may take after it has ended.
  static let patience = Duration.seconds(20)

  let server: Server
  let receiver: CallbackReceiver
  let narrator: Narrator

  /// - Returns: the run with its evaluations and deliveries, when nothing more will happen to it.
  func tell(_ id: String) async throws -> JSON {
    let first = try await run(id)
    var lines = EventTeller()
    lines.textLimit = 3
    let teller = Lock(lines)
    let evaluated = Lock(0)
    let session = first["session_id"]?.stringValue ?? ""
    var follower = SessionFollower(server, session: session) { event in
      if event["type"]?.stringValue == "span.outcome_evaluation_end" { try await tellChecks(id, evaluated) }
      let lines = teller.withLock { $0.lines(event) }
      for line in lines where line.label != "session" {
        narrator.tell(
          line.label, line.label.isEmpty ? narrator.terminal.paint(line.text, line.paint) : line.text,
          line.paint,
          continues: line.label.isEmpty)
      }
    }
    follower.patience = .milliseconds(500)
    try await follower.follow(until: { try await run(id)["ended_at"]?.isNull == false })
    let ended = try await delivered(id)
    tellEnd(ended)
    return ended
  }

  private func run(_ id: String) async throws -> JSON {
    try await server.get(["v1", "runs", id])
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
      for criterion in evaluation["criteria"]?.arrayValue ?? [] {
        let met = criterion["met"]?.boolValue == true
        let words = [criterion["criterion"], criterion["evidence"]].compactMap { $0?.stringValue?.onOneLine }
        narrator.tell("grader", "\(met ? "✓" : "✗") \(words.joined(separator: ": "))", met ? .good : .bad)
      }
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
    var words = "to \(kind): \(DeliveryWords.after(delivery, now: Time.system.now()))"
    if kind == "webhook" {
      switch receiver.arrival(delivery["id"]?.stringValue ?? "") {
      case nil: words += "; the receiver has not seen it"
      case let arrival?:
        words += "; " + (arrival.problem ?? "the receiver verified its signature (\(arrival.type))")
      }
    }
    let took = TimeWords.between(delivery["created_at"]?.stringValue, delivery["settled_at"]?.stringValue)
    narrator.tell(state, words + (took.map { "  in \($0)" } ?? ""), Paint.ofState(state))
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
