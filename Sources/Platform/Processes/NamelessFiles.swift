import Glibc

/// Files that lost their names while processes have them open. They take space until they are closed, and no
/// folder shows them.
package enum NamelessFiles {
  private struct Identity: Hashable {
    let device: UInt
    let number: UInt
  }

  /// Bytes on the disk, each file once.
  /// - Parameter example: a regular file on the file system that is meant.
  package static func allocated(heldBy processes: [ProcessIdentity], besides example: String) -> Int64 {
    var status = stat()
    guard stat(example, &status) == 0 else { return 0 }
    let device = status.st_dev
    var seen: Set<Identity> = []
    var sum: Int64 = 0
    for process in processes {
      for number in ProcFile.numbers("/proc/\(process.pid)/fd") {
        // Closed meanwhile, or the process is gone: nothing is held.
        guard stat("/proc/\(process.pid)/fd/\(number)", &status) == 0, status.st_nlink == 0,
          status.st_mode & S_IFMT == S_IFREG, status.st_dev == device,
          seen.insert(Identity(device: UInt(status.st_dev), number: UInt(status.st_ino))).inserted
        else { continue }
        sum += Int64(status.st_blocks) * 512
      }
    }
    return sum
  }
}

extension ProcessIdentity {
  /// All processes in the same namespace of processes as another one.
  /// - Parameter sandbox: a pidfd, as in `Confinement`.
  package static func all(inside sandbox: Descriptor) -> [ProcessIdentity] {
    // Its number as we count, or -1 once it is gone (pidfd_open(2)).
    guard let info = ProcFile.read("/proc/self/fdinfo/\(sandbox.number)"),
      let line = info.split(separator: UInt8(ascii: "\n")).first(where: { $0.starts(with: "Pid:".utf8) }),
      let first = Int32(String(decoding: line.dropFirst(5), as: UTF8.self)), first > 0
    else { return [] }
    var status = stat()
    guard stat("/proc/\(first)/ns/pid", &status) == 0 else { return [] }
    let wanted = (status.st_dev, status.st_ino)
    return ProcFile.numbers("/proc").filter {
      stat("/proc/\($0)/ns/pid", &status) == 0 && (status.st_dev, status.st_ino) == wanted
    }.compactMap { ProcessIdentity(of: $0) }
  }
}
