import Glibc
import Primitives
import Processes

/// Looks at how much of the disk a sandbox takes, when the rule says so.
final class DiskUsage: Sendable {
  typealias Finding = DiskRule.Finding

  private let workspace: Workspace
  private let turn = Turnstile()
  private let rule: Lock<DiskRule>
  private let watched = Lock(Watched())

  private struct Watched {
    /// The processes to look at, beside the folders.
    var processes: @Sendable () -> [ProcessIdentity] = { [] }
    /// Those that were there before anything ran: they keep the sandbox.
    var keepers: Set<ProcessIdentity> = []
    var runsCommand = false
  }

  init(_ workspace: Workspace, _ limits: SandboxLimits = SandboxLimits()) {
    self.workspace = workspace
    rule = Lock(DiskRule(limit: limits.workspace, leastFree: limits.leastFree))
  }

  /// Has deleted files counted that these processes have open. Nothing runs among them yet.
  func count(_ processes: @escaping @Sendable () -> [ProcessIdentity]) async throws {
    let keepers = try await DiskThread.run { Set(processes()) }
    watched.withLock { ($0.processes, $0.keepers) = (processes, keepers) }
  }

  /// By a look made now. Nil when something could not be looked at, and might be any size.
  func usage() async throws -> Int64? {
    try await look()
    return rule.withLock { $0.last?.usage }
  }

  @discardableResult
  private func look() async throws -> Finding? {
    let workspace = workspace
    let processes = watched.withLock { $0.processes }
    return try await turn.pass {
      let look = try await DiskThread.run(.looks) {
        let clock = ContinuousClock()
        let start = clock.now
        let room = DiskRoom.of(workspace.path)
        let usage = try workspace.allocated().map {
          $0 + NamelessFiles.allocated(heldBy: processes(), besides: workspace.regularFile)
        }
        return DiskRule.Look(usage: usage, room: room, cost: clock.now - start, end: clock.now)
      }
      return rule.withLock { $0.judge(look) }
    }
  }

  /// Looks again when twenty times the cost of the last look has gone by, so that looking takes at most a
  /// twentieth of the time.
  func lookIfDue() async throws {
    if let look = rule.withLock({ $0.last }), ContinuousClock().now - look.end < look.cost * 20 { return }
    try await look()
  }

  /// By the last look.
  func isOver(_ limit: Int64) -> Bool {
    rule.withLock { rule in rule.last.map { ($0.usage ?? .max) > limit } ?? false }
  }

  /// Runs a command, and holds it to what was there before.
  /// - Parameter body: gets a guard that returns when the command has to end.
  /// - Returns: what the body did, and why the guard returned, if it did.
  func command<Result>(
    _ body: (_ guarding: @escaping @Sendable () async throws -> Void) async throws -> Result
  ) async throws -> (Result, Finding?) {
    if rule.withLock({ $0.last == nil }) { try await look() }
    rule.withLock { $0.accept() }
    watched.withLock { $0.runsCommand = true }
    defer { watched.withLock { $0.runsCommand = false } }
    let found = Lock<Finding?>(nil)
    let result = try await body {
      while found.withLock({ $0 == nil }) {
        try await Task.sleep(for: .milliseconds(250))
        let finding = self.isDue(commandRuns: true) ? try await self.look() : nil
        found.withLock { $0 = finding }
      }
    }
    let finding = found.withLock { $0 }
    if finding != nil { try await accept() }
    return (result, finding)
  }

  /// What ended meanwhile, or was ended, may have left more than the look before saw.
  func accept() async throws {
    try await look()
    rule.withLock { $0.accept(afterEnding: true) }
  }

  /// What is wrong while no command runs, which is held by its own guard. A sandbox in which nothing runs is not
  /// looked through.
  /// - Parameter shell: the shell that waits for commands, if there is one.
  func findingBesidesCommands(shell: Int32?) async throws -> Finding? {
    let watched = watched.withLock { $0 }
    guard !watched.runsCommand, isDue(commandRuns: false) else { return nil }
    let runsNothing = try await DiskThread.run(.looks) {
      watched.processes().allSatisfy { $0.pid == shell || watched.keepers.contains($0) }
    }
    if runsNothing, rule.withLock({ $0.last != nil }) {
      rule.withLock { $0.leaveOut(at: ContinuousClock().now) }
      return nil
    }
    let finding = try await look()
    return self.watched.withLock { $0.runsCommand } ? nil : finding
  }

  private func isDue(commandRuns: Bool) -> Bool {
    let room = DiskRoom.of(workspace.path)
    return rule.withLock { rule in
      rule.glance(room)
      return rule.isDue(commandRuns: commandRuns, at: ContinuousClock().now)
    }
  }
}

/// What ran in a sandbox was ended because of the disk. A result for the agent, not an error of the session.
struct DiskTrouble: Error, Equatable, CustomStringConvertible {
  var finding: DiskRule.Finding
  var limit: Int64
  /// Every process, and not only a command with its shell.
  var endedAll: Bool

  var description: String {
    let cause =
      switch finding {
      case .over:
        "The workspace went over its limit of \(limit) bytes, or has folders that cannot be looked into"
      case .diskFull: "The server's disk is almost full, and this sandbox went on filling it"
      }
    let end =
      endedAll
      ? "every process in the sandbox was ended, and this call was not carried out"
      : "the command was killed with its shell"
    return "\(cause), so \(end). Remove files with bash before you go on."
  }
}
