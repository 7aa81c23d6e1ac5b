import CLinux
import Glibc

/// An open file of ours, closed when the last reference goes.
package final class Descriptor: Sendable {
  package let number: Int32

  package init(owning number: Int32) {
    self.number = number
  }

  /// Opens a file, close-on-exec.
  package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws -> Descriptor {
    let number = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw ProcessError.system(action: "open \(path)", errno: errno) }
    return Descriptor(owning: number)
  }

  deinit { close(number) }
}

/// A pipe, both ends close-on-exec.
package struct Pipe: Sendable {
  package enum End: Int32, Sendable { case reading = 1, writing }

  package let reading: Descriptor
  package let writing: Descriptor

  /// - Parameter ours: the end that this process keeps; it does not block.
  /// - Parameter capacity: in bytes, as far as the system grants it.
  package init(ours: End, capacity: Int = 65_536) throws {
    var ends: [Int32] = [-1, -1]
    let result = linux_pipe(&ends, ours.rawValue, Int32(capacity))
    guard result == 0 else { throw ProcessError.system(action: "make a pipe", errno: -result) }
    reading = Descriptor(owning: ends[0])
    writing = Descriptor(owning: ends[1])
  }
}
