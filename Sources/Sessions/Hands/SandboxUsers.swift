import Glibc
import Processes

/// Gives each workspace a user of its own, for as long as it is there, when root runs the sandboxes.
///
/// Who has which id is on the disk, beside the workspaces: a link `<root>/.users/<id>` whose target is the workspace's
/// name. So all processes of one data directory see the same, and a crash loses nothing: an id whose workspace is not
/// there any more is free.
struct SandboxUsers: Sendable {
  /// Of all workspaces.
  let root: String
  let range: UserRange

  private var folder: String { "\(root)/.users" }

  /// The workspace's user; it gets one if it has none. Its folder must be there already.
  /// - Parameter current: who owns the agent's files there.
  /// - Throws: `HandsError.noUser` when all are taken.
  func user(of workspace: String, current: UInt32?) throws -> Confinement.Identity {
    try locked {
      if let current, current != 0, holder(of: current) == workspace { return Self.identity(current) }
      var taken: Set<UInt32> = []
      for (id, holder) in claims() {
        // Claimed before a crash, and nothing handed over yet.
        if holder == workspace { return Self.identity(id) }
        if access("\(root)/\(holder)", F_OK) != 0, errno == ENOENT {
          unlink("\(folder)/\(id)")
        } else {
          taken.insert(id)
        }
      }
      // From anywhere: an id that has just been given back rests for a while.
      let start = UInt32.random(in: 0..<range.count)
      for step in 0..<range.count {
        let id = range.first + UInt32((UInt64(start) + UInt64(step)) % UInt64(range.count))
        if taken.contains(id) || Self.isSomebody(id) { continue }
        guard symlink(workspace, "\(folder)/\(id)") == 0 else {
          throw HandsError.disk(action: "write", path: "\(folder)/\(id)", errno: errno)
        }
        return Self.identity(id)
      }
      throw HandsError.noUser(range: range.description)
    }
  }

  /// Frees the id of a workspace that is not there any more.
  /// - Parameter id: who owned the agent's files there.
  func giveBack(_ id: UInt32, of workspace: String) throws {
    guard id != 0, access(folder, F_OK) == 0 else { return }
    try locked {
      guard access("\(root)/\(workspace)", F_OK) != 0, holder(of: id) == workspace else { return }
      unlink("\(folder)/\(id)")
      // Goes with the last of them; whoever waits for it makes it anew.
      rmdir(folder)
    }
  }

  private static func identity(_ id: UInt32) -> Confinement.Identity { .init(user: id, group: id) }

  /// Whether a user or a group of this machine has this number, whatever directory lists them.
  private static func isSomebody(_ id: UInt32) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
      var (user, foundUser) = (passwd(), UnsafeMutablePointer<passwd>?.none)
      getpwuid_r(id, &user, buffer.baseAddress!, buffer.count, &foundUser)
      var (group, foundGroup) = (Glibc.group(), UnsafeMutablePointer<Glibc.group>?.none)
      getgrgid_r(id, &group, buffer.baseAddress!, buffer.count, &foundGroup)
      return foundUser != nil || foundGroup != nil
    }
  }

  private func holder(of id: UInt32) -> String? {
    var target = [CChar](repeating: 0, count: 256)
    let length = readlink("\(folder)/\(id)", &target, 255)
    return length > 0 ? String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  private func claims() -> [(id: UInt32, holder: String)] {
    // None can be read: none is taken, and taking one says why.
    ((try? Folder(folder))?.entries() ?? []).compactMap { entry in
      guard let id = entry.name.flatMap({ UInt32($0) }), let holder = holder(of: id) else { return nil }
      return (id, holder)
    }
  }

  /// Nobody else, in whatever process, gives out ids meanwhile. For a moment only.
  private func locked<Result>(_ body: () throws -> Result) throws -> Result {
    for _ in 0..<100 {
      try Workspace.makeFolder(folder, mode: 0o700)
      // Removed by whoever gave back the last id: made anew.
      guard let lock = try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { continue }
      while flock(lock.number, LOCK_EX) != 0 && errno == EINTR {}
      var (mine, there) = (stat(), stat())
      guard fstat(lock.number, &mine) == 0, lstat(folder, &there) == 0, mine.st_ino == there.st_ino else {
        continue
      }
      return try withExtendedLifetime(lock) { try body() }
    }
    throw HandsError.disk(action: "lock", path: folder, errno: errno)
  }
}
