import Processes

/// What one session's sandbox may use of the machine.
package struct SandboxLimits: Sendable, Equatable {
  /// Processes and threads at one time.
  package var processes: UInt64 = 256
  /// Bytes. Of all processes together, `/tmp` included, where control groups can be used; else of each
  /// process (its private, writable memory).
  package var memory: UInt64 = 2 << 30
  /// Bytes of one file.
  package var fileSize: UInt64 = 1 << 30
  /// Bytes of the workspace and the outputs together, with deleted files that are still open. Watched for as
  /// long as the sandbox lives: a command that goes beyond it is ended, and so is whatever else does.
  package var workspace: Int64 = 4 << 30
  /// Bytes that the disk keeps free: below that, what goes on filling it is ended.
  package var leastFree: Int64 = 1 << 30
  /// Bytes of `/tmp`, which lies in memory.
  package var temporary: UInt64 = 512 << 20
  package var openFiles: UInt64 = 1024
  /// Files that are taken from `/mnt/session/outputs` at one time, bytes of each, and of all together. Holes
  /// count: whoever downloads the file gets them too.
  package var outputFiles = 500
  package var outputFileSize: Int64 = 500_000_000
  package var outputsSize: Int64 = 2_000_000_000
  /// Bytes of the commits that are taken from one repository; they pass through memory.
  package var bundle = 64 << 20

  package init() {}

  /// Those that the kernel holds every process to.
  func ofEachProcess(inUserNamespace: Bool, memoryIsGrouped: Bool) -> [ResourceLimit] {
    var limits: [ResourceLimit] = [.init(.fileSize, fileSize), .init(.openFiles, openFiles), .init(.core, 0)]
    if !memoryIsGrouped { limits.append(.init(.data, memory)) }
    // Outside a user namespace it would count everything else the same user runs.
    if inUserNamespace { limits.append(.init(.processes, processes)) }
    return limits
  }
}
