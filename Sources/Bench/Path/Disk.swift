import Glibc

/// What one durable write costs on the disk that a folder lies on.
enum Disk {
  /// Microseconds of appending 4 KiB and making them durable, sorted.
  static func syncs(in folder: String, count: Int = 200) throws -> [Int64] {
    let path = "\(folder)/disk-probe"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchError.system(what: "Opening \(path)", errno: errno) }
    defer {
      close(descriptor)
      unlink(path)
    }
    let block = [UInt8](repeating: 7, count: 4096)
    return try (0..<count).map { _ in
      let start = Volley.microseconds()
      guard write(descriptor, block, block.count) == block.count, fdatasync(descriptor) == 0 else {
        throw BenchError.system(what: "Writing \(path)", errno: errno)
      }
      return Volley.microseconds() - start
    }.sorted()
  }
}
