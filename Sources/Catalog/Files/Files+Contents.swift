import Crypto
import FileSystem
import Glibc
import Primitives

// Contents: bytes on the disk under their hash.
extension Files {
  /// Stores bytes.
  package func keep(_ bytes: [UInt8]) throws(FilesError) -> Content {
    let content = Content(sha256: Hex.encode(SHA256.hash(data: bytes)), size: Int64(bytes.count))
    if try renew(content) { return content }
    let partial = partialPath()
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(descriptor >= 0, partial)
    do {
      try FilesError.write(bytes[...], to: descriptor, partial)
    } catch {
      Glibc.close(descriptor)
      unlink(partial)
      throw error
    }
    return try settle(descriptor, partial, as: content)
  }

  /// Takes over a private copy on the host: reads it into the store and removes it. Holes stay holes.
  package func keep(copy: String) async throws -> Content {
    try await Self.threads.run {
      let content = try self.read(copy)
      unlink(copy)
      return content
    }
  }

  /// The bytes of a content.
  /// - Throws: `FilesError.tooLarge` over the limit, `.damaged`.
  package func bytes(of content: Content, limit: Int64 = 64 << 20) throws(FilesError) -> [UInt8] {
    guard content.size <= limit else { throw .tooLarge(size: content.size, limit: limit) }
    let path = path(ofContent: content.sha256)
    let descriptor = try openContent(content.sha256, path)
    defer { Glibc.close(descriptor) }
    let bytes = try FilesError.readAll(descriptor, path)
    try judge(Hex.encode(SHA256.hash(data: bytes)), against: content.sha256, path)
    return bytes
  }

  private func read(_ copy: String) throws(FilesError) -> Content {
    let source = open(copy, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    try FilesError.check(source >= 0, copy)
    defer { Glibc.close(source) }
    let partial = partialPath()
    let target = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(target >= 0, partial)
    var hash = SHA256()
    var size: Int64 = 0
    do {
      let zeros = [UInt8](repeating: 0, count: 1 << 20)
      while true {
        let piece = try FilesError.read(source, upTo: 1 << 20, copy)
        if piece.isEmpty { break }
        hash.update(data: piece)
        size += Int64(piece.count)
        // What is empty takes no space here either: a hole, to whose end the file is stretched.
        if piece.count == zeros.count, piece == zeros {
          try FilesError.check(
            ftruncate(target, off_t(size)) == 0 && lseek(target, off_t(size), SEEK_SET) >= 0, partial)
        } else {
          try FilesError.write(piece[...], to: target, partial)
        }
      }
    } catch {
      Glibc.close(target)
      unlink(partial)
      throw error
    }
    return try settle(target, partial, as: Content(sha256: Hex.encode(hash.finalize()), size: size))
  }

  /// Whether the content is here already, whole and as it was stored. If so it counts as written now, so that it is not collected
  /// before a row names it again.
  private func renew(_ content: Content) throws(FilesError) -> Bool {
    let path = path(ofContent: content.sha256)
    var status = stat()
    let written = writtenNow()
    guard stat(path, &status) == 0, status.st_size == content.size, isRight(content.sha256),
      utimensat(AT_FDCWD, path, written, 0) == 0
    else { return false }
    noteWritten(content)
    // Whoever put it there may not have come as far as this.
    try syncFolders(of: content)
    return true
  }

  /// What cannot be read, or is something else by now, is written anew.
  private func isRight(_ sha256: String) -> Bool {
    do {
      _ = try verified(sha256)
      return true
    } catch {
      return false
    }
  }

  /// Makes written bytes durable under their name: fsync, rename, fsync of the directory.
  func settle(
    _ descriptor: Int32, _ partial: String, as content: Content
  ) throws(FilesError) -> Content {
    let path = path(ofContent: content.sha256)
    let folder = "\(directory)/\(content.sha256.prefix(2))"
    let synced = futimens(descriptor, writtenNow()) == 0 && fsync(descriptor) == 0
    let failure = errno
    Glibc.close(descriptor)
    do throws(FilesError) {
      guard synced else { throw FilesError.system(path: partial, errno: failure) }
      try FilesError.check(mkdir(folder, 0o700) == 0 || errno == EEXIST, folder)
      try FilesError.check(rename(partial, path) == 0, path)
    } catch {
      unlink(partial)
      throw error
    }
    try syncFolders(of: content)
    noteWritten(content)
    return content
  }

  /// Makes the name of a content durable.
  private func syncFolders(of content: Content) throws(FilesError) {
    for directory in ["\(directory)/\(content.sha256.prefix(2))", directory] {
      do throws(FileFault) {
        try FileReplacement.sync(folder: directory)
      } catch {
        throw .system(path: directory, errno: error.errno)
      }
    }
  }

  /// The times of access and writing, by the clock that collecting goes by.
  private func writtenNow() -> [timespec] {
    let now = time.now()
    let spec = timespec(
      tv_sec: Int(now.seconds), tv_nsec: Int(now.microseconds - now.seconds * 1_000_000) * 1000)
    return [spec, spec]
  }

  private func partialPath() -> String {
    "\(directory)/partial-\(Hex.encode(randomness.bytes(12)))"
  }

  /// A content that arrives in pieces.
  package func intake() throws(FilesError) -> Intake {
    let partial = partialPath()
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
    try FilesError.check(descriptor >= 0, partial)
    return Intake(files: self, path: partial, descriptor: descriptor)
  }
}
