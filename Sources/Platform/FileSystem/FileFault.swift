import Glibc

/// Why the disk did not do what it was asked. Who asked knows the path, and says so.
package enum FileFault: Error, Equatable, Sendable, CustomStringConvertible {
  case system(errno: Int32)
  /// It has more than may be read.
  case tooLong(limit: Int)
  case isFolder
  /// A pipe, a socket or a device.
  case notRegular

  /// What the system just said.
  static var last: FileFault { .system(errno: Glibc.errno) }

  /// The system's number; for what is no plain file, the one that comes nearest.
  package var errno: Int32 {
    switch self {
    case .system(let number): number
    case .tooLong: EFBIG
    case .isFolder: EISDIR
    case .notRegular: EINVAL
    }
  }

  /// The rest of a sentence that begins with the path: "it is a directory".
  package var description: String {
    switch self {
    case .system(let number): String(cString: strerror(number))
    case .tooLong(let limit): "it has more than \(limit) bytes"
    case .isFolder: "it is a directory"
    case .notRegular: "it is no regular file"
    }
  }
}
