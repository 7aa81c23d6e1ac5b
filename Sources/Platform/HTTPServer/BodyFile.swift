import FileSystem
import Glibc

/// A request's body that lies on the disk because it may be too long for memory. The file has no name, so
/// nothing is left of it when the last reader, or the process, is gone.
package final class BodyFile: Sendable {
  private let descriptor: Int32
  /// `O_TMPFILE`, a macro that is not imported.
  private static let withoutName = 0o20000000 | O_DIRECTORY

  /// Nil when the directory cannot take it; `errno` says why.
  init?(in directory: String) {
    let nameless = open(directory, O_RDWR | BodyFile.withoutName | O_CLOEXEC, 0o600)
    if nameless >= 0 {
      descriptor = nameless
      return
    }
    // Not every file system has files without names.
    let path = "\(directory)/body-\(UInt64.random(in: 0 ... .max))"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { return nil }
    unlink(path)
  }

  deinit {
    close(descriptor)
  }

  /// Adds bytes at the end. Called by the server's thread: they go to the page cache, not to the disk.
  /// - Returns: false when there is no room.
  func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(FileFault) {
      try FileBytes.write(raw: bytes, to: descriptor)
      return true
    } catch {
      return false
    }
  }

  /// At most so many bytes from a place on; none at the end.
  /// - Throws: `ReadError`.
  package func read(upTo limit: Int, at offset: Int64) throws -> [UInt8] {
    while true {
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
        count = pread(descriptor, buffer.baseAddress, limit, off_t(offset))
        filled = max(0, count)
      }
      if count >= 0 { return bytes }
      if errno != EINTR { throw ReadError(errno: errno) }
    }
  }

  /// The whole of it.
  /// - Throws: `ReadError`.
  func bytes(count: Int) throws -> [UInt8] {
    var whole: [UInt8] = []
    whole.reserveCapacity(count)
    while whole.count < count {
      let piece = try read(upTo: min(count - whole.count, 1 << 18), at: Int64(whole.count))
      if piece.isEmpty { break }
      whole += piece
    }
    return whole
  }

  package struct ReadError: Error, Equatable, CustomStringConvertible {
    package let errno: Int32
    package var description: String {
      "The body that was kept on the disk cannot be read: \(String(cString: strerror(errno)))."
    }
  }
}
