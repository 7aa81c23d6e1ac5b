import Sessions

// Tool calls of one reply: several at a time, each result recorded as soon as it is there.
extension EmbeddedDriver {
  /// Returns when all have a result, or when an interrupt came; the calls without a result are closed then by
  /// the step that takes the interrupt.
  func run(_ calls: [Call], _ session: DrivenSession, _ row: Session, _ log: [Event]) async throws {
    let web = WebTools(web, agent: row.agent, log: log)
    // Calls of the web tools need no sandbox.
    let hands = calls.allSatisfy(WebTools.answers) ? nil : try await workplaces.hands(for: row, session.claim)
    let limit = limits.parallelTools
    _ = try await unlessInterrupted(session) {
      try await withThrowingTaskGroup(of: Void.self) { running in
        for (place, call) in calls.enumerated() {
          if place >= limit { try await running.next() }
          running.addTask {
            if let hands, !WebTools.answers(call) {
              try await session.record([call.result(try await hands.result(of: call))])
            } else {
              try await session.record([call.result(try await web.result(of: call.name, call.input))])
            }
          }
        }
        try await running.waitForAll()
      }
    }
  }
}

extension Hands {
  /// - Throws: `SandboxError`, `CancellationError`.
  fileprivate func result(of call: Call) async throws -> ToolResult {
    do {
      return try await execute(call.name, call.input)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw SandboxError(error)
    }
  }

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
