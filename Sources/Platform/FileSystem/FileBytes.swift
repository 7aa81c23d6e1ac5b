import Glibc

/// Reads and writes bytes whole, however many calls the system takes for them.
package enum FileBytes {
  /// Whatever comes at once, at most so many bytes: none at the end.
  package static func piece(_ descriptor: Int32, upTo limit: Int) throws(FileFault) -> [UInt8] {
    while true {
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
        count = Glibc.read(descriptor, buffer.baseAddress, limit)
        filled = max(0, count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .last }
      return bytes
    }
  }

  /// Reads from where a file stands to its end, or as much as is wanted.
  package static func beginning(_ descriptor: Int32, upTo limit: Int) throws(FileFault) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let piece = try piece(descriptor, upTo: min(limit - bytes.count, pieceSize))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  /// Reads from where a file stands to its end.
  /// - Throws: `FileFault.tooLong` as soon as there are more bytes than may be.
  package static func all(_ descriptor: Int32, limit: Int = .max) throws(FileFault) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let piece = try piece(descriptor, upTo: pieceSize)
      if piece.isEmpty { return bytes }
      bytes += piece
      guard bytes.count <= limit else { throw .tooLong(limit: limit) }
    }
  }

  /// What a file has, whatever kind of file it is. Waits for whoever writes to a pipe.
  package static func of(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    return try all(descriptor, limit: limit)
  }

  /// What a plain file has; nothing else is read, so nobody holds the reader up.
  package static func ofPlain(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
    // Not blocking, or a named pipe would hold the reader until somebody writes.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return try all(descriptor, limit: limit)
    case S_IFDIR: throw .isFolder
    default: throw .notRegular
    }
  }

  /// Writes all of it.
  package static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) throws(FileFault) {
    var fault: FileFault?
    let isWhole: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      fault = rest(UnsafeRawBufferPointer(buffer), to: descriptor)
    }
    if isWhole == nil {
      fault = Array(bytes).withUnsafeBytes { rest($0, to: descriptor) }
    }
    if let fault { throw fault }
  }

  /// Writes all of it.
  package static func write(raw bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(FileFault) {
    if let fault = rest(bytes, to: descriptor) { throw fault }
  }

  /// Makes what was written durable.
  package static func sync(_ descriptor: Int32) throws(FileFault) {
    guard fsync(descriptor) == 0 else { throw .last }
  }

  private static func rest(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> FileFault? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? .last : .system(errno: EIO) }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  private static let pieceSize = 64 << 10
}
