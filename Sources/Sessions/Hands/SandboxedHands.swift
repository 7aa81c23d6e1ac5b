import Catalog
import Glibc
package import JSON
import Logging
import Primitives
import Processes
package import Sessions

/// The hands of one session: its sandbox, made at the first call and again when it has died, the agent's
/// shell in it, and the tools. Calls may come at the same time; the shell takes them one by one.
package final class SandboxedHands: Hands {
  let settings: SandboxSettings
  let workplace: Workplace
  let workspace: Workspace
  private let disk: DiskUsage
  private let provisioning = Turnstile()
  private let shellTurn = Turnstile()
  let mountTurn = Turnstile()
  private let state = Lock(State())
  private let network = Lock(EgressTraffic())

  private struct State {
    var sandbox: (any Sandbox)?
    var shell: Shell?
    var isEnded = false
    /// Why the environment's packages are missing, until the agent was told.
    var packageTrouble: PackageError?
    /// Whether they were missing once: they are not asked for again by these hands.
    var isWithoutPackages = false
    /// Whether the agent was told what there is to know of its clones.
    var hasToldNotes = false
    /// Why everything in the sandbox was ended, until the agent was told.
    var diskTrouble: DiskTrouble?
  }

  init(_ workplace: Workplace, _ settings: SandboxSettings) throws {
    self.workplace = workplace
    self.settings = settings
    workspace = try settings.workspace(workplace.session)
    disk = DiskUsage(workspace, settings.limits)
    for mount in workplace.mounts { _ = try Workspace.parts(ofMount: mount.path) }
  }

  package func execute(_ name: String, _ input: JSON) async throws -> ToolResult {
    guard let tool = BuiltinTools.all.first(where: { $0.name == name }) else {
      let names = BuiltinTools.all.map(\.name).joined(separator: ", ")
      return ToolResult(text: "There is no tool “\(name)”. The tools are \(names).", isError: true)
    }
    do {
      if let trouble = state.withLock({ $0.diskTrouble.take() }) { throw trouble }
      if let trouble = try await packageTrouble() { return ToolResult(text: "\(trouble)", isError: true) }
      var result = try await tool.run(ToolInput(input, fields: tool.fields), at: self)
      result.content += try untoldNotes().map { ["type": "text", "text": .string($0)] }
      return result
    } catch let error as ToolError {
      return ToolResult(text: error.description, isError: true)
    } catch let trouble as DiskTrouble {
      return ToolResult(text: trouble.description, isError: true)
    }
  }

  /// What the agent must know of its clones, once.
  private func untoldNotes() throws -> [String] {
    guard !workplace.repositories.isEmpty else { return [] }
    let wereTold = state.withLock { state in
      defer { state.hasToldNotes = true }
      return state.hasToldNotes
    }
    if wereTold { return [] }
    let record = MountRecord(workspace: workspace)
    var mounted = record.read()
    let notes = mounted.compactMap(\.note)
    if notes.isEmpty { return [] }
    for index in mounted.indices { mounted[index].note = nil }
    try record.write(mounted)
    return notes
  }

  /// New clones may have something to tell.
  func hasNewNotes() { state.withLock { $0.hasToldNotes = false } }

  /// Why the environment's packages are missing, once.
  private func packageTrouble() async throws -> PackageError? {
    guard !workplace.packages.isEmpty else { return nil }
    _ = try await provisioned()
    return state.withLock { $0.packageTrouble.take() }
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
    let outputs = try await DiskThread.run(.copies) { try Outputs.collect(from: workspace, limits: limits) }
    do {
      return outputs + (try await bundles(besides: Outputs.names(of: outputs)))
    } catch {
      for output in outputs { unlink(output.copy) }
      throw error
    }
  }

  /// What went through the proxy of this session's sandboxes, since these hands were made.
  package var traffic: EgressTraffic { network.withLock { $0 } }

  package func end() async {
    await stop(forGood: true)
    let traffic = traffic
    if traffic.connections > 0 {
      settings.egress.log.notice("The sandbox of \(workplace.session) \(traffic.words)")
    }
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
  /// Runs a program in the sandbox, in the workspace.
  func run(
    _ arguments: [String], input: Command.Input = .none, limit: Duration = .seconds(60),
    _ adjust: (inout Command) -> Void = { _ in }
  ) async throws -> Command.Output {
    try await withSandbox { sandbox in
      var command = Command(
        arguments, environment: sandbox.environment, directory: sandbox.directory, input: input, limit: limit)
      command.confinement = sandbox.confinement
      adjust(&command)
      return try await command.run()
    }
  }

  /// Runs a command in the agent's shell, which is started if there is none.
  func runInShell(_ command: String, limit: Duration) async throws -> (Shell.End, Transcript) {
    try await shellTurn.pass {
      let shell = try await liveShell()
      let ((end, transcript), finding) = try await disk.command { guarding in
        try await shell.run(command, limit: limit, guarding: guarding)
      }
      if !shell.isAlive { state.withLock { $0.shell = nil } }
      if end == .stopped, finding == .diskFull {
        throw DiskTrouble(finding: .diskFull, limit: settings.limits.workspace, endedAll: false)
      }
      // Who has removed what was too much hears so at once.
      if isFull { _ = try await disk.usage() } else { try await disk.lookIfDue() }
      return (end, transcript)
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
    let limit = settings.limits.workspace
    guard isFull, (try await disk.usage() ?? .max) > limit else { return }
    throw ToolError.full(limit: limit)
  }

  /// By the last look at the disk.
  var isFull: Bool { disk.isOver(settings.limits.workspace) }

  /// Where processes find what the agent calls `path`.
  func place(_ path: String) async throws -> String {
    try await provisioned().place(path)
  }

  private func liveShell() async throws -> Shell {
    try await withSandbox { sandbox in
      if let shell = state.withLock({ $0.shell }), shell.isAlive { return shell }
      let shell = try await Shell.start(in: sandbox, spool: workspace.private)
      state.withLock { $0.shell = shell }
      return shell
    }
  }

  /// A sandbox whose processes used up their limit, or that has just died, is made anew once: nothing can be
  /// started in it any more.
  private func withSandbox<Result>(_ body: (any Sandbox) async throws -> Result) async throws -> Result {
    let sandbox = try await provisioned()
    try workspace.openUp()
    do {
      return try await body(sandbox)
    } catch let error as ProcessError where error.meansSandboxIsSpent {
      // Another call may have seen the same and have a new one already.
      if state.withLock({ $0.sandbox === sandbox }) { await stop(forGood: false) }
      return try await body(try await provisioned())
    }
  }

  private func provisioned() async throws -> any Sandbox {
    try await provisioning.pass {
      let (sandbox, isEnded) = state.withLock { ($0.sandbox, $0.isEnded) }
      if isEnded { throw HandsError.ended }
      if let sandbox, sandbox.isAlive { return sandbox }
      await stop(forGood: false)
      var workplace = workplace
      if state.withLock({ $0.isWithoutPackages }) { workplace.packages = .none }
      let made = try await provision(workplace)
      do {
        try await disk.count(processes(of: made))
      } catch {
        await made.end()
        throw error
      }
      let isTooLate = state.withLock { state in
        if !state.isEnded { state.sandbox = made }
        return state.isEnded
      }
      if isTooLate {
        await made.end()
        await settings.endLeftovers(workspace, removingFiles: true)
        throw HandsError.ended
      }
      watchDisk(made)
      return made
    }
  }

  private func processes(of sandbox: any Sandbox) -> @Sendable () -> [ProcessIdentity] {
    if let inside = sandbox.confinement.sandbox { return { ProcessIdentity.all(inside: inside) } }
    let marker = Leftovers.marker(workspace.session)
    return { ProcessIdentity.all(withEnvironment: "\(marker.name)=\(marker.value)") }
  }

  /// Holds what runs beside commands to the disk's limits, for as long as the sandbox lives.
  private func watchDisk(_ sandbox: any Sandbox) {
    // Hands that nobody needs any more are not kept for this.
    Task { [weak self, weak sandbox] in
      while let self, let sandbox, self.state.withLock({ $0.sandbox === sandbox }) {
        // A look that fails is made again; whoever needs the workspace is told why it fails.
        let shell = self.state.withLock { $0.shell?.process }
        if let finding = try? await self.disk.findingBesidesCommands(shell: shell) {
          try? await self.endForDisk(finding, sandbox)
        }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func endForDisk(_ finding: DiskRule.Finding, _ sandbox: any Sandbox) async throws {
    // No new one is made before the old one has ended.
    try await provisioning.pass {
      let trouble = DiskTrouble(finding: finding, limit: settings.limits.workspace, endedAll: true)
      let isStillThere = state.withLock { state in
        guard state.sandbox === sandbox else { return false }
        state.diskTrouble = trouble
        return true
      }
      guard isStillThere else { return }
      await stop(forGood: false)
      try await disk.accept()
    }
  }

  /// What it throws, clients are told without the places of this machine; the operator needs those.
  private func provision(_ workplace: Workplace) async throws -> any Sandbox {
    try await workplace.permit.check()
    do {
      return try await settings.provision(workspace, workplace, network) { trouble in
        state.withLock { state in
          state.packageTrouble = trouble
          state.isWithoutPackages = true
        }
      }
    } catch let error as any OperatorError {
      settings.egress.log.error("The sandbox of \(workplace.session) cannot be made: \(error)")
      throw error
    }
  }
}

extension ProcessError {
  /// Nothing can be started in it: its processes are at their limit or halt what enters, or its first one is gone.
  var meansSandboxIsSpent: Bool {
    switch self {
    case .noRoom, .sandboxGone, .halted: true
    default: false
    }
  }
}
