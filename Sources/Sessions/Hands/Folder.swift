import FileSystem
import Glibc
import Processes

/// An open folder, whose entries are reached by name without ever following a symbolic link. What agents
/// can write is walked only this way.
struct Folder {
  enum Kind: Sendable { case file, folder, other }
  struct Entry: Sendable {
    /// As the disk has it, with its final zero.
    let raw: [CChar]
    let kind: Kind
    let size: Int64
    /// Bytes taken on the disk.
    let allocated: Int64
    let mode: UInt32

    /// Nil when it is no UTF-8, and so cannot be told to anybody.
    var name: String? { String(validating: raw.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
  }

  /// Deeper nesting is not followed where files are taken or removed: each level costs an open file.
  static let deepest = 100

  let descriptor: Descriptor

  init(_ path: String) throws {
    descriptor = try .open(noFollow: Array(path.utf8CString), in: nil, O_RDONLY | O_DIRECTORY)
  }

  init(_ descriptor: Descriptor) {
    self.descriptor = descriptor
  }

  /// Nil when it is none, or may not be looked into.
  func folder(_ name: [CChar]) -> Folder? {
    // Why does not matter: what cannot be opened is not gone through.
    (try? Descriptor.open(noFollow: name, in: descriptor, O_RDONLY | O_DIRECTORY)).map(Folder.init)
  }

  /// Nil when it is no regular file, or may not be read.
  func file(_ name: [CChar]) -> Descriptor? {
    // As above.
    guard let file = try? Descriptor.open(noFollow: name, in: descriptor, O_RDONLY) else { return nil }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return file
  }

  /// In no order. Entries that vanish meanwhile are left out, and those that cannot be looked at.
  func entries() -> [Entry] {
    var entries: [Entry] = []
    _ = read { entries.append($0) }
    return entries
  }

  /// Goes through the entries, in no order, without those that vanish meanwhile.
  /// - Returns: false when some could not be looked at.
  func read(_ body: (Entry) -> Void) -> Bool {
    var isWhole = true
    do throws(FileFault) {
      try FolderList.read(descriptor: descriptor.number) { found in
        var status = stat()
        guard fstatat(descriptor.number, found.raw, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
          if errno != ENOENT { isWhole = false }
          return
        }
        let kind: Kind =
          switch status.st_mode & S_IFMT {
          case S_IFREG: .file
          case S_IFDIR: .folder
          default: .other
          }
        body(
          Entry(
            raw: found.raw, kind: kind, size: Int64(status.st_size),
            allocated: Int64(status.st_blocks) * 512, mode: status.st_mode))
      }
    } catch {
      return false
    }
    return isWhole
  }
}
