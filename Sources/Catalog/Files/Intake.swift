import Crypto
import Glibc
import Primitives

/// Takes in one content piece by piece, such as an upload: hashed while it is written, never whole in memory.
/// Belongs to one task. Without `finish` nothing is kept.
package final class Intake {
  private let files: Files
  private let path: String
  private var descriptor: Int32
  private var hash = SHA256()
  private var size: Int64 = 0

  init(files: Files, path: String, descriptor: Int32) {
    self.files = files
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(path)
  }

  package func take(_ bytes: ArraySlice<UInt8>) throws(FilesError) {
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    size += Int64(bytes.count)
    try FilesError.write(bytes, to: descriptor, path)
  }

  /// Makes it durable under its hash.
  package func finish() throws(FilesError) -> Content {
    let open = descriptor
    descriptor = -1
    return try files.settle(open, path, as: Content(sha256: Hex.encode(hash.finalize()), size: size))
  }
}
