import JSON
import Sessions

// Tool calls of one reply: several at a time, each result recorded as soon as it is there.
extension EmbeddedDriver {
  /// Returns when all have a result, or when an interrupt came; the calls without a result are closed then by
  /// the step that takes the interrupt.
  func run(_ calls: [Call], _ session: DrivenSession, _ row: Session, _ log: [Event]) async throws {
    let setting = ToolSetting(session: row, log: log, claim: session.claim)
    let limit = limits.parallelTools
    _ = try await unlessInterrupted(session) {
      try await withThrowingTaskGroup(of: Void.self) { running in
        for (place, call) in calls.enumerated() {
          if place >= limit { try await running.next() }
          running.addTask { try await session.record([call.result(try await result(of: call, in: setting))]) }
        }
        try await running.waitForAll()
      }
    }
  }

  private func result(of call: Call, in setting: ToolSetting) async throws -> ToolResult {
    guard let provider = tools.first(where: { $0.definitions.contains { $0.name == call.name } }) else {
      return ToolResult(text: "The tool \(call.name) is not available.", isError: true)
    }
    return try await provider.execute(call.name, call.input, in: setting)
  }

  /// The names of the tools that a worker of the client runs for a session.
  func toolsElsewhere(_ session: Session) -> Set<String> {
    session.isSelfHosted ? Set(tools.filter(\.usesSandbox).flatMap(\.definitions).map(\.name)) : []
  }
}

extension Session {
  /// Whether a worker of the client runs the tools of the sandbox, not this machine.
  var isSelfHosted: Bool { environment["type"]?.stringValue == "self_hosted" }
}

extension Hands {
  /// - Throws: `SandboxError`, `CancellationError`.
  func outcome(of check: Check) async throws -> CheckResult {
    do {
      return try await self.check(check.run, limit: Check.limit)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw SandboxError(error)
    }
  }
}
