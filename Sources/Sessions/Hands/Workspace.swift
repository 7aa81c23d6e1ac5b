import Crypto
import FileSystem
import Glibc
import Primitives
import Processes
import Sessions

/// The folders of one session on this machine, below the root of all workspaces:
///
///     <root>/<session>/root        seen as /, without what is mounted there
///                      workspace   seen as /workspace
///                      outputs     seen as /mnt/session/outputs
///                      uploads     seen as /mnt/session/uploads, read-only
///                      packages    seen as /opt/packages, read-only, when the environment has any
///                      etc         a few files of /etc, made here
///                      private     never seen: the record of processes, spooled output
struct Workspace: Sendable {
  let root: String
  let session: String
  /// Who owns what the agent may write, when that is somebody else. Known once the workspace is furnished.
  var owner: Confinement.Identity?
  /// Folders of the machine that the sandbox sees read-only at the same place.
  var readOnly: [String] = []

  init(root: String, session: String, owner: Confinement.Identity? = nil) throws {
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
  var top: SandboxRoot { SandboxRoot(path: "\(path)/root", readOnly: readOnly) }
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
    for folder in writable {
      try Self.makeFolder(folder, mode: 0o700)
      if let owner, lchown(folder, owner.user, owner.group) != 0 {
        throw HandsError.disk(action: "hand over", path: folder, errno: errno)
      }
    }
    try Self.makeFolder(etc, mode: 0o755)
    try Self.makeFolder(`private`, mode: 0o700)
    for (name, text) in Self.etcFiles { try Self.write(text, to: "\(etc)/\(name)") }
    try openUp()
    try top.make(owner: owner)
    try copy(mounts)
  }

  /// The agent's own folders.
  private var writable: [String] { [top.path, work, outputs] }

  /// Who owns what the agent wrote; nil when there is nothing yet.
  var ownerOnDisk: UInt32? {
    var status = stat()
    return lstat(work, &status) == 0 ? status.st_uid : nil
  }

  /// Gives the agent's files to another user: those of a workspace that an earlier version made, or whose ids are not
  /// ours to use any more.
  func handOver(to owner: Confinement.Identity) async throws {
    let there = writable.filter { access($0, F_OK) == 0 }
    guard let current = ownerOnDisk, current != owner.user, !there.isEmpty else { return }
    // Nobody runs there, and no link is followed.
    let output = try await Command(
      ["/bin/chown", "-R", "-h", "-P", "--", "\(owner.user):\(owner.group)"] + there, limit: .seconds(600)
    ).run()
    guard output.exit == .code(0) else {
      throw HandsError.failed(
        detail: "the workspace cannot be handed over to its user: \(output.errorText.prefix(200))")
    }
  }

  /// Some file of ours on the same disk.
  var regularFile: String { "\(etc)/passwd" }

  /// Opens the agent's top folders again if he closed them to himself: nothing could start there any more, and
  /// we could not look into them.
  func openUp() throws {
    for folder in writable {
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
    guard let top = access(top.path, F_OK) == 0 ? try top.allocated() : 0 else { return nil }
    return work + outputs + top
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
        let to = try Descriptor.open(target, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
        _ = try from.copy(to: to)
        if let sha256 = mount.sha256, try Self.hash(of: to) != sha256 {
          throw HandsError.failed(detail: "it is not what was stored")
        }
      } catch {
        throw HandsError.missingMount(path: mount.path, source: mount.source, detail: "\(error)")
      }
    }
  }

  /// The SHA-256 of a file, from its beginning.
  private static func hash(of file: Descriptor) throws -> String {
    var hash = SHA256()
    var offset: off_t = 0
    var failure: Int32 = 0
    var isOver = false
    while !isOver {
      let piece = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, filled in
        let count = pread(file.number, buffer.baseAddress, buffer.count, offset)
        failure = count < 0 ? errno : 0
        filled = max(0, count)
      }
      if failure == EINTR { continue }
      guard failure == 0 else { throw ProcessError.system(action: "read a file", errno: failure) }
      isOver = piece.isEmpty
      hash.update(data: piece)
      offset += off_t(piece.count)
    }
    return Hex.encode(hash.finalize())
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
    do throws(FileFault) {
      try FileBytes.write(text.utf8, to: file.number)
    } catch {
      throw HandsError.disk(action: "write", path: path, errno: error.errno)
    }
  }
}
