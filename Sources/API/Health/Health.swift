package import Logging
package import Primitives

/// Whether the server can do its work. Whoever asks gets an answer in bounded time, whatever hangs: a check that does
/// not come back has failed, and is not started again before it does.
package final class Health: Sendable {
  /// Checks may take so long.
  package static let patience = Duration.seconds(2)
  /// An answer serves everybody who asks within so long.
  package static let freshness = Duration.seconds(1)

  private let checks: [HealthCheck]
  /// What the operator should know although everything works; each nil when there is nothing.
  private let notes: [@Sendable () -> String?]
  private let patience: Duration
  private let freshness: Duration
  private let time: Time
  private let log: Logger

  private struct State {
    var last: (findings: [HealthCheck.Finding], at: Timestamp)?
    var running: Task<[HealthCheck.Finding], Never>?
    /// Checks that have not come back, by name, with when they began.
    var out: [String: Timestamp] = [:]
    /// What was last told to the log.
    var told: [String] = []
  }
  private let state = Lock(State())

  package init(
    _ checks: [HealthCheck], notes: [@Sendable () -> String?] = [], patience: Duration = Health.patience,
    freshness: Duration = Health.freshness, time: Time = .system, log: Logger
  ) {
    self.checks = checks
    self.notes = notes
    self.patience = patience
    self.freshness = freshness
    self.time = time
    self.log = log
  }

  /// What the operator should know although everything works, in sentences.
  var notices: [String] { notes.compactMap { $0() } }

  /// What is wrong, in the order of the checks; nothing when all is well.
  package func findings() async -> [HealthCheck.Finding] {
    let now = time.now()
    enum Answer { case known([HealthCheck.Finding]), coming(Task<[HealthCheck.Finding], Never>) }
    let answer = state.withLock { state -> Answer in
      if let last = state.last, now >= last.at, now - last.at < freshness { return .known(last.findings) }
      if let running = state.running { return .coming(running) }
      let task = Task { await self.look() }
      state.running = task
      return .coming(task)
    }
    switch answer {
    case .known(let findings): return findings
    case .coming(let task): return await task.value
    }
  }

  private func look() async -> [HealthCheck.Finding] {
    let found = await withTaskGroup(of: (Int, HealthCheck.Finding?).self) { group in
      for (place, check) in checks.enumerated() { group.addTask { (place, await self.finding(of: check)) } }
      return await group.reduce(into: [Int: HealthCheck.Finding]()) { $0[$1.0] = $1.1 }
    }
    let findings = checks.indices.compactMap { found[$0] }
    let told = findings.map { "\($0.check): \($0.detail)" }
    let before = state.withLock { state in
      defer { state.told = findings.map(\.check) }
      state.last = (findings, time.now())
      state.running = nil
      return state.told
    }
    if before != findings.map(\.check) {
      if told.isEmpty {
        log.notice("The server is well again.")
      } else {
        log.error("The server is not well. \(told.joined(separator: " "))")
      }
    }
    return findings
  }

  private func finding(of check: HealthCheck) async -> HealthCheck.Finding? {
    let began = time.now()
    let since = state.withLock { state -> Timestamp? in
      defer { if state.out[check.name] == nil { state.out[check.name] = began } }
      return state.out[check.name]
    }
    func finding(_ detail: String) -> HealthCheck.Finding {
      HealthCheck.Finding(check: check.name, sentence: check.sentence, detail: detail)
    }
    if let since {
      return finding("It has not answered for \(DurationText.text(began - since)).")
    }
    let detail = await withCheckedContinuation { (answer: CheckedContinuation<String?, Never>) in
      let waiting = Lock<CheckedContinuation<String?, Never>?>(answer)
      @Sendable func give(_ detail: String?) {
        waiting.withLock { waiting in
          defer { waiting = nil }
          return waiting
        }?.resume(returning: detail)
      }
      let alarm = Task { [time, patience] in
        try await time.sleep(patience)
        give("It has not answered for \(DurationText.text(patience)).")
      }
      Task {
        let detail: String?
        do { detail = try await check.fault() } catch { detail = "\(error)" }
        state.withLock { $0.out[check.name] = nil }
        give(detail)
        alarm.cancel()
      }
    }
    return detail.map(finding)
  }
}
