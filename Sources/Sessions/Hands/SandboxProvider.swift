import Catalog
import Glibc
import Primitives
import Processes
package import Sessions

/// Makes hands of one kind, below one folder.
package struct SandboxProvider: HandsProvider {
  package var tools: [ToolDefinition] { BuiltinTools.definitions }
  private let settings: SandboxSettings

  /// - Parameter root: the folder of all workspaces; made when missing, closed to other users.
  /// - Parameter readOnly: host folders that every sandbox sees read-only at the same place, such as
  ///   tools under `/opt`, or what such tools need of `/etc`.
  /// - Parameter repositories: who clones; nil refuses every repository.
  /// - Parameter packages: how packages of environments are installed.
  /// - Parameter egress: how sandboxes reach the network, if their environment lets them.
  /// - Parameter users: the user ids that sandboxes of root's may have.
  package init(
    root: String, kind: SandboxKind = .bubblewrap, limits: SandboxLimits = SandboxLimits(),
    readOnly: [String] = [], bubblewrap: String = "/usr/bin/bwrap", repositories: Repositories? = nil,
    egress: EgressSettings = EgressSettings(), packages: PackageSettings = PackageSettings(),
    users: UserRange? = nil
  ) {
    let isRoots = kind == .bubblewrap && geteuid() == 0
    settings = SandboxSettings(
      root: root, kind: kind, limits: limits, readOnly: readOnly, bubblewrap: bubblewrap,
      repositories: repositories, egress: egress, packages: packages, store: PackageStore(root: root),
      users: isRoots ? SandboxUsers(root: root, range: users ?? .ofMachine()) : nil)
  }

  package func hands(for workplace: Workplace) throws -> any Hands {
    try SandboxedHands(workplace, settings)
  }

  package func endLeftovers(session: String, removingWorkspace: Bool) async {
    // An id that names no folder has none.
    guard let workspace = try? settings.workspace(session) else { return }
    await settings.endLeftovers(workspace, removingFiles: removingWorkspace)
  }

  /// Of the names of the workspaces that `check` has.
  static let checkPrefix = "startup-check-"

  /// Ends what processes of ours that were killed left of checks and installations. What they left of sessions is
  /// ended when those are woken.
  package func endAbandoned() async throws {
    try await settings.endAbandoned()
  }

  /// A sentence when the memory of a session is not limited as a whole.
  package func memoryWarning() async -> String? {
    // Without a sandbox nothing is promised.
    guard settings.kind == .bubblewrap else { return nil }
    if let group = Cgroup.make(Self.checkPrefix + Hex.encode(Randomness.system.bytes(6)), settings.limits) {
      await group.remove()
      return nil
    }
    return """
      The memory of sandboxes is limited for each of their processes only, and files in memory are not counted: \
      control groups cannot be used here, so an agent can take all memory of this machine. Run `errand serve` \
      as a systemd service with Delegate=yes and DelegateSubgroup=server (systemd 254 or later), or as root.
      """
  }

  /// Makes a sandbox and ends it again, so that a machine that cannot is found out at the start and not by the
  /// first run. Throws a sentence that says what to install or allow.
  package func check() async throws {
    try settings.users?.range.check()
    let id = Self.checkPrefix + Hex.encode(Randomness.system.bytes(6))
    let hands = try SandboxedHands(Workplace(session: id), settings)
    let workspace = try settings.workspace(id)
    let hold = try await DiskThread.run { try WorkspaceHold(workspace) }
    defer { hold.release() }
    do {
      let result = try await hands.check("true", limit: .seconds(20))
      await hands.end()
      guard result.exitCode == 0 else { throw HandsError.failed(detail: result.tail) }
    } catch {
      await hands.end()
      guard settings.kind == .bubblewrap else { throw error }
      switch error {
      case HandsError.failed(let detail): throw HandsError.noNamespaces(detail: detail)
      case let error as ProcessError: throw HandsError.noNamespaces(detail: "\(error)")
      default: throw error
      }
    }
  }
}

