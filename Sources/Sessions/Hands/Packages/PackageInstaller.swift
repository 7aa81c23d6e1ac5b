import Catalog
import Glibc
import HTTPClient
import Logging
import Primitives
import Processes
import Sessions

/// Installs one set of packages in a sandbox that nobody else uses: what packages run while they are installed can
/// reach neither a session nor the machine.
struct PackageInstaller: Sendable {
  let packages: Packages
  /// The id of the environment, for the log.
  let environment: String
  let networking: Networking
  let settings: SandboxSettings

  /// Of the names of the workspaces that installations have.
  static let prefix = "packages-"

  /// - Parameter set: where the finished set goes, all at once.
  func install(named key: String, into set: String) async throws {
    // Another process may install the same at the same time; the first to finish wins.
    let id = "\(Self.prefix)\(key.prefix(16))-\(Hex.encode(Randomness.system.bytes(4)))"
    let workspace = try settings.workspace(id)
    let hold = try await DiskThread.run { try WorkspaceHold(workspace) }
    defer { hold.release() }
    do {
      let workspace = try await settings.furnish(workspace, mounts: [])
      try await run(in: workspace)
      // Nothing runs there any more. What was installed may have put a link in its place, which would be
      // followed on this machine when sessions are shown the set.
      let made = "\(workspace.work)/set"
      guard PackageStore.isFolder(made) else {
        throw PackageError.system("What was installed replaced the folder that it was installed into.")
      }
      // Or shut it, so that nobody could remove it again.
      chmod(made, 0o755)
      if workspace.owner != nil { try await PackageStore.takeOver(made) }
      guard rename(made, set) == 0 || PackageStore.isFolder(set) else {
        throw PackageError.system("They cannot be kept: \(ProcessError.text(errno)).")
      }
      await settings.endLeftovers(workspace, removingFiles: true)
    } catch {
      await settings.endLeftovers(workspace, removingFiles: true)
      throw error
    }
  }

  private func run(in workspace: Workspace) async throws {
    let traffic = Lock(EgressTraffic())
    defer { tell(traffic.withLock { $0 }) }
    let sandbox = try await BubblewrapSandbox.start(
      workspace, bubblewrap: try await Bubblewrap.find(settings.bubblewrap), limits: settings.limits,
      readOnly: settings.readOnly, extra: EgressProxy.environment.merging(variables) { $1 })
    do {
      try await sandbox.open(to: reachable, settings.egress, traffic)
      _ = try await output(of: ["/bin/mkdir", "set"], in: sandbox, workspace)
      for (manager, names) in packages.lists {
        guard let command = Self.command(manager, names) else { throw PackageError.noManager(manager) }
        let output = try await output(of: command, in: sandbox, workspace)
        if output.timedOut { throw PackageError.timedOut(manager: manager, limit: settings.packages.limit) }
        guard output.exit == .code(0) else {
          let tail = RepairedText.of(output.stdout.bytes).unicodeScalars.suffix(2000)
          throw PackageError.failed(
            manager: manager, names: names, output: String(String.UnicodeScalarView(tail)))
        }
      }
      await sandbox.end()
    } catch {
      await sandbox.end()
      throw error
    }
  }

  private func tell(_ traffic: EgressTraffic) {
    guard traffic.connections > 0 else { return }
    settings.egress.log.notice("The installation of packages of \(environment) \(traffic.words)")
  }

  static func command(_ manager: String, _ names: [String]) -> [String]? {
    switch manager {
    case "pip":
      [
        PackageSettings.python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-warn-script-location", "--progress-bar", "off", "--quiet", "--target", "/workspace/set/python",
        "--",
      ] + names
    case "npm":
      [
        PackageSettings.npm, "install", "--prefix", "/workspace/set/node", "--no-audit", "--no-fund",
        "--no-update-notifier", "--loglevel=error", "--",
      ] + names
    default: nil
    }
  }

  /// The mirrors of this server, where it has any.
  private var variables: [String: String] {
    var variables: [String: String] = [:]
    variables["PIP_INDEX_URL"] = settings.packages.pipIndex?.text
    variables["PIP_TRUSTED_HOST"] = settings.packages.pipIndex.flatMap { $0.scheme == "http" ? $0.host : nil }
    variables["NPM_CONFIG_REGISTRY"] = settings.packages.npmRegistry?.text
    return variables
  }

  /// The environment's hosts, and the mirrors.
  private var reachable: Networking {
    guard case .limited(let hosts) = networking else { return networking }
    return .limited(
      hosts + [settings.packages.pipIndex, settings.packages.npmRegistry].compactMap { $0?.host })
  }

  /// Ends a command that fills the disk.
  private func output(
    of command: [String], in sandbox: BubblewrapSandbox, _ workspace: Workspace
  ) async throws -> Command.Output {
    let most = settings.limits.workspace
    let limit = settings.packages.limit
    let disk = DiskUsage(workspace)
    return try await withThrowingTaskGroup(of: Command.Output.self) { group in
      group.addTask {
        var program = Command(
          command, environment: sandbox.environment, directory: sandbox.directory, limit: limit,
          outputLimit: 0)
        program.confinement = sandbox.confinement
        program.mergesOutput = true
        program.tailLimit = 16_000
        return try await program.run()
      }
      group.addTask {
        repeat { try await Task.sleep(for: .seconds(2)) } while (try await disk.usage() ?? .max) <= most
        throw PackageError.tooLarge(limit: most)
      }
      defer { group.cancelAll() }
      guard let output = try await group.next() else { throw CancellationError() }
      return output
    }
  }
}
