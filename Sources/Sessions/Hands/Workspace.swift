import Glibc
import Processes
import Sessions

/// The folders of one session on this machine, below the root of all workspaces:
///
///     <root>/<session>/workspace   seen as /workspace
///                      outputs     seen as /mnt/session/outputs
///                      uploads     seen as /mnt/session/uploads, read-only
///                      packages    seen as /opt/packages, read-only, when the environment has any
///                      etc         a few files of /etc, made here
///                      private     never seen: the record of processes, spooled output
struct Workspace: Sendable {
  let root: String
  let session: String
  /// Who owns what the agent may write, when that is somebody else.
  let owner: Confinement.Identity?

  init(root: String, session: String, owner: Confinement.Identity?) throws {
    let allowed = session.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == 0x5F || byte == 0x2D
    }
    guard allowed, (1...128).contains(session.utf8.count) else { throw HandsError.badSession(session) }
    self.root = root
    self.session = session
    self.owner = owner
  }

  var path: String { "\(root)/\(session)" }
  var work: String { "\(path)/workspace" }
  var outputs: String { "\(path)/outputs" }
  var uploads: String { "\(path)/uploads" }
  var packages: String { "\(path)/packages" }
  static let packagesInside = "/opt/packages"
  var etc: String { "\(path)/etc" }
  var `private`: String { "\(path)/private" }
  /// Where copies of outputs wait until they are stored: outside of the folder that dies with the session.
  var collected: String { "\(root)/.collected" }

  /// Makes what is missing. A workspace that an earlier process left keeps its files.
  func make(mounts: [Mount]) throws {
    try Self.makeFolder(root, mode: 0o700)
    // Open to others only inside the root, which is not: a sandbox of another user starts from here.
    try Self.makeFolder(path, mode: 0o755)
    for folder in [work, outputs] {
      try Self.makeFolder(folder, mode: 0o700)
      if let owner, lchown(folder, owner.user, owner.group) != 0 {
        throw HandsError.disk(action: "hand over", path: folder, errno: errno)
      }
    }
    try Self.makeFolder(etc, mode: 0o755)
    try Self.makeFolder(`private`, mode: 0o700)
    for (name, text) in Self.etcFiles { try Self.write(text, to: "\(etc)/\(name)") }
    try openUp()
    try copy(mounts)
  }

  /// Some file of ours on the same disk.
  var regularFile: String { "\(etc)/passwd" }

  /// Opens the agent's top folders again if he closed them to himself: nothing could start there any more, and
  /// we could not look into them.
  func openUp() throws {
    for folder in [work, outputs] {
      var status = stat()
      guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o700 != 0o700
      else { continue }
      guard fchmodat(AT_FDCWD, folder, status.st_mode & 0o7777 | 0o700, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw HandsError.disk(action: "open up", path: folder, errno: errno)
      }
    }
  }

  /// Bytes that the agent's files take; nil when some cannot be looked at.
  func allocated() throws -> Int64? {
    try openUp()
    guard let work = try Folder(work).allocated(), let outputs = try Folder(outputs).allocated() else {
      return nil
    }
    return work + outputs
  }

  func remove() throws {
    try Folder.remove(path)
  }

  /// The agent's ids inside a sandbox.
  static let inside = Confinement.Identity(user: 1000, group: 1000)

  /// The machine's own files would name its users and servers.
  static let etcFiles = [
    ("passwd", "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1000:agent:/workspace:/bin/bash\n"),
    ("group", "root:x:0:\nagent:x:1000:\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
  ]

  /// Copies rather than links or binds: the sandbox may run as another user, to whom stored files are closed,
  /// and nothing it does can reach them. File systems that can share blocks do.
  private func copy(_ mounts: [Mount]) throws {
    try Folder.remove(uploads)
    try Self.makeFolder(uploads, mode: 0o755)
    for mount in mounts {
      let parts = try Self.parts(ofMount: mount.path)
      var folder = uploads
      for part in parts.dropLast() {
        folder += "/\(part)"
        try Self.makeFolder(folder, mode: 0o755)
      }
      let target = "\(folder)/\(parts.last ?? "")"
      do {
        let from = try Descriptor.open(mount.source, O_RDONLY)
        let to = try Descriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
        _ = try from.copy(to: to)
      } catch {
        throw HandsError.missingMount(path: mount.path, source: mount.source, detail: "\(error)")
      }
    }
  }

  static func parts(ofMount path: String) throws -> [Substring] {
    let prefix = "/mnt/session/uploads/"
    guard path.hasPrefix(prefix), !path.utf8.contains(0) else { throw HandsError.badMount(path: path) }
    let parts = path.dropFirst(prefix.count).split(separator: "/")
    guard !parts.isEmpty, !parts.contains(".."), !parts.contains(".") else {
      throw HandsError.badMount(path: path)
    }
    return parts
  }

  static func makeFolder(_ path: String, mode: UInt32) throws {
    if mkdir(path, mode) == 0 {
      // Whatever the mask of this process takes away.
      guard chmod(path, mode) == 0 else { throw HandsError.disk(action: "open up", path: path, errno: errno) }
      return
    }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]), mode: 0o700)
      return try makeFolder(path, mode: mode)
    }
    guard errno == EEXIST else { throw HandsError.disk(action: "make", path: path, errno: errno) }
  }

  static func write(_ text: String, to path: String) throws {
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
    let bytes = Array(text.utf8)
    guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else {
      throw HandsError.disk(action: "write", path: path, errno: errno)
    }
  }
}
