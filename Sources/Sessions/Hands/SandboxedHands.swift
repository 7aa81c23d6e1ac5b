package import JSON
import Primitives
import Processes
package import Sessions

/// The hands of one session: its sandbox, made at the first call and again when it has died, the agent's
/// shell in it, and the tools. Calls may come at the same time; the shell takes them one by one.
package final class SandboxedHands: Hands {
  let settings: SandboxSettings
  private let workplace: Workplace
  private let workspace: Workspace
  private let provisioning = Turnstile()
  private let shellTurn = Turnstile()
  private let state = Lock(State())

  private struct State {
    var sandbox: (any Sandbox)?
    var shell: Shell?
    var isEnded = false
    /// What the last look at the disk found.
    var isFull = false
  }

  init(_ workplace: Workplace, _ settings: SandboxSettings) throws {
    self.workplace = workplace
    self.settings = settings
    workspace = try settings.workspace(workplace.session)
    for mount in workplace.mounts { _ = try Workspace.parts(ofMount: mount.path) }
  }

  package func execute(_ name: String, _ input: JSON) async throws -> ToolResult {
    guard let tool = BuiltinTools.all.first(where: { $0.name == name }) else {
      let names = BuiltinTools.all.map(\.name).joined(separator: ", ")
      return ToolResult(text: "There is no tool “\(name)”. The tools are \(names).", isError: true)
    }
    do {
      return try await tool.run(ToolInput(input, fields: tool.fields), at: self)
    } catch let error as ToolError {
      return ToolResult(text: error.description, isError: true)
    }
  }

  package func check(_ command: String, limit: Duration) async throws -> CheckResult {
    let output = try await run(["/bin/bash", "-c", command], limit: limit) { command in
      command.mergesOutput = true
      command.outputLimit = 0
      // 4,000 characters have at most 16,000 bytes.
      command.tailLimit = 16_000
    }
    let tail = RepairedText.of(output.stdout.bytes).unicodeScalars.suffix(4000)
    return CheckResult(
      exitCode: output.timedOut ? 124 : output.exit.shellCode, tail: String(String.UnicodeScalarView(tail)))
  }

  package func collect() async throws -> [OutputFile] {
    let workspace = workspace
    let limits = settings.limits
    return try await DiskThread.run { try Outputs.collect(from: workspace, limits: limits) }
  }

  package func end() async {
    await stop(forGood: true)
    await settings.endLeftovers(workspace, removingFiles: true)
  }

  /// Ends the processes and keeps the files, for a session that waits. The next call provisions anew.
  package func rest() async {
    await stop(forGood: false)
  }

  private func stop(forGood: Bool) async {
    let (sandbox, shell) = state.withLock { state -> ((any Sandbox)?, Shell?) in
      if forGood { state.isEnded = true }
      defer {
        state.sandbox = nil
        state.shell = nil
      }
      return (state.sandbox, state.shell)
    }
    await shell?.end()
    await sandbox?.end()
  }
}

// What the tools work with.
extension SandboxedHands {
  /// Runs a program in the sandbox, in the workspace. A sandbox whose processes used up their limit is made
  /// anew: nothing could be started in it any more.
  func run(
    _ arguments: [String], input: Command.Input = .none, limit: Duration = .seconds(60),
    _ adjust: (inout Command) -> Void = { _ in }
  ) async throws -> Command.Output {
    func once() async throws -> Command.Output {
      let sandbox = try await provisioned()
      var command = Command(
        arguments, environment: sandbox.environment, directory: sandbox.directory, input: input, limit: limit)
      command.confinement = sandbox.confinement
      adjust(&command)
      return try await command.run()
    }
    do {
      return try await once()
    } catch let error as ProcessError where error.meansSandboxIsSpent {
      await rest()
      return try await once()
    }
  }

  /// Runs a command in the agent's shell, which is started if there is none.
  func runInShell(_ command: String, limit: Duration) async throws -> (Shell.End, Transcript) {
    try await shellTurn.pass {
      let shell = try await liveShell()
      let before = try await usage()
      let most = max(settings.limits.workspace, before ?? .max)
      let result = try await shell.run(command, limit: limit) {
        while let size = try await self.usage(), size <= most { try await Task.sleep(for: .seconds(2)) }
      }
      if !shell.isAlive { state.withLock { $0.shell = nil } }
      let after = try await usage()
      state.withLock { $0.isFull = (after ?? .max) > settings.limits.workspace }
      return result
    }
  }

  func restartShell() async throws {
    try await shellTurn.pass {
      let shell = state.withLock { state in
        defer { state.shell = nil }
        return state.shell
      }
      await shell?.end()
      _ = try await liveShell()
    }
  }

  /// Throws when the workspace was found to be over its limit and still is.
  func requireRoom() async throws {
    guard state.withLock({ $0.isFull }) else { return }
    let isFull = (try await usage() ?? .max) > settings.limits.workspace
    state.withLock { $0.isFull = isFull }
    if isFull { throw ToolError.full(limit: settings.limits.workspace) }
  }

  var isFull: Bool { state.withLock { $0.isFull } }

  /// Where processes find what the agent calls `path`.
  func place(_ path: String) async throws -> String {
    try await provisioned().place(path)
  }

  private func usage() async throws -> Int64? {
    let workspace = workspace
    return try await DiskThread.run { try workspace.allocated() }
  }

  private func liveShell() async throws -> Shell {
    func once() async throws -> Shell {
      let sandbox = try await provisioned()
      if let shell = state.withLock({ $0.shell }), shell.isAlive { return shell }
      let shell = try await Shell.start(in: sandbox, spool: workspace.private)
      state.withLock { $0.shell = shell }
      return shell
    }
    do {
      return try await once()
    } catch let error as ProcessError where error.meansSandboxIsSpent {
      await rest()
      return try await once()
    }
  }

  private func provisioned() async throws -> any Sandbox {
    try await provisioning.pass {
      let (sandbox, isEnded) = state.withLock { ($0.sandbox, $0.isEnded) }
      if isEnded { throw HandsError.ended }
      if let sandbox, sandbox.isAlive { return sandbox }
      await stop(forGood: false)
      let made = try await settings.provision(workspace, workplace)
      let isTooLate = state.withLock { state in
        if !state.isEnded { state.sandbox = made }
        return state.isEnded
      }
      if isTooLate {
        await made.end()
        await settings.endLeftovers(workspace, removingFiles: true)
        throw HandsError.ended
      }
      return made
    }
  }
}

extension ProcessError {
  /// Nothing can be started in it: its processes are at their limit, or its first one is gone.
  var meansSandboxIsSpent: Bool {
    switch self {
    case .noRoom, .sandboxGone: true
    default: false
    }
  }
}
