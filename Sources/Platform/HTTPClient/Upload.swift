import Glibc

/// The body of a request, read piece by piece, and again from the start when a kept connection turns out
/// to be dead.
final class Upload {
  private enum Source {
    case memory([UInt8])
    case file(descriptor: Int32)
  }

  /// In bytes. A file is sent at the length it had at first.
  let size: Int
  private let source: Source
  private var position = 0

  init(_ bytes: [UInt8]) {
    source = .memory(bytes)
    size = bytes.count
  }

  /// Opens a regular file.
  init(path: String) throws(HTTPClientError) {
    // Non-blocking so that a pipe without a writer is refused below instead of waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .invalidRequest("the file \(path) cannot be read: \(String(cString: strerror(errno))).")
    }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .invalidRequest("\(path) is not a file that can be sent.")
    }
    source = .file(descriptor: descriptor)
    size = Int(facts.st_size)
  }

  deinit {
    if case .file(let descriptor) = source { close(descriptor) }
  }

  /// Fills the buffer and moves on; 0 at the end. Nil when a file fails or has become shorter.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let wanted = min(buffer.count, size - position)
    guard wanted > 0 else { return 0 }
    let count: Int
    switch source {
    case .memory(let bytes):
      bytes.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + wanted]))
      }
      count = wanted
    case .file(let descriptor):
      count = pread(descriptor, buffer.baseAddress, wanted, position)
    }
    guard count > 0 else { return nil }
    position += count
    return count
  }

  /// False outside the body.
  func seek(to offset: Int) -> Bool {
    guard (0...size).contains(offset) else { return false }
    position = offset
    return true
  }
}
