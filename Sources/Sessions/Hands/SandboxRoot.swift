import Glibc
import Processes

/// The root folder of a sandbox: the agent's own, on the disk, so that programs may make `/data` or `/home/user`
/// there. What it must not change lies on mount points, which nobody can move or remove from inside.
struct SandboxRoot: Sendable {
  /// On this machine.
  let path: String
  /// Those of the machine that every sandbox sees at the same place.
  let readOnly: [String]

  /// Folders of the machine that lie in the root, where it has them.
  static let programs = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]
  /// Mount points, and folders that programs expect. Those above others come first.
  private static let always = [
    "usr", "proc", "dev", "tmp", "etc", "run", "var", "var/tmp", "root", "home", "srv", "opt", "opt/packages",
    "workspace", "mnt", "mnt/session", "mnt/session/outputs", "mnt/session/uploads",
  ]

  private var folders: [String] { Self.programs.filter { access("/\($0)", F_OK) == 0 } + Self.always }

  /// Bytes that it takes, besides what it is made of.
  func allocated() throws -> Int64? {
    try Folder(path).allocated().map { max(0, $0 - Int64(folders.count) * Folder.entryCost) }
  }

  /// Makes what is missing. Nothing runs in the sandbox now, but an agent may have left something else in the place
  /// of a mount point, such as a link, which would be followed on this machine.
  func make(owner: Confinement.Identity?) throws {
    let top = try Folder(path)
    for folder in folders { try make(folder, isFolder: true, below: top, owner) }
    for path in readOnly {
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      try make(String(path.drop { $0 == "/" }), isFolder: isFolder, below: top, owner)
    }
  }

  private func make(
    _ place: String, isFolder: Bool, below top: Folder, _ owner: Confinement.Identity?
  ) throws {
    let parts = place.split(separator: "/").map(String.init)
    var folder = top
    for (index, part) in parts.enumerated() {
      let name = Array(part.utf8CString)
      let isLast = index == parts.count - 1
      var status = stat()
      let isThere = fstatat(folder.descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      let kind = status.st_mode & S_IFMT
      if isLast, !isFolder {
        // The mount point of a file is made where it is missing.
        if isThere, kind != S_IFREG { try Folder.remove(entry: name, of: folder) }
        return
      }
      if isThere, kind != S_IFDIR { try Folder.remove(entry: name, of: folder) }
      if !isThere || kind != S_IFDIR {
        guard mkdirat(folder.descriptor.number, name, 0o755) == 0 else {
          throw HandsError.disk(action: "make", path: "\(path)/\(place)", errno: errno)
        }
        if let owner,
          fchownat(folder.descriptor.number, name, owner.user, owner.group, AT_SYMLINK_NOFOLLOW) != 0
        {
          throw HandsError.disk(action: "hand over", path: "\(path)/\(place)", errno: errno)
        }
      } else if status.st_mode & 0o700 != 0o700 {
        // Closed by the agent to himself.
        fchmodat(folder.descriptor.number, name, status.st_mode & 0o7777 | 0o700, AT_SYMLINK_NOFOLLOW)
      }
      guard let inner = folder.folder(name) else {
        throw HandsError.disk(action: "open", path: "\(path)/\(place)", errno: errno)
      }
      folder = inner
    }
  }
}
