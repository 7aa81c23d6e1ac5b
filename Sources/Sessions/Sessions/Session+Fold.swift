package import JSON
import Primitives

extension Session {
  /// Takes over into the row what an event of the log says about the session.
  mutating func note(_ event: Event, at moment: Moment) {
    let now = moment.now
    switch event.type {
    case .statusRunning:
      status = .running
      turnOpen = true
      stopReason = nil
      blocked = []
      runningSince = now
      elapsedSince = moment.elapsed
      boot = moment.boot
    case .statusIdle:
      close(as: .idle, at: moment)
      stopReason = event.body["stop_reason"]
      blocked = stopReason?["event_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
    case .statusRescheduled:
      close(as: .rescheduling, at: moment)
    case .statusTerminated:
      close(as: .terminated, at: moment)
      terminatedAt = terminatedAt ?? now
      blocked = []
      closing = closing ?? "it is terminated"
      leaveOutcome(because: "The session ended before it was decided.", at: now)
    case .userToolConfirmation, .userCustomToolResult, .userToolResult:
      blocked.removeAll { $0 == event.answeredCall }
    case .modelRequestEnd:
      usage = usage + Usage(wire: event.body["model_usage"])
    case .agentToolResult:
      webSearches += event.hidden?["web_searches"]?.intValue ?? 0
    case .userDefineOutcome:
      let id = event.body["outcome_id"]?.stringValue
      if outcomes.last?.id != id { outcomes.append(Outcome(defined: event)) }
      updateOutcome { $0.result = .running }
    case .evaluationStart:
      updateOutcome {
        $0.iteration = event.body["iteration"]?.intValue ?? $0.iteration
        $0.result = .evaluating
      }
    case .evaluationEnd:
      usage = usage + Usage(wire: event.body["usage"])
      updateOutcome {
        let result = event.body["result"]?.stringValue.flatMap(Outcome.Result.init) ?? .failed
        $0.iteration = event.body["iteration"]?.intValue ?? $0.iteration
        $0.explanation = event.body["explanation"]?.stringValue
        $0.result = result == .needsRevision ? .running : result
        if result.isTerminal { $0.completedAt = now }
      }
    default: break
    }
  }

  private mutating func close(as status: Status, at moment: Moment) {
    active = activeTime(at: moment)
    runningSince = nil
    elapsedSince = nil
    boot = nil
    turnOpen = false
    self.status = status
  }

  /// The outcome that is queued will never be worked on.
  mutating func dropPendingOutcome(because reason: String, at now: Timestamp) {
    updateOutcome {
      guard $0.result == .pending else { return }
      $0.result = .interrupted
      $0.explanation = reason
      $0.completedAt = now
    }
  }

  /// The outcome that is being worked on will not be decided any more.
  mutating func leaveOutcome(because reason: String, at now: Timestamp) {
    updateOutcome {
      guard !$0.result.isTerminal else { return }
      $0.result = .interrupted
      $0.explanation = $0.explanation ?? reason
      $0.completedAt = now
    }
  }

  private mutating func updateOutcome(_ change: (inout Outcome) -> Void) {
    guard let last = outcomes.indices.last else { return }
    change(&outcomes[last])
  }
}

extension Usage {
  /// Reads the wire's counts; what is missing is 0.
  package init(wire json: JSON?) {
    self.init(
      input: json?["input_tokens"]?.intValue ?? 0, output: json?["output_tokens"]?.intValue ?? 0,
      cacheCreation: json?["cache_creation_input_tokens"]?.intValue ?? 0,
      cacheRead: json?["cache_read_input_tokens"]?.intValue ?? 0)
  }
}
