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

    /// Nil when it is no UTF-8, and so cannot be told to anybody.
    var name: String? { String(validating: raw.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
  }

  /// Deeper nesting is not followed: each level costs an open file.
  static let deepest = 100

  let descriptor: Descriptor

  init(_ path: String) throws {
    descriptor = try .open(noFollow: Array(path.utf8CString), in: nil, O_RDONLY | O_DIRECTORY)
  }

  private init(_ descriptor: Descriptor) {
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

  /// In no order. Entries that vanish meanwhile are left out.
  func entries() -> [Entry] {
    // A second descriptor with a position of its own, which the stream closes in the end.
    let copy = openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let stream = fdopendir(copy) else {
      close(copy)
      return []
    }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let found = readdir(stream) {
      let name = withUnsafePointer(to: &found.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
        }
      }
      if name == [0x2E, 0] || name == [0x2E, 0x2E, 0] { continue }
      var status = stat()
      guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      let kind: Kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
      entries.append(
        Entry(raw: name, kind: kind, size: Int64(status.st_size), allocated: Int64(status.st_blocks) * 512))
    }
    return entries
  }

  /// What an entry counts at least: empty files fill a disk too, by their number.
  static let entryCost: Int64 = 512

  /// Bytes that everything below takes on the disk; nil when some folder cannot be looked into, or lies too
  /// deep, because anything might be hidden there.
  func allocated(depth: Int = 0) -> Int64? {
    guard depth < Self.deepest else { return nil }
    var sum: Int64 = 0
    for entry in entries() {
      sum += max(entry.allocated, Self.entryCost)
      guard entry.kind == .folder else { continue }
      guard let inner = folder(entry.raw) else { return nil }
      guard let size = inner.allocated(depth: depth + 1) else { return nil }
      sum += size
    }
    return sum
  }
}
