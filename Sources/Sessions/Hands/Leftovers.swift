import Glibc
import Processes

/// The processes of a session that a dead process of ours may have left. Sandboxes die with us by themselves;
/// this is for `HostSandbox`, and for a kernel that is slow about it.
struct Leftovers: Sendable {
  let workspace: Workspace

  /// In the environment of all processes of a session.
  static func marker(_ session: String) -> (name: String, value: String) { ("ERRAND_SANDBOX", session) }

  /// How long a killed process may take to be gone. It may hang in the kernel.
  private static let patience = Duration.seconds(10)

  private var record: String { "\(workspace.private)/processes" }

  /// Remembers the processes that keep a sandbox alive.
  func remember(_ processes: [ProcessIdentity]) throws {
    let lines = processes.map { "\($0.pid) \($0.started)\n" }
    try Workspace.write(lines.joined(), to: record)
  }

  /// Kills what was remembered and whatever carries the session's marker, until nothing is found any more.
  func end() async throws {
    let marker = Self.marker(workspace.session)
    var found = remembered()
    // A process may make others while it is looked for; a limit, or one that forks for ever would hold us.
    for _ in 0..<100 {
      found += try await DiskThread.run {
        ProcessIdentity.all(withEnvironment: "\(marker.name)=\(marker.value)")
      }
      if found.isEmpty { return }
      for process in found { process.kill() }
      for process in found where try await !process.gone(within: Self.patience) {
        throw HandsError.undying(pid: process.pid)
      }
      found = []
    }
  }

  private func remembered() -> [ProcessIdentity] {
    guard let file = try? Descriptor.open(record, O_RDONLY | O_NOFOLLOW) else {
      // No record: no sandbox was ever started here.
      return []
    }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let size = read(file.number, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self).split(separator: "\n").compactMap {
      line in
      let numbers = line.split(separator: " ")
      guard numbers.count == 2, let pid = Int32(numbers[0]), let started = UInt64(numbers[1]) else {
        return nil
      }
      let process = ProcessIdentity(pid: pid, started: started)
      return process.isAlive ? process : nil
    }
  }
}

/// The use of a workspace that is no session's, such as that of an installation. Nobody wakes such a one later and
/// ends what was left in it, so the next start does, unless its folder is locked: the kernel frees the lock when
/// the process that uses it ends, however it ends.
struct WorkspaceHold: Sendable {
  private let folder: Descriptor

  /// Makes the folder and locks it. Blocks while another process cleans up one of the same name.
  init(_ workspace: Workspace) throws {
    try Workspace.makeFolder(workspace.root, mode: 0o700)
    for _ in 0..<100 {
      try Workspace.makeFolder(workspace.path, mode: 0o755)
      if let hold = Self(workspace, waiting: true) {
        self = hold
        return
      }
      // Removed before it was locked: a process that starts took it for abandoned.
    }
    throw HandsError.disk(action: "lock", path: workspace.path, errno: errno)
  }

  /// Nil when somebody holds it, or it is gone.
  init?(abandoned workspace: Workspace) {
    self.init(workspace, waiting: false)
  }

  private init?(_ workspace: Workspace, waiting: Bool) {
    // What cannot be opened is not there any more.
    guard let folder = try? Descriptor.open(workspace.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
      return nil
    }
    while flock(folder.number, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR else { return nil }
    }
    var (locked, there) = (stat(), stat())
    guard fstat(folder.number, &locked) == 0, lstat(workspace.path, &there) == 0,
      locked.st_ino == there.st_ino
    else { return nil }
    self.folder = folder
  }

  /// Ends the use.
  func release() { flock(folder.number, LOCK_UN) }
}
