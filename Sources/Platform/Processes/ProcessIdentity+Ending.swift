import CLinux
import Glibc

extension ProcessIdentity {
  /// Kills exactly this process, whoever has its number a moment later.
  /// - Returns: false when it was gone already or is not ours to kill.
  @discardableResult
  package func kill() -> Bool {
    guard let handle = handle() else { return false }
    return linux_pidfd_kill(handle.number, SIGKILL) == 0
  }

  /// A pidfd of exactly this process; nil when it is gone.
  package func handle() -> Descriptor? {
    let opened = linux_pidfd(pid)
    guard opened >= 0 else { return nil }
    let handle = Descriptor(owning: opened)
    // The pidfd means one process for good; that it is the one we mean is looked at after.
    return isAlive ? handle : nil
  }

  /// Waits until the process is gone, or has only its exit status left. Looks every few milliseconds: it is
  /// not our child, and nobody waits long for a killed process.
  ///
  /// The first process of a sandbox stays as long as another process has not taken notice of the end of what it
  /// had started in there, which one that hangs never does. It is ending then, and nothing in there runs any more:
  /// after a moment that is as good as gone.
  /// - Returns: whether it is gone.
  @discardableResult
  package func gone(within limit: Duration = .seconds(30)) async throws -> Bool {
    let begun = ContinuousClock.now
    while isAlive, !isZombie {
      let waited = ContinuousClock.now - begun
      if waited >= limit { return false }
      if waited >= ProcessIdentity.endingPatience, isEnding { return true }
      try await Task.sleep(for: .milliseconds(5))
    }
    return true
  }

  /// How long one that is ending may take before nobody waits for it any more.
  private static let endingPatience = Duration.seconds(2)

  private var isZombie: Bool { stat.map { $0.first?.elementsEqual("Z".utf8) == true } ?? true }

  /// Whether it runs no code of a program any more (PF_EXITING of the kernel, field 9 of proc(5)).
  private var isEnding: Bool {
    guard let stat else { return true }
    return stat.count > 6 && (UInt64(String(decoding: stat[6], as: UTF8.self)) ?? 0) & 0x4 != 0
  }

  /// The fields of `/proc/<pid>/stat` after the name, which are the third and following.
  private var stat: [ArraySlice<UInt8>]? {
    guard let bytes = ProcFile.read("/proc/\(pid)/stat"), let close = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    return bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
  }
}
