import FileSystem
import Glibc

/// A process that is told from a later one with the same number by its start time.
package struct ProcessIdentity: Sendable, Hashable {
  package var pid: Int32
  /// Clock ticks after the boot, field 22 of `/proc/<pid>/stat` (proc(5)).
  package var started: UInt64

  package init(pid: Int32, started: UInt64) {
    self.pid = pid
    self.started = started
  }

  /// Nil when there is no such process.
  package init?(of pid: Int32) {
    guard let stat = ProcFile.read("/proc/\(pid)/stat") else { return nil }
    // The second field is the program's name in parentheses, and may itself contain any character.
    guard let close = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = stat[(close + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let started = UInt64(String(decoding: fields[19], as: UTF8.self)) else {
      return nil
    }
    self.init(pid: pid, started: started)
  }

  package var isAlive: Bool { ProcessIdentity(of: pid) == self }

  /// All processes whose environment, as it was when they started, has exactly this entry (`NAME=value`).
  /// Those of other users are not seen, unless we are root.
  package static func all(withEnvironment entry: String) -> [ProcessIdentity] {
    let wanted = Array(entry.utf8)
    return ProcFile.processes().compactMap { pid in
      // Identified before and after the reading: the same number might have passed to another process.
      guard let before = ProcessIdentity(of: pid), let environment = ProcFile.read("/proc/\(pid)/environ"),
        environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) }), before.isAlive
      else { return nil }
      return before
    }
  }
}

/// Reading of `/proc`, where a process may vanish at any moment.
package enum ProcFile {
  package static func read(_ path: String) -> [UInt8]? {
    // A process that has just ended is no error, it is an answer.
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
    // An environment can be no larger than what the kernel takes at a start, 2 MiB as a rule.
    return try? FileBytes.beginning(file.number, upTo: 4 << 20)
  }

  static func processes() -> [Int32] { numbers("/proc") }

  /// The entries of a folder that are numbers: processes, or the open files of one.
  package static func numbers(_ path: String) -> [Int32] {
    ((try? FolderList.names(in: path)) ?? []).compactMap { Int32($0) }
  }
}
