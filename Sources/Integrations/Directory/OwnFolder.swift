import Catalog
import FileSystem
import Glibc
import Primitives
import Processes

/// A folder that is ours, written to through its descriptor only. Whoever else may write beside it can prepare
/// links, files and folders under names that we are about to use: none is followed, overwritten, or taken for ours.
struct OwnFolder {
  /// For errors.
  let path: String
  let descriptor: Descriptor
  /// Whose is what we make there. Mostly this process's user, but some network file systems give another.
  private let owner: uid_t

  private init(_ path: String, _ descriptor: Descriptor, owner: uid_t) {
    self.path = path
    self.descriptor = descriptor
    self.owner = owner
  }

  /// The folder that the operator names, made if it is not there. Links in this path are the operator's own.
  static func base(_ path: String) throws(FilesError) -> OwnFolder {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard mkdir(made, 0o755) != 0 else { continue }
      let failure = errno
      guard failure == EEXIST || access(made, F_OK) == 0 else { throw .system(path: made, errno: failure) }
    }
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system(path: path, errno: errno) }
    let descriptor = Descriptor(owning: number)
    let probe = ".errand-\(Hex.encode(Randomness.system.bytes(16)))"
    let file = openat(number, probe, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system(path: path, errno: errno) }
    defer { close(file) }
    unlinkat(number, probe, 0)
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path: path, errno: errno) }
    return OwnFolder(path, descriptor, owner: status.st_uid)
  }

  // MARK: Folders in it

  /// A new folder that nobody else can look into yet.
  /// - Parameter name: when it is taken by something that is not ours, a longer one.
  func newFolder(_ name: String) throws(FilesError) -> (name: String, folder: OwnFolder) {
    var free = name
    for _ in 0..<16 {
      if mkdirat(descriptor.number, free, 0o700) == 0 {
        // Whoever may rename things here could have put another folder into its place.
        if let folder = try self.folder(free), folder.isEmpty { return (free, folder) }
      } else if errno != EEXIST {
        throw .system(path: "\(path)/\(free)", errno: errno)
      } else if free == name, let old = try self.folder(name) {
        // An earlier attempt got this far.
        old.empty()
        if unlinkat(descriptor.number, name, AT_REMOVEDIR) == 0 { continue }
      }
      free = "\(name)-\(Hex.encode(Randomness.system.bytes(8)))"
    }
    throw .system(path: "\(path)/\(name)", errno: EEXIST)
  }

  /// A folder of ours in it: no link, and made by this user. Nil when there is nothing like it.
  func folder(_ name: String) throws(FilesError) -> OwnFolder? {
    guard let opened = try opened(name, O_RDONLY | O_DIRECTORY) else { return nil }
    var status = stat()
    guard fstat(opened.number, &status) == 0, status.st_uid == owner else { return nil }
    return OwnFolder("\(path)/\(name)", opened, owner: owner)
  }

  /// The folder of a path below this one, made part by part.
  private func makeFolder(_ parts: ArraySlice<Substring>) throws(FilesError) -> OwnFolder {
    guard let first = parts.first.map(String.init) else { return self }
    if mkdirat(descriptor.number, first, 0o755) != 0 && errno != EEXIST {
      throw .system(path: "\(path)/\(first)", errno: errno)
    }
    guard let inner = try folder(first) else { throw .system(path: "\(path)/\(first)", errno: ENOTDIR) }
    let made = try inner.makeFolder(parts.dropFirst())
    try inner.sync()
    return made
  }

  /// Gives a folder in it its final name, if that is free, and lets others read it.
  /// - Returns: false when something else has the name.
  func place(_ folder: OwnFolder, named name: String, as final: String) throws(FilesError) -> Bool {
    guard fchmod(folder.descriptor.number, 0o755) == 0 else { throw .system(path: folder.path, errno: errno) }
    try folder.sync()
    let failure = descriptor.renameNew(name, to: final)
    if failure == EEXIST || failure == ENOTEMPTY || failure == ENOTDIR { return false }
    guard failure == 0 else { throw .system(path: "\(path)/\(final)", errno: failure) }
    // Whoever may rename things here could have put something else in its place meanwhile.
    var (ours, placed) = (stat(), stat())
    guard fstat(folder.descriptor.number, &ours) == 0,
      fstatat(descriptor.number, final, &placed, AT_SYMLINK_NOFOLLOW) == 0,
      ours.st_dev == placed.st_dev, ours.st_ino == placed.st_ino
    else { throw .taken(path: "\(path)/\(final)") }
    try sync()
    return true
  }

  // MARK: Files in it

  /// A new file at a relative path.
  func write(_ relative: String, _ body: (Descriptor) throws(FilesError) -> Void) throws(FilesError) {
    let parts = relative.split(separator: "/", omittingEmptySubsequences: false)
    let folder = try makeFolder(parts.dropLast())
    let (name, whole) = (String(parts.last ?? ""), "\(path)/\(relative)")
    let number = openat(
      folder.descriptor.number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw .system(path: whole, errno: errno) }
    let file = Descriptor(owning: number)
    try body(file)
    guard fsync(file.number) == 0 else { throw .system(path: whole, errno: errno) }
    try folder.sync()
  }

  /// What a file in it has; nil when there is none, or no plain one of so few bytes.
  func content(_ name: String, limit: Int) throws(FilesError) -> [UInt8]? {
    guard let file = try opened(name, O_RDONLY) else { return nil }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      return nil
    }
    do throws(FileFault) {
      return try FileBytes.beginning(file.number, upTo: limit + 1)
    } catch {
      throw .system(path: "\(path)/\(name)", errno: error.errno)
    }
  }

  /// Nil when there is nothing, or a link, or another kind of thing.
  private func opened(_ name: String, _ flags: Int32) throws(FilesError) -> Descriptor? {
    let number = openat(descriptor.number, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if number >= 0 { return Descriptor(owning: number) }
    switch errno {
    case ENOENT, ELOOP, ENOTDIR, EACCES: return nil
    default: throw .system(path: "\(path)/\(name)", errno: errno)
    }
  }

  /// Makes the names in it durable: a receipt says that they are there.
  func sync() throws(FilesError) {
    guard fsync(descriptor.number) == 0 else { throw .system(path: path, errno: errno) }
  }

  // MARK: Removing

  private var isEmpty: Bool { names.isEmpty }

  /// Removes what is in it, as far as it can be removed. Links are removed themselves.
  func empty() {
    for name in names where unlinkat(descriptor.number, name, 0) != 0 {
      guard let inner = try? folder(name) else { continue }
      inner.empty()
      unlinkat(descriptor.number, name, AT_REMOVEDIR)
    }
  }

  /// Removes a folder in it with everything in that.
  func remove(_ name: String, _ folder: OwnFolder) {
    folder.empty()
    unlinkat(descriptor.number, name, AT_REMOVEDIR)
  }

  private var names: [String] {
    var names: [String] = []
    // What cannot be read stays as it is.
    try? FolderList.read(descriptor: descriptor.number) { names.append($0.name) }
    return names
  }
}
