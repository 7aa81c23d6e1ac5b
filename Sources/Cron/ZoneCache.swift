import Glibc
import Synchronization

/// The zones that were read, by path, each with the state of its file at that time.
///
/// A bounded table behind a lock; the file is read outside of it. Two callers may read the same file at
/// once, both get the right zone.
final class ZoneCache: Sendable {
  static let shared = ZoneCache()

  private let entries = Mutex<[String: Entry]>([:])

  /// There are about 600 names; a cache that outgrows this (test directories) starts anew.
  private static let capacity = 1024
  /// Real files have at most 4 KiB.
  private static let largestFile = 256 * 1024

  /// A zone and the state of the file it came from.
  private struct Entry {
    let stamp: Stamp
    let zone: Zone
  }

  /// What changes when a file is replaced or rewritten.
  private struct Stamp: Equatable {
    let device: dev_t
    let inode: ino_t
    let size: off_t
    let seconds, nanoseconds: Int

    init(_ status: stat) {
      device = status.st_dev
      inode = status.st_ino
      size = status.st_size
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  func zone(named name: String, in directory: String) throws(ZoneError) -> Zone {
    guard ZoneName.isWellFormed(name) else {
      // Its letters are right, and only their capitals are not.
      if let real = ZoneName.inOtherCapitals(name, in: directory) { throw .unknown(name, nearest: real) }
      if let real = WindowsZones.iana(name) { throw .unknown(name, nearest: real) }
      throw .invalidName(name)
    }
    let path = directory + "/" + name
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      guard code == ENOENT || code == ENOTDIR else { throw unreadable(name, path, code) }
      // UTC is a definition and not data, so it is there without the package too.
      if name == "UTC" { return .utc }
      throw .unknown(name, nearest: ZoneName.nearest(to: name, in: directory))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unknown(name, nearest: ZoneName.nearest(to: name, in: directory))
    }
    let stamp = Stamp(status)
    if let entry = entries.withLock({ $0[path] }), entry.stamp == stamp { return entry.zone }
    let (bytes, readStamp) = try read(name, path)
    let zone = try Zone(name: name, tzif: bytes)
    entries.withLock { entries in
      if entries.count >= ZoneCache.capacity { entries.removeAll() }
      entries[path] = Entry(stamp: readStamp, zone: zone)
    }
    return zone
  }

  /// The bytes of a file and its state when they were read; it may have been replaced since it was looked at.
  private func read(_ name: String, _ path: String) throws(ZoneError) -> ([UInt8], Stamp) {
    // Without O_NONBLOCK a pipe put in the file's place would hold us here.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(name, path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(name, path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= ZoneCache.largestFile else {
      throw .malformed(name, problem: "\(path) is not a file of at most \(ZoneCache.largestFile) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(name, path, errno) }
      guard count > 0 else { throw .malformed(name, problem: "it is cut short") }
      filled += count
    }
    return (bytes, Stamp(status))
  }

  private func unreadable(_ name: String, _ path: String, _ code: Int32) -> ZoneError {
    .unreadable(name, path: path, reason: String(cString: strerror(code)))
  }
}
