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
  /// - Returns: false when the time ran out first.
  @discardableResult
  package func gone(atMost limit: Duration = .seconds(60)) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while isAlive, !isZombie {
      if ContinuousClock.now >= end { return false }
      try await Task.sleep(for: .milliseconds(5))
    }
    return true
  }

  private var isZombie: Bool {
    guard let stat = ProcFile.read("/proc/\(pid)/stat"), let close = stat.lastIndex(of: UInt8(ascii: ")"))
    else {
      return true
    }
    return stat.dropFirst(close + 2).first == UInt8(ascii: "Z")
  }
}