/// What all sandboxes of a provider share.
struct SandboxSettings: Sendable {
  let root: String
  let kind: SandboxKind
  let limits: SandboxLimits
  let readOnly: [String]
  let bubblewrap: String
  let repositories: Repositories?
  let egress: EgressSettings
  let packages: PackageSettings
  let store: PackageStore
  /// Nil where sandboxes have our user.
  let users: SandboxUsers?

  func workspace(_ session: String) throws -> Workspace {
    var workspace = try Workspace(root: root, session: session)
    workspace.readOnly = readOnly
    return workspace
  }

  /// Makes a workspace's folders, and gives it its user. Nothing runs there.
  func furnish(_ workspace: Workspace, mounts: [Mount]) async throws -> Workspace {
    var workspace = workspace
    if let users {
      let bare = workspace
      let owner = try await DiskThread.run {
        try Workspace.makeFolder(bare.root, mode: 0o700)
        try Workspace.makeFolder(bare.path, mode: 0o755)
        return try users.user(of: bare.session, current: bare.ownerOnDisk)
      }
      try await workspace.handOver(to: owner)
      workspace.owner = owner
    }
    let furnished = workspace
    try await DiskThread.run { try furnished.make(mounts: mounts) }
    return furnished
  }

  /// Ends what an earlier process left running there, then starts a sandbox. The files stay.
  /// - Parameters:
  ///   - traffic: where what the sandbox sends and receives is counted.
  ///   - packageTrouble: told why the packages could not be installed; the sandbox is made without them then.
  func provision(
    _ workspace: Workspace, _ workplace: Workplace, _ traffic: Lock<EgressTraffic>,
    packageTrouble: (PackageError) -> Void
  ) async throws -> any Sandbox {
    let leftovers = Leftovers(workspace: workspace)
    try await leftovers.end()
    let workspace = try await furnish(workspace, mounts: workplace.mounts)
    switch kind {
    case .none:
      guard access("/bin/bash", X_OK) == 0 else { throw HandsError.noShell }
      return HostSandbox(workspace: workspace, limits: limits, extra: workplace.environment)
    case .bubblewrap:
      let isOpen = workplace.networking != .none
      var variables = isOpen ? EgressProxy.environment : [:]
      if !workplace.packages.isEmpty {
        do {
          try await store.provide(workplace.packages, for: workplace, in: workspace, self)
          variables.merge(PackageStore.variables(path: BubblewrapSandbox.path)) { $1 }
        } catch let error as PackageError {
          packageTrouble(error)
        }
      }
      let sandbox = try await BubblewrapSandbox.start(
        workspace, bubblewrap: try await Bubblewrap.find(bubblewrap), limits: limits, readOnly: readOnly,
        extra: variables.merging(workplace.environment) { $1 })
      do {
        if isOpen { try await sandbox.open(to: workplace.networking, egress, traffic) }
        try leftovers.remember(sandbox.keepers)
      } catch {
        await sandbox.end()
        throw error
      }
      return sandbox
    }
  }

  /// Ends every process of a session, whoever started it; then its files go too, if they should.
  func endLeftovers(_ workspace: Workspace, removingFiles: Bool) async {
    // In a task of its own: this is how cancelled work cleans up. What cannot be removed is named by the
    // next provisioning of the session, which meets the same folder.
    await Task {
      try? await Leftovers(workspace: workspace).end()
      await Cgroup.removeLeftovers(workspace.session)
      guard removingFiles else { return }
      try? await DiskThread.run(.copies) {
        let user = workspace.ownerOnDisk
        try workspace.remove()
        if let user { try users?.giveBack(user, of: workspace.session) }
      }
    }.value
  }

  /// Ends what killed processes left in workspaces that are no session's.
  func endAbandoned() async throws {
    let root = root
    let names = try await DiskThread.run {
      // No root: nothing was ever left.
      access(root, F_OK) == 0
        ? try Folder(root).entries().filter { $0.kind == .folder }.compactMap(\.name) : []
    }
    for name in names
    where [SandboxProvider.checkPrefix, PackageInstaller.prefix].contains(where: name.hasPrefix) {
      // Not of our making, or held: another process of the same data directory is at work in it.
      guard let workspace = try? workspace(name), let hold = WorkspaceHold(abandoned: workspace) else {
        continue
      }
      await endLeftovers(workspace, removingFiles: true)
      hold.release()
    }
  }
}
