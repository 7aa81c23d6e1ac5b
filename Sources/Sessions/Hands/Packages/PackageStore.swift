import Catalog
import Crypto
import Glibc
import Logging
import Primitives
import Processes
import Sessions

/// The installed packages of environments: one folder for each environment and list, made once, in a sandbox of
/// its own, and shown read-only to every session. Sessions get hard links, so that a set can be dropped while
/// some still use it.
///
///     <root>/.packages/<key>/python   seen as /opt/packages/python
///                           /node     seen as /opt/packages/node
final class PackageStore: Sendable {
  private let root: String
  /// Who installs a set waits for whoever installs the same one. By the set's key, for as long as somebody passes or
  /// waits.
  private let turns = Lock<[String: (turn: Turnstile, users: Int)]>([:])

  /// How many sets are asked for at this moment.
  var asked: Int { turns.withLock { $0.count } }

  init(root: String) {
    self.root = "\(root)/.packages"
  }

  /// Names the set of an environment. The id is part of it: whoever can write an environment can make its packages
  /// anything, and should reach no other's.
  static func key(_ packages: Packages, environment: String) -> String {
    var text = environment
    for (manager, names) in packages.lists { text += "\n\(manager)\0" + names.joined(separator: "\0") }
    return Hex.encode(Array(SHA256.hash(data: Array(text.utf8)).prefix(16)))
  }

  /// Whether it is a folder itself, not a link to one.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Puts the packages into a workspace, after they were installed if they are not there yet.
  /// - Throws: `PackageError`, `CancellationError`.
  func provide(
    _ packages: Packages, for workplace: Workplace, in workspace: Workspace, _ settings: SandboxSettings
  )
    async throws
  {
    let environment = workplace.environmentID ?? ""
    let key = Self.key(packages, environment: environment)
    let set = "\(root)/\(key)"
    try await pass(key) {
      if Self.isFolder(set) {
        // Of an earlier version, whose sandboxes had one user.
        var status = stat()
        if settings.users != nil, lstat(set, &status) == 0, status.st_uid != 0 {
          try await Self.takeOver(set)
        }
        // Used now: those that are not go first.
        utimensat(AT_FDCWD, set, nil, 0)
        return
      }
      try Workspace.makeFolder(root, mode: 0o700)
      try await PackageInstaller(
        packages: packages, environment: environment, networking: workplace.networking, settings: settings
      ).install(named: key, into: set)
      do {
        try await prune(keeping: settings.packages.kept, besides: key)
      } catch {
        // The packages are there; what is too much is tried again after the next installation.
        settings.egress.log.warning("Packages that nobody uses were not all removed: \(error)")
      }
    }
    try await DiskThread.run { try Folder.remove(workspace.packages) }
    // Both are ours, and nobody who could change them runs.
    let output = try await Command(["/bin/cp", "-al", "--", set, workspace.packages], limit: .seconds(120))
      .run()
    guard output.exit == .code(0), Self.isFolder(workspace.packages) else {
      throw PackageError.system("They cannot be linked: \(output.errorText.prefix(300))")
    }
  }

  /// Makes what was installed root's, and open to all sandboxes: the user who installed it is another workspace's next.
  static func takeOver(_ set: String) async throws {
    for command in [
      ["/bin/chown", "-R", "-h", "-P", "--", "0:0", set], ["/bin/chmod", "-R", "ug-s,go-w,go+rX", "--", set],
    ] {
      let output = try await Command(command, limit: .seconds(120)).run()
      guard output.exit == .code(0) else {
        throw PackageError.system("They cannot be opened to sessions: \(output.errorText.prefix(300))")
      }
    }
  }

  /// Lets one caller through at a time for each set.
  private func pass(_ key: String, _ body: () async throws -> Void) async throws {
    let turn = turns.withLock { turns in
      turns[key, default: (Turnstile(), 0)].users += 1
      return turns[key]?.turn
    }
    defer {
      turns.withLock { turns in
        turns[key]?.users -= 1
        if turns[key]?.users == 0 { turns[key] = nil }
      }
    }
    try await turn?.pass(body)
  }

  /// Removes the sets that were not used for longest, and what installations left that died with their process.
  private func prune(keeping count: Int, besides key: String) async throws {
    let root = root
    try await DiskThread.run {
      let workspaces = String(root.dropLast("/.packages".count))
      for entry in try Folder(workspaces).entries() where entry.kind == .folder {
        guard let name = entry.name, name.hasPrefix(PackageInstaller.prefix) else { continue }
        var status = stat()
        // Another process may be at work in a younger one.
        if stat("\(workspaces)/\(name)", &status) == 0, status.st_mtim.tv_sec < time(nil) - 86_400 {
          try Folder.remove("\(workspaces)/\(name)")
        }
      }
      var sets: [(path: String, used: Int)] = []
      for entry in try Folder(root).entries() where entry.kind == .folder {
        guard let name = entry.name, name != key else { continue }
        var status = stat()
        if stat("\(root)/\(name)", &status) == 0 { sets.append(("\(root)/\(name)", status.st_mtim.tv_sec)) }
      }
      for set in sets.sorted(by: { $0.used > $1.used }).dropFirst(count - 1) { try Folder.remove(set.path) }
    }
  }

  /// How programs in the sandbox find the packages.
  static func variables(path: String) -> [String: String] {
    let place = Workspace.packagesInside
    return [
      "PATH": "\(place)/python/bin:\(place)/node/node_modules/.bin:\(path)", "PYTHONPATH": "\(place)/python",
      "NODE_PATH": "\(place)/node/node_modules",
    ]
  }
}
